#include "store.h"

#include <errno.h>
#include <stdlib.h>

#ifdef FOLDED

#define THRIFTY_LOG2 22 /* as for the table of states */

/* New parts of a chunk of so many states, at most. */
static uint64_t most_parts(const struct search *search, uint64_t states)
{
	return states * search->model->most_moves * 2 * search->model->words;
}

/* A 16th of the table for what the threads add before they come back, another 16th for numbers that they leave. */
static uint32_t least_log2(const struct search *search)
{
	uint64_t own = most_parts(search, 1) > BLOCK ? most_parts(search, 1) : BLOCK;
	uint32_t log2 = 12;

	while ((uint64_t)1 << log2 < 16 * own * search->options.threads)
		log2++;
	return log2;
}

static uint64_t log_room(const struct search *search)
{
	uint64_t room = search->parts.log.reserved / search->parts.packing.stride;

	return room < MOST_PARTS ? room : MOST_PARTS;
}

/* Numbers that the workers may take before they come back. */
static uint64_t ahead(const struct search *search)
{
	return (uint64_t)search->options.threads * BLOCK + (search->parts.mask + 1) / 8;
}

bool store_open(struct search *search)
{
	uint64_t most = (uint64_t)UINT32_MAX * sizeof(uint64_t);

	if (search->options.log_path) {
		errno = EINVAL; /* a log of keys is of no use to anybody without the parts */
		return false;
	}
	if (search->options.log_bytes < most)
		most = search->options.log_bytes;
	return visited_open(&search->parts, 64, least_log2(search), most, NULL, false);
}

void store_close(struct search *search)
{
	visited_close(&search->parts);
}

bool store_open_worker(struct worker *worker)
{
	const struct model *model = worker->search->model;

	if (model->words < 2 || model->words > MOST_WORDS) {
		errno = EINVAL;
		return false;
	}
	worker->successors = malloc((uint64_t)model->most_moves * model->words * sizeof(uint64_t));
	return tree_open(&worker->tree, model->words) && worker->successors;
}

void store_close_worker(struct worker *worker)
{
	free(worker->successors);
	tree_close(&worker->tree);
}

uint64_t store_bytes(const struct search *search)
{
	uint64_t numbers = __atomic_load_n(&search->parts.numbers, __ATOMIC_RELAXED);

	return visited_table_bytes(search->parts.log2, search->parts.wide) + numbers * search->parts.packing.stride;
}

uint64_t store_chunk(const struct search *search)
{
	uint64_t size = (search->parts.mask + 1) / 16 / (most_parts(search, 1) * search->options.threads);

	return size ? size : 1;
}

static bool is_full(const struct search *search, uint64_t numbers)
{
	return numbers > (search->parts.mask + 1) / 5 * 4;
}

bool store_is_tight(const struct search *search)
{
	uint64_t numbers = __atomic_load_n(&search->parts.numbers, __ATOMIC_RELAXED);

	return is_full(search, numbers) || numbers + ahead(search) > log_room(search);
}

/* Fill an empty table from the log; in what the threads have of it, there is nothing yet. */
static void enter_all(struct search *search)
{
	struct visited *parts = &search->parts;

	for (uint64_t first = 0; first < parts->numbers; first += BLOCK) {
		uint64_t last = first + BLOCK;

		for (uint32_t t = 0; t < search->options.threads; t++) {
			const struct tail *tail = &search->workers[t].tree.tail;

			if (tail->end == last)
				last = tail->next;
		}
		visited_enter(parts, first, last);
	}
}

static int grow(struct search *search)
{
	struct visited *parts = &search->parts;
	uint32_t present = parts->log2, wanted = present + (present < THRIFTY_LOG2 ? 2 : 1);
	uint64_t most = search->options.most_bytes;
	uint64_t others = search_bytes(search) - visited_table_bytes(present, parts->wide);

	while (most && wanted > present && others + visited_table_bytes(wanted, wanted > NARROW_LOG2) > most)
		wanted--;
	if (wanted == present)
		return SEARCH_MEMORY;
	bool larger = visited_table(parts, wanted);

	/* Without a table the states that there are could not be told from others any more. */
	if (larger || visited_table(parts, present))
		enter_all(search);
	if (larger)
		return SEARCH_SLICE;
	search->facts.error = ENOMEM;
	return SEARCH_REFUSED;
}

int store_make_room(struct search *search)
{
	if (search->parts.numbers + ahead(search) > MOST_PARTS)
		return SEARCH_PARTS;
	if (search->parts.numbers + ahead(search) > log_room(search)) {
		search->facts.error = ENOMEM;
		return SEARCH_REFUSED;
	}
	return is_full(search, search->parts.numbers) ? grow(search) : SEARCH_SLICE;
}

#else

bool store_open(struct search *search)
{
	(void)search;
	return true;
}

void store_close(struct search *search)
{
	(void)search;
}

bool store_open_worker(struct worker *worker)
{
	(void)worker;
	return true;
}

void store_close_worker(struct worker *worker)
{
	(void)worker;
}

uint64_t store_bytes(const struct search *search)
{
	(void)search;
	return 0;
}

uint64_t store_chunk(const struct search *search)
{
	(void)search;
	return UINT64_MAX;
}

bool store_is_tight(const struct search *search)
{
	(void)search;
	return false;
}

int store_make_room(struct search *search)
{
	(void)search;
	return SEARCH_SLICE;
}

#endif
