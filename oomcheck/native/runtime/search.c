#define _GNU_SOURCE
#include "search.h"

#include <errno.h>
#include <stdlib.h>

#define BATCH 64 /* successors between two rounds of insertion */

/* ---------------------------------------------------------------- expansion */

static void expand(struct worker *worker, uint64_t number)
{
	struct search *search = worker->search;
	struct batch *batch = &worker->batch;
	struct moves moves = {
		.states = batch->states + (uint64_t)batch->count * WORDS,
		.steps = batch->steps + batch->count,
		.items = worker->items,
		.want = search->options.want,
	};
	uint64_t state[WORDS];

	visited_load(&search->visited, number, state);
	search_moves(search, state, &moves);
	for (uint32_t k = 0; k < moves.count; k++) {
		uint64_t hash = state_hash(moves.states + (uint64_t)k * WORDS);

		batch->hashes[batch->count + k] = hash;
		visited_prefetch(&search->visited, hash);
	}
	batch->count += moves.count;
}

/* Insert the batch; false if the limit of states, which is for one thread, ends the search. */
static inline __attribute__((always_inline)) bool insert(struct worker *worker, bool wide, bool shared, uint64_t limit)
{
	struct visited *visited = &worker->search->visited;
	struct batch *batch = &worker->batch;
	uint32_t count = batch->count;

	batch->count = 0;
	for (uint32_t k = 0; k < count; k++) {
		const uint64_t *state = batch->states + (uint64_t)k * WORDS;
		uint64_t hash = batch->hashes[k], number;
		bool fresh;

		if (limit && worker->states == limit && visited_find(visited, state, hash) == NOWHERE)
			return false;
		number = wide ? insert_wide(visited, &worker->tail, state, hash, shared, &fresh) :
				insert_narrow(visited, &worker->tail, state, hash, shared, &fresh);
		worker->fired[batch->steps[k]] = 1;
		worker->transitions++;
		if (!fresh)
			continue;
		worker->states++;
		if (!segments_add(&worker->found, number, number + 1))
			worker->failed = true;
	}
	return true;
}

static bool insert_batch(struct worker *worker)
{
	const struct search *search = worker->search;
	bool wide = search->visited.wide;

	if (search->options.most_states)
		return insert(worker, wide, false, search->options.most_states);
	if (search->options.threads == 1)
		return wide ? insert(worker, true, false, 0) : insert(worker, false, false, 0);
	return wide ? insert(worker, true, true, 0) : insert(worker, false, true, 0);
}

/* At the depth limit: look at the states, but add none. */
static bool look_up_batch(struct worker *worker)
{
	struct visited *visited = &worker->search->visited;
	struct batch *batch = &worker->batch;

	for (uint32_t k = 0; k < batch->count; k++) {
		bool known = visited_find(visited, batch->states + (uint64_t)k * WORDS, batch->hashes[k]) != NOWHERE;

		worker->fired[batch->steps[k]] = 1;
		worker->transitions += known;
		worker->cut |= !known;
	}
	batch->count = 0;
	return true;
}

static inline __attribute__((always_inline)) void expand_chunks(struct worker *worker, bool (*settle)(struct worker *))
{
	struct search *search = worker->search;
	const struct segment *chunk;

	while ((chunk = search_chunk(worker))) {
		bool goes_on = true;

		for (uint64_t number = chunk->first; goes_on && number < chunk->last; number++) {
			expand(worker, number);
			if (worker->batch.count >= BATCH)
				goes_on = settle(worker);
		}
		if (!goes_on || !settle(worker))
			search->full = true;
		__atomic_fetch_add(&search->found, worker->states - worker->reported, __ATOMIC_RELAXED);
		worker->reported = worker->states;
		if (search->full || worker->failed || search_is_tight(search))
			__atomic_store_n(&search->pause, 1, __ATOMIC_RELAXED);
	}
}

static void go_on(struct worker *worker)
{
	expand_chunks(worker, insert_batch);
}

static void close_off(struct worker *worker)
{
	expand_chunks(worker, look_up_batch);
}

/* ---------------------------------------------------------------- levels */

/* Gather what the workers noted; true if some item was seen for the first time. */
static bool gather_items(struct search *search)
{
	bool any = false;

	for (uint32_t t = 0; t < search->options.threads; t++) {
		struct worker *worker = &search->workers[t];

		for (uint32_t w = 0; w < search->item_words; w++) {
			uint64_t fresh = worker->items[w] & ~search->items[w];

			for (; fresh; fresh &= fresh - 1) {
				search->item_depth[64 * w + (uint32_t)__builtin_ctzll(fresh)] = (int64_t)search->depth;
				any = true;
			}
			search->items[w] |= worker->items[w];
			worker->items[w] = 0;
		}
		for (uint32_t step = 0; step < search->model->steps; step++)
			search->fired[step] |= worker->fired[step];
	}
	return any;
}

/* The states found make up the next level; false without memory. */
static bool next_level(struct search *search)
{
	struct segments next = { 0 };
	bool done = true;

	if (search->level_count == search->level_room) {
		size_t room = search->level_room ? 2 * search->level_room : 64;
		struct segments *levels = realloc(search->levels, room * sizeof(*levels));

		if (!levels)
			return false;
		search->levels = levels;
		search->level_room = room;
	}
	for (uint32_t t = 0; t < search->options.threads; t++) {
		struct segments *found = &search->workers[t].found;

		for (size_t k = 0; done && k < found->count; k++)
			done = segments_add(&next, found->at[k].first, found->at[k].last);
		found->count = 0;
	}
	search->levels[search->level_count++] = next;
	return done && search_deal(search, &next);
}

/* After the last chunk of a level; what `search_run` is to return, SEARCH_SLICE to go on. */
static int end_level(struct search *search)
{
	bool any = gather_items(search), cut = false;
	uint64_t found = 0;

	for (uint32_t t = 0; t < search->options.threads; t++) {
		cut |= search->workers[t].cut;
		found += segments_states(&search->workers[t].found);
	}
	if (!found)
		return cut ? SEARCH_DEPTH : SEARCH_DONE;
	if (!next_level(search)) {
		search->facts.error = ENOMEM;
		return SEARCH_REFUSED;
	}
	search->depth++;
	return any ? SEARCH_LEVEL : SEARCH_SLICE;
}

/* Whether some worker ran out of memory. */
static bool any_failed(const struct search *search)
{
	for (uint32_t t = 0; t < search->options.threads; t++) {
		if (search->workers[t].failed)
			return true;
	}
	return false;
}

static int slice(struct search *search)
{
	bool at_limit = search->options.depth >= 0 && search->depth == (uint64_t)search->options.depth;

	while (search->cursor < search->chunks.count) {
		int status = search_make_room(search);

		if (status != SEARCH_SLICE)
			return status;
		search_work(search, at_limit ? close_off : go_on);
		if (search->full)
			return SEARCH_STATES;
		if (any_failed(search)) {
			search->facts.error = ENOMEM;
			return SEARCH_REFUSED;
		}
		if (search_clock() >= search->deadline)
			break;
	}
	return search->cursor < search->chunks.count ? SEARCH_SLICE : end_level(search);
}

int search_run(struct search *search, double seconds)
{
	search->deadline = search_clock() + seconds;
	while (search->status == SEARCH_SLICE || search->status == SEARCH_LEVEL) {
		search->status = slice(search);
		if (search->status == SEARCH_LEVEL || search_clock() >= search->deadline)
			break;
	}
	return search->status;
}

const struct search_facts *search_facts(struct search *search)
{
	struct search_facts *facts = &search->facts;
	uint64_t found = 0;

	gather_items(search);
	facts->states = facts->transitions = 0;
	for (uint32_t t = 0; t < search->options.threads; t++) {
		facts->states += search->workers[t].states;
		facts->transitions += search->workers[t].transitions;
		found += segments_states(&search->workers[t].found);
	}
	facts->frontier = segments_states(&search->levels[search->level_count - 1]) + found;
	facts->depth = search->depth + (found != 0);
	facts->table_bytes = visited_table_bytes(search->visited.log2, search->visited.wide);
	facts->log_bytes = search->visited.numbers * search->visited.packing.stride;
	facts->bytes = search_bytes(search);
	facts->item_words = search->item_words;
	facts->items = search->items;
	facts->item_depth = search->item_depth;
	facts->fired = search->fired;
	return facts;
}

/* ---------------------------------------------------------------- life */

static bool worker_open(struct worker *worker, struct search *search)
{
	uint64_t room = BATCH + search->model->most_moves;

	worker->search = search;
	worker->batch.states = malloc(room * WORDS * sizeof(uint64_t));
	worker->batch.hashes = malloc(room * sizeof(uint64_t));
	worker->batch.steps = malloc(room * sizeof(uint32_t));
	worker->items = calloc(search->item_words, sizeof(uint64_t));
	worker->fired = calloc(search->model->steps + 1, 1);
	return worker->batch.states && worker->batch.hashes && worker->batch.steps && worker->items && worker->fired;
}

static void worker_close(struct worker *worker)
{
	free(worker->batch.states);
	free(worker->batch.hashes);
	free(worker->batch.steps);
	free(worker->items);
	free(worker->fired);
	free(worker->found.at);
}

/* The initial state is the first level. */
static bool begin(struct search *search)
{
	struct worker *worker = &search->workers[0];
	uint64_t state[WORDS];
	bool fresh;

	memcpy(state, search->model->initial, sizeof(state));
	if (search->options.canonical)
		search->model->canonical(state);
	uint64_t hash = state_hash(state);
	uint64_t number = search->visited.wide ?
				  insert_wide(&search->visited, &worker->tail, state, hash, false, &fresh) :
				  insert_narrow(&search->visited, &worker->tail, state, hash, false, &fresh);

	worker->states = worker->reported = search->found = 1;
	return segments_add(&worker->found, number, number + 1) && next_level(search);
}

static bool open_all(struct search *search)
{
	uint32_t threads = search->options.threads;

	search->item_words = (search->model->items + 63) / 64;
	search->items = calloc(search->item_words, sizeof(uint64_t));
	search->item_depth = malloc((uint64_t)search->item_words * 64 * sizeof(int64_t));
	search->fired = calloc(search->model->steps + 1, 1);
	search->workers = calloc(threads, sizeof(*search->workers));
	if (!search->items || !search->item_depth || !search->fired || !search->workers)
		return false;
	memset(search->item_depth, 0xff, (uint64_t)search->item_words * 64 * sizeof(int64_t));
	for (uint32_t t = 0; t < threads; t++) {
		if (!worker_open(&search->workers[t], search))
			return false;
	}
	return visited_open(&search->visited, search->model->bits, search_least_log2(search), search->options.log_bytes,
			    search->options.log_path, false);
}

struct search *search_new(const struct model *model, const struct search_options *options)
{
	struct search *search = calloc(1, sizeof(*search));

	if (!search)
		return NULL;
	search->model = model;
	search->options = *options;
	if (options->most_states || !options->threads)
		search->options.threads = 1; /* the limit is exact only in one order */
	search->status = SEARCH_SLICE;
	if (!open_all(search) || !begin(search)) {
		int problem = errno;

		search_free(search);
		errno = problem;
		return NULL;
	}
	return search;
}

void search_free(struct search *search)
{
	if (!search)
		return;
	for (uint32_t t = 0; search->workers && t < search->options.threads; t++)
		worker_close(&search->workers[t]);
	for (size_t k = 0; k < search->level_count; k++)
		free(search->levels[k].at);
	visited_close(&search->visited);
	free(search->workers);
	free(search->levels);
	free(search->chunks.at);
	free(search->items);
	free(search->item_depth);
	free(search->fired);
	free(search);
}

void search_want(struct search *search, uint32_t want)
{
	search->options.want = want;
}

/* What a caller compares before it trusts the rest. */
const uint32_t core_abi = SEARCH_ABI;
const uint32_t core_words = WORDS;
