/* Room for states that are still to come: the table grows, the log is backed, limits are kept. */
#include <errno.h>
#include <float.h>
#include <stdlib.h>

#include "store.h"

#define THRIFTY_LOG2 22 /* from here on the table doubles; before, it grows fourfold */

uint64_t search_bytes(const struct search *search)
{
	uint64_t bytes = visited_table_bytes(search->visited.log2, search->visited.wide);

	bytes += search->chunks.room * sizeof(struct segment) + store_bytes(search);
	if (search->visited.log.file < 0)
		bytes += __atomic_load_n(&search->visited.numbers, __ATOMIC_RELAXED) * search->visited.packing.stride;
	return bytes;
}

/* Numbers that the workers may take before they come back. */
static uint64_t ahead(const struct search *search)
{
	return (uint64_t)search->options.threads * (BLOCK + search->model->most_moves) + (search->visited.mask + 1) / 8;
}

static uint64_t log_end(const struct search *search)
{
	const struct region *log = &search->visited.log;

	return (log->file < 0 ? log->reserved : log->backed) / search->visited.packing.stride;
}

uint32_t search_least_log2(const struct search *search)
{
	uint64_t moves = search->model->most_moves + (uint64_t)BLOCK, slots = 16 * moves * search->mark.tail_count;
	uint32_t log2 = 12;

	while ((uint64_t)1 << log2 < slots)
		log2++;
	return log2;
}

/* Whether so many states fill the table: 13 probes are still about one line, and bytes are time; at worst it takes 7/8. */
static bool is_full(const struct search *search, uint64_t states)
{
	uint64_t slots = search->visited.mask + 1;

	return states > (search->stuck ? slots / 8 * 7 : slots / 5 * 4);
}

bool search_is_tight(const struct search *search)
{
	uint64_t found = __atomic_load_n(&search->found, __ATOMIC_RELAXED);
	uint64_t numbers = __atomic_load_n(&search->visited.numbers, __ATOMIC_RELAXED);
	uint64_t most = search->options.most_bytes;

	return is_full(search, found) || numbers + ahead(search) > log_end(search) || (most && search_bytes(search) > most) ||
	       store_is_tight(search);
}

static void enter_chunks(struct worker *worker)
{
	const struct segment *chunk;

	while ((chunk = search_chunk(worker)))
		visited_enter(&worker->search->visited, chunk->first, chunk->last);
}

/* Every state in the log, those of the unfinished level included. */
static bool all_states(const struct search *search, struct segments *all)
{
	for (size_t k = 0; k < search->level_count; k++) {
		for (size_t i = 0; i < search->levels[k].count; i++) {
			if (!segments_add(all, search->levels[k].at[i].first, search->levels[k].at[i].last))
				return false;
		}
	}
	for (uint32_t t = 0; t < search->options.threads; t++) {
		const struct segments *found = &search->workers[t].found;

		for (size_t i = 0; i < found->count; i++) {
			if (!segments_add(all, found->at[i].first, found->at[i].last))
				return false;
		}
	}
	return true;
}

/* Fill an empty table from the log. */
static bool enter_all(struct search *search)
{
	struct segments chunks = search->chunks, all = { 0 };
	uint64_t cursor = search->cursor;
	double deadline = search->deadline;
	bool done;

	search->chunks = (struct segments){ 0 };
	search->deadline = DBL_MAX; /* a table that is half full is of no use */
	done = all_states(search, &all) && search_deal(search, &all);
	if (done)
		search_work(search, enter_chunks);
	free(search->chunks.at);
	free(all.at);
	search->chunks = chunks;
	search->cursor = cursor;
	search->deadline = deadline;
	return done;
}

static bool fits(const struct search *search, uint32_t log2)
{
	uint64_t present = visited_table_bytes(search->visited.log2, search->visited.wide);
	uint64_t bytes = search_bytes(search) - present + visited_table_bytes(log2, log2 > NARROW_LOG2);

	return !search->options.most_bytes || bytes <= search->options.most_bytes;
}

bool search_refill(struct search *search)
{
	uint64_t states = search->mark.states;
	uint32_t log2 = search_least_log2(search);

	while (states > ((uint64_t)1 << log2) / 5 * 4)
		log2++;
	/* If the limit of memory ended the search, it can have filled its last table further. */
	if (!fits(search, log2) && states <= ((uint64_t)1 << log2) / 16 * 7)
		log2--;
	return fits(search, log2) && visited_table(&search->visited, log2) && enter_all(search);
}

/* A larger table if there can be one; false if there is none at all any more. */
static bool grow(struct search *search)
{
	uint32_t present = search->visited.log2, wanted = present + (present < THRIFTY_LOG2 ? 2 : 1);

	while (wanted > present && !(fits(search, wanted) && visited_table(&search->visited, wanted)))
		wanted--;
	search->stuck = wanted == present;
	if (search->stuck && search->visited.table)
		return true;
	/* Either it is larger, or the old one was given up for one that could not be had. */
	return (search->visited.table || visited_table(&search->visited, present)) && enter_all(search);
}

int search_make_room(struct search *search)
{
	if (!region_back(&search->visited.log,
			 (search->visited.numbers + 2 * ahead(search)) * search->visited.packing.stride)) {
		search->facts.error = errno;
		return SEARCH_REFUSED;
	}
	int status = store_make_room(search);

	if (status != SEARCH_SLICE)
		return status;
	if (is_full(search, search->found)) {
		if (search->stuck)
			return SEARCH_MEMORY;
		if (!grow(search)) {
			search->facts.error = ENOMEM;
			return SEARCH_REFUSED;
		}
	}
	if (search->options.most_bytes && search_bytes(search) > search->options.most_bytes)
		return SEARCH_MEMORY;
	return SEARCH_SLICE;
}
