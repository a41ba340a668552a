/*
 * Step fusion: states with just one step to take are passed through and not
 * stored (as in Behrmann, Larsen, Pelánek, To store or not to store, CAV 2003:
 * every cycle has a state that is).
 *
 * Which states are stored depends on them alone: the initial one, and those
 * that are not `single`. So the result is the same for any number of threads.
 */
#include <stdlib.h>

#include "store.h"

/* A bound for what must end anyway: a cycle of such states would be an error of the model. */
#define MOST_PASSED 65536u

/*
 * Many ways lead into the same states to be passed, mostly on the same level. A shortcut remembers where such a state
 * leads to: so many states passed, it, and the state at the end. Newer ones replace older ones.
 */
#define SHORTCUTS_LOG2 12
#define SHORTCUT_WORDS(search) (1 + 2 * (uint64_t)WIDTH(search))

bool fuse_open_worker(struct worker *worker)
{
	const struct search *search = worker->search;
	uint64_t most = search->model->most_moves;

	if (!search->options.fuse)
		return true;
	worker->ahead.states = malloc(most * WIDTH(search) * sizeof(uint64_t));
	worker->ahead.steps = malloc(most * sizeof(uint32_t));
	worker->ahead.items = calloc(search->item_words, sizeof(uint64_t));
	worker->shortcuts = calloc(SHORTCUT_WORDS(search) << SHORTCUTS_LOG2, sizeof(uint64_t));
	return worker->ahead.states && worker->ahead.steps && worker->ahead.items && worker->shortcuts;
}

void fuse_close_worker(struct worker *worker)
{
	free(worker->ahead.states);
	free(worker->ahead.steps);
	free(worker->ahead.items);
	free(worker->shortcuts);
}

static uint64_t hash_of(const struct search *search, const uint64_t *state)
{
	uint64_t hash = 0x9e3779b97f4a7c15;

	(void)search; /* the width is a constant, or of the search */
	for (uint32_t k = 0; k < WIDTH(search); k++)
		hash = fold(hash ^ state[k], 0xd6e8feb86659fd93);
	return hash;
}

static uint64_t *shortcut_of(const struct worker *worker, const uint64_t *state)
{
	uint64_t place = hash_of(worker->search, state) >> (64 - SHORTCUTS_LOG2);

	return worker->shortcuts + place * SHORTCUT_WORDS(worker->search);
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
static bool is_stored(struct worker *worker, const uint64_t *state)
{
	uint64_t number = store_find(worker, state);

	/* The initial state is there even if it is one to be passed. */
	return number != NOWHERE && number != worker->search->levels[0].at[0].first;
}

/* Make the step from a state to be passed, and note what the state shows; false if it is not such a state. */
static bool step(struct worker *worker, uint64_t *state, uint64_t *items, uint8_t *fired)
{
	const struct search *search = worker->search;
	struct moves *ahead = &worker->ahead;

	memset(ahead->items, 0, search->item_words * sizeof(uint64_t));
	search_moves(search, state, ahead);
	if (!ahead->single)
		return false; /* what it shows is noted when it is expanded, on the level that it gets */
	for (uint32_t w = 0; w < search->item_words; w++)
		items[w] |= ahead->items[w];
	if (fired)
		fired[ahead->steps[0]] = 1;
	memcpy(state, ahead->states, WIDTH(search) * sizeof(uint64_t));
	return true;
}

/* Go on from a state as long as there is one way. */
static uint64_t pass(struct worker *worker, uint64_t *state, uint64_t *items, uint8_t *fired)
{
	const uint32_t width = WIDTH(worker->search);
	const size_t bytes = width * sizeof(uint64_t);
	uint64_t first[width], *known, passed = 0;

	memcpy(first, state, bytes);
	while (passed < MOST_PASSED) {
		/* Who looks for items, not for states, must see those on the way again. */
		known = fired ? shortcut_of(worker, state) : NULL;
		if (known && known[0] && !memcmp(known + 1, state, bytes)) {
			memcpy(state, known + 1 + width, bytes);
			passed += known[0];
			break;
		}
		if (is_stored(worker, state) || !step(worker, state, items, fired))
			break;
		passed++;
	}
	if (fired && passed) {
		known = shortcut_of(worker, first);
		known[0] = passed;
		memcpy(known + 1, first, bytes);
		memcpy(known + 1 + width, state, bytes);
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
