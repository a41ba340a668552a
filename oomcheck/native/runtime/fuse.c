/*
 * Step fusion: states with just one step to take are passed through and not
 * stored (Kurshan, Levin, Minea, Peled, Yenigün, Static partial order
 * reduction, TACAS 1998, keeps only states like the others too).
 *
 * Which states are stored depends on them alone: the initial one, and those
 * that are not `single`. So the result is the same for any number of threads.
 */
#include <stdlib.h>

#include "store.h"

/* A bound for what must end anyway: a cycle of such states would be an error of the model. */
#define MOST_PASSED 65536u

bool fuse_open_worker(struct worker *worker)
{
	const struct search *search = worker->search;
	uint64_t most = search->model->most_moves;

	if (!search->options.fuse)
		return true;
	worker->ahead.states = malloc(most * WIDTH(search) * sizeof(uint64_t));
	worker->ahead.steps = malloc(most * sizeof(uint32_t));
	worker->ahead.items = calloc(search->item_words, sizeof(uint64_t));
	return worker->ahead.states && worker->ahead.steps && worker->ahead.items;
}

void fuse_close_worker(struct worker *worker)
{
	free(worker->ahead.states);
	free(worker->ahead.steps);
	free(worker->ahead.items);
}

/* Bring the place of a state in the table near. */
static void expect(const struct search *search, const uint64_t *state)
{
#ifdef FOLDED
	(void)search, (void)state;
#else
	visited_prefetch(&search->visited, state_hash(state));
#endif
}

/* Whether a state is known to be one that is stored; then nobody needs to look at its steps. */
static bool is_stored(const struct search *search, const uint64_t *state)
{
#ifdef FOLDED
	(void)search, (void)state; /* that would read parts that others add meanwhile */
	return false;
#else
	uint64_t number = visited_find(&search->visited, state, state_hash(state));

	/* The initial state is there even if it is one to be passed. */
	return number != NOWHERE && number != search->levels[0].at[0].first;
#endif
}

/* Go on from a state as long as there is one way. */
static uint64_t pass(struct worker *worker, uint64_t *state, uint64_t *items, uint8_t *fired)
{
	const struct search *search = worker->search;
	struct moves *ahead = &worker->ahead;
	uint64_t passed = 0;

	while (passed < MOST_PASSED && !is_stored(search, state)) {
		memset(ahead->items, 0, search->item_words * sizeof(uint64_t));
		search_moves(search, state, ahead);
		if (!ahead->single)
			break; /* what it shows is noted when it is expanded, on the level that it gets */
		for (uint32_t w = 0; w < search->item_words; w++)
			items[w] |= ahead->items[w];
		if (fired)
			fired[ahead->steps[0]] = 1;
		memcpy(state, ahead->states, WIDTH(search) * sizeof(uint64_t));
		passed++;
	}
	return passed;
}

uint64_t fuse_moves(struct worker *worker, const struct moves *moves, uint8_t *fired)
{
	const struct search *search = worker->search;
	uint64_t passed = 0;

	for (uint32_t k = 0; k < moves->count; k++)
		expect(search, moves->states + (uint64_t)k * WIDTH(search));
	worker->ahead.want = moves->want | WANT_SINGLE;
	for (uint32_t k = 0; k < moves->count; k++)
		passed += pass(worker, moves->states + (uint64_t)k * WIDTH(search), moves->items, fired);
	return passed;
}
