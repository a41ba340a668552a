#include "trace.h"

#include <errno.h>
#include <stdlib.h>

#include "store.h"

/* Targets that can be reached from a state on the level after `level`. */
static uint32_t mark_after(const struct tracing *tracing, uint64_t level, uint64_t number)
{
	uint32_t mark = __atomic_load_n(&tracing->marks[number], __ATOMIC_RELAXED);

	/* A step can also lead to a state of its own level, whose mark is in the other half. */
	return (level + 1) % 2 ? mark >> 8 : mark & 0xff;
}

static bool holds(const struct worker *worker, const struct target *target)
{
	for (uint32_t w = 0; w < worker->search->item_words; w++) {
		if (worker->items[w] & target->items[w])
			return true;
	}
	return false;
}

/* Items and successors of a state, in the worker's own memory. */
static void look_at(struct worker *worker, const uint64_t *state, struct moves *moves)
{
	memset(worker->items, 0, worker->search->item_words * sizeof(uint64_t));
	*moves = (struct moves){
		.states = store_space(worker),
		.steps = worker->batch.steps,
		.items = worker->items,
		.want = WANT_RACES | WANT_ORDERS,
	};
	search_moves(worker->search, state, moves);
	if (worker->search->options.fuse)
		fuse_moves(worker, moves, NULL);
}

static uint32_t mark_of(struct tracing *tracing, struct worker *worker, uint64_t number)
{
	struct moves moves;
	uint64_t state[WIDTH(worker->search)];
	uint32_t mark = 0, open = 0;

	store_load(worker, number, state);
	look_at(worker, state, &moves);
	for (uint32_t t = 0; t < tracing->count; t++) {
		if (tracing->targets[t].depth > tracing->level)
			open |= 1u << t;
		else if (tracing->targets[t].depth == tracing->level && holds(worker, &tracing->targets[t]))
			mark |= 1u << t;
	}
	for (uint32_t k = 0; open && k < moves.count; k++) {
		uint64_t after = store_find(worker, moves.states + (uint64_t)k * WIDTH(worker->search));

		if (after != NOWHERE)
			mark |= mark_after(tracing, tracing->level, after) & open;
	}
	return mark;
}

static void mark_chunks(struct worker *worker)
{
	struct tracing *tracing = worker->search->tracing;
	const struct segment *chunk;

	while ((chunk = search_chunk(worker))) {
		for (uint64_t number = chunk->first; number < chunk->last; number++) {
			uint32_t mark = mark_of(tracing, worker, number);

			if (mark)
				__atomic_store_n(&tracing->marks[number],
						 (uint16_t)(tracing->level % 2 ? mark << 8 : mark), __ATOMIC_RELAXED);
		}
	}
	memset(worker->items, 0, worker->search->item_words * sizeof(uint64_t));
}

struct tracing *tracing_new(struct search *search, const struct target *targets, uint32_t count)
{
	struct tracing *tracing = calloc(1, sizeof(*tracing));

	if (!tracing)
		return NULL;
	if (!search->visited.table) { /* it could not grow, and not become small again */
		free(tracing);
		errno = ENOMEM;
		return NULL;
	}
	tracing->search = search;
	tracing->count = count;
	for (uint32_t t = 0; t < count; t++) {
		tracing->targets[t] = targets[t];
		if (targets[t].depth > tracing->level)
			tracing->level = targets[t].depth;
	}
	tracing->mark_bytes = search->visited.numbers * sizeof(uint16_t);
	tracing->marks = pages_new(tracing->mark_bytes);
	tracing->status = SEARCH_SLICE;
	if (!tracing->marks) {
		free(tracing);
		return NULL;
	}
	search->tracing = tracing;
	return tracing;
}

void tracing_free(struct tracing *tracing)
{
	if (!tracing)
		return;
	tracing->search->tracing = NULL;
	pages_free(tracing->marks, tracing->mark_bytes);
	free(tracing);
}

int tracing_run(struct tracing *tracing, double seconds)
{
	struct search *search = tracing->search;

	search->deadline = search_clock() + seconds;
	while (tracing->status == SEARCH_SLICE) {
		if (!tracing->dealt && !search_deal(search, &search->levels[tracing->level])) {
			search->facts.error = ENOMEM;
			tracing->status = SEARCH_REFUSED;
			break;
		}
		tracing->dealt = true;
		search_work(search, mark_chunks);
		if (search->cursor < search->chunks.count)
			break; /* the slice is over */
		tracing->dealt = false;
		if (tracing->level-- == 0)
			tracing->status = SEARCH_DONE;
	}
	return tracing->status;
}

static bool is_on(const struct segments *level, uint64_t number)
{
	for (size_t k = 0; k < level->count; k++) {
		if (number >= level->at[k].first && number < level->at[k].last)
			return true;
	}
	return false;
}

/* Make the least step to a state that leads on to the target; false if there is none. */
static bool step_on(struct tracing *tracing, uint64_t *state, uint64_t level, uint32_t target, uint32_t *step)
{
	struct search *search = tracing->search;
	struct moves moves;
	const uint64_t *best = NULL;

	look_at(search->workers, state, &moves);
	for (uint32_t k = 0; k < moves.count; k++) {
		const uint64_t *after = moves.states + (uint64_t)k * WIDTH(search);
		uint64_t number;

		if (best && moves.steps[k] >= *step)
			continue;
		number = store_find(search->workers, after);
		/* The mark alone does not tell the next level from those before it, which are marked by now. */
		if (number != NOWHERE && mark_after(tracing, level, number) & 1u << target &&
		    is_on(&search->levels[level + 1], number)) {
			best = after;
			*step = moves.steps[k];
		}
	}
	if (best)
		memcpy(state, best, WIDTH(search) * sizeof(uint64_t));
	return best != NULL;
}

bool tracing_path(struct tracing *tracing, uint32_t target, uint32_t *steps)
{
	struct search *search = tracing->search;
	uint64_t state[WIDTH(search)];
	bool found = true;

	store_load(search->workers, search->levels[0].at[0].first, state);
	for (uint64_t level = 0; found && level < tracing->targets[target].depth; level++)
		found = step_on(tracing, state, level, target, &steps[level]);
	memset(search->workers->items, 0, search->item_words * sizeof(uint64_t));
	return found;
}
