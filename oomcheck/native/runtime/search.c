#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>

#include "store.h"

#define BATCH 64 /* successors between two rounds of insertion */

/* ---------------------------------------------------------------- expansion */

static void expand(struct worker *worker, uint64_t number, bool add)
{
	struct search *search = worker->search;
	struct batch *batch = &worker->batch;
	struct moves moves = {
		.states = store_space(worker),
		.steps = batch->steps + batch->count,
		.items = worker->items,
		.want = search->options.want,
	};
	uint64_t state[WIDTH(search)];

	store_load(worker, number, state);
	search_moves(search, state, &moves);
	if (search->options.fuse)
		worker->transitions += fuse_moves(worker, &moves, worker->fired);
	for (uint32_t k = 0; k < moves.count; k++) {
		const uint64_t *successor = moves.states + (uint64_t)k * WIDTH(search);
		uint64_t hash = state_hash(store_key(worker, successor, batch->count + k, add));

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

		if (limit && worker->states >= limit && visited_find(visited, state, hash) == NOWHERE)
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

static inline __attribute__((always_inline)) void expand_chunks(struct worker *worker, bool (*settle)(struct worker *),
								bool add)
{
	struct search *search = worker->search;
	const struct segment *chunk;

	while ((chunk = search_chunk(worker))) {
		bool goes_on = true;

		for (uint64_t number = chunk->first; goes_on && number < chunk->last; number++) {
			expand(worker, number, add);
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
	expand_chunks(worker, insert_batch, true);
}

static void close_off(struct worker *worker)
{
	expand_chunks(worker, look_up_batch, false);
}

/* ---------------------------------------------------------------- levels */

/* Gather what the workers noted; `news` tells whether some item was seen for the first time on this level. */
static void gather_items(struct search *search)
{
	for (uint32_t t = 0; t < search->options.threads; t++) {
		struct worker *worker = &search->workers[t];

		for (uint32_t w = 0; w < search->item_words; w++) {
			uint64_t fresh = worker->items[w] & ~search->items[w];

			for (; fresh; fresh &= fresh - 1) {
				search->item_depth[64 * w + (uint32_t)__builtin_ctzll(fresh)] = (int64_t)search->depth;
				search->news = true;
			}
			search->items[w] |= worker->items[w];
			worker->items[w] = 0;
		}
		for (uint32_t step = 0; step < search->model->steps; step++)
			search->fired[step] |= worker->fired[step];
	}
}

bool search_push_level(struct search *search, struct segments level)
{
	if (search->level_count == search->level_room) {
		size_t room = search->level_room ? 2 * search->level_room : 64;
		struct segments *levels = realloc(search->levels, room * sizeof(*levels));

		if (!levels) {
			free(level.at);
			return false;
		}
		search->levels = levels;
		search->level_room = room;
	}
	search->levels[search->level_count++] = level;
	return true;
}

/* The states found make up the next level; false without memory. */
static bool next_level(struct search *search)
{
	struct segments next = { 0 };
	bool done = true;

	for (uint32_t t = 0; t < search->options.threads; t++) {
		struct segments *found = &search->workers[t].found;

		for (size_t k = 0; done && k < found->count; k++)
			done = segments_add(&next, found->at[k].first, found->at[k].last);
		found->count = 0;
	}
	return search_push_level(search, next) && done && search_deal(search, &next);
}

/* Only who has the log in a file can go on later. */
static void mark(struct search *search, uint64_t complete)
{
	if (search->visited.log.file >= 0)
		checkpoint_mark(search, complete);
}

/* After the last chunk of a level; what `search_run` is to return, SEARCH_SLICE to go on. */
static int end_level(struct search *search)
{
	bool news, cut = false;
	uint64_t found = 0;

	gather_items(search);
	news = search->news;
	search->news = false;

	for (uint32_t t = 0; t < search->options.threads; t++) {
		cut |= search->workers[t].cut;
		found += segments_states(&search->workers[t].found);
	}
	if (!found) {
		if (!cut)
			mark(search, search->depth + 1);
		return cut ? SEARCH_DEPTH : SEARCH_DONE;
	}
	if (!next_level(search)) {
		search->facts.error = ENOMEM;
		return SEARCH_REFUSED;
	}
	search->depth++;
	mark(search, search->depth);
	return news ? SEARCH_LEVEL : SEARCH_SLICE;
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
	return worker->batch.states && worker->batch.hashes && worker->batch.steps && worker->items && worker->fired &&
	       store_open_worker(worker) && fuse_open_worker(worker);
}

static void worker_close(struct worker *worker)
{
	free(worker->batch.states);
	free(worker->batch.hashes);
	free(worker->batch.steps);
	free(worker->items);
	free(worker->fired);
	free(worker->found.at);
	fuse_close_worker(worker);
	store_close_worker(worker);
}

/* The initial state is the first level. */
static bool begin(struct search *search)
{
	struct worker *worker = &search->workers[0];
	uint64_t state[WIDTH(search)];
	bool fresh;

	if (!region_back(&search->visited.log, (uint64_t)BLOCK * search->visited.packing.stride))
		return false;
	memcpy(state, search->model->initial, sizeof(state));
	if (search->options.canonical)
		search->model->canonical(state);
	const uint64_t *key = store_key(worker, state, 0, true);
	uint64_t hash = state_hash(key);
	uint64_t number = search->visited.wide ?
				  insert_wide(&search->visited, &worker->tail, key, hash, false, &fresh) :
				  insert_narrow(&search->visited, &worker->tail, key, hash, false, &fresh);

	worker->states = worker->reported = search->found = 1;
	if (!segments_add(&worker->found, number, number + 1) || !next_level(search))
		return false;
	mark(search, 0);
	return true;
}

static bool open_all(struct search *search, bool keep)
{
	uint32_t threads = search->options.threads;

	search->item_words = (search->model->items + 63) / 64;
	search->items = calloc(search->item_words, sizeof(uint64_t));
	search->item_depth = malloc((uint64_t)search->item_words * 64 * sizeof(int64_t));
	search->fired = calloc(search->model->steps + 1, 1);
	search->workers = calloc(threads, sizeof(*search->workers));
	search->mark.tails = calloc(threads, sizeof(*search->mark.tails));
	search->mark.tail_count = threads;
	search->mark.fired = calloc(search->model->steps + 1, 1);
	if (!search->items || !search->item_depth || !search->fired || !search->workers || !search->mark.tails ||
	    !search->mark.fired)
		return false;
	memset(search->item_depth, 0xff, (uint64_t)search->item_words * 64 * sizeof(int64_t));
	for (uint32_t t = 0; t < threads; t++) {
		if (!worker_open(&search->workers[t], search))
			return false;
	}
	return store_open(search) && visited_open(&search->visited, STORED_BITS(search), search_least_log2(search),
						  search->options.log_bytes, search->options.log_path, keep);
}

/* NULL, with the errno that there is. */
static struct search *give_up(struct search *search)
{
	int problem = errno;

	search_free(search);
	errno = problem;
	return NULL;
}

struct search *search_open(const struct model *model, const struct search_options *options, bool keep)
{
	struct search *search = calloc(1, sizeof(*search));

	if (!search)
		return NULL;
	search->model = model;
	search->options = *options;
	if (options->most_states || !options->threads)
		search->options.threads = 1; /* the limit is exact only in one order */
	search->status = SEARCH_SLICE;
	return open_all(search, keep) ? search : give_up(search);
}

struct search *search_new(const struct model *model, const struct search_options *options)
{
	struct search *search = search_open(model, options, false);

	return !search || begin(search) ? search : give_up(search);
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
	store_close(search);
	free(search->workers);
	free(search->levels);
	free(search->chunks.at);
	free(search->items);
	free(search->item_depth);
	free(search->fired);
	free(search->mark.tails);
	free(search->mark.fired);
	free(search);
}

void search_want(struct search *search, uint32_t want)
{
	search->options.want = want;
}

/* What a caller compares before it trusts the rest. */
const uint32_t core_abi = SEARCH_ABI;
const uint32_t core_options_size = sizeof(struct search_options);
const uint32_t core_facts_size = sizeof(struct search_facts);
#ifdef FOLDED
const uint32_t core_words = 0; /* any number from 2 on */
#else
const uint32_t core_words = WORDS;
#endif
