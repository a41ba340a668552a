/*
 * A generated model and the core as one program: the reduced and the fused
 * search on some numbers of threads, and the way to an item in the log of a
 * fused one. Prints for each search its states, transitions and levels.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store.h"
#include "trace.h"

#define check(condition)                                                              \
	do {                                                                          \
		if (!(condition)) {                                                   \
			fprintf(stderr, "%d: %s\n", __LINE__, #condition);            \
			exit(1);                                                      \
		}                                                                     \
	} while (0)

/* The steps to the first of the items that was seen, if any. */
static void find_path(struct search *search, const struct search_facts *facts)
{
	for (uint32_t item = 0; item < search->model->items; item++) {
		uint64_t set[1 + 64] = { 0 };
		uint32_t steps[1024];
		struct target target = { (uint64_t)facts->item_depth[item], set };
		struct tracing *tracing;

		if (facts->item_depth[item] < 0)
			continue;
		set[item / 64] = UINT64_C(1) << item % 64;
		tracing = tracing_new(search, &target, 1);
		check(tracing);
		while (tracing_run(tracing, 0.01) == SEARCH_SLICE)
			;
		check(tracing->status == SEARCH_DONE);
		check(tracing_path(tracing, 0, steps));
		tracing_free(tracing);
		return;
	}
}

static void run(uint32_t threads, uint32_t fuse)
{
	struct search_options options = {
		.log_bytes = UINT64_C(1) << 28,
		.depth = -1,
		.threads = threads,
		.want = WANT_RACES | WANT_ORDERS,
		.reduce = 1,
		.fuse = fuse,
	};
	struct search *search = search_new(oomcheck_model(), &options);
	const struct search_facts *facts;
	int status;

	check(search);
	do
		status = search_run(search, 0.01);
	while (status == SEARCH_SLICE || status == SEARCH_LEVEL);
	check(status == SEARCH_DONE);
	facts = search_facts(search);
	printf("%llu %llu %llu\n", (unsigned long long)facts->states, (unsigned long long)facts->transitions,
	       (unsigned long long)facts->depth);
	find_path(search, facts);
	search_free(search);
}

int main(void)
{
	const uint32_t threads[] = { 1, 2, 5 };

	for (uint32_t fuse = 0; fuse < 2; fuse++) {
		for (uint32_t k = 0; k < 3; k++)
			run(threads[k], fuse);
	}
	return 0;
}
