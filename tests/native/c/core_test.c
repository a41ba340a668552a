/* Exact results and limits; the number of threads is the argument. */
#include <errno.h>

#include "core_toys.h"

static void check_whole(const struct toy *toy, const struct plain *plain, uint32_t threads)
{
	struct search_options options = plain_options(toy, threads);
	struct search *search = search_new(toy->model, &options);

	check(search);
	check(run(search) == SEARCH_DONE);
	check(search->visited.wide == (search->visited.log2 > NARROW_LOG2));
	check(search->visited.numbers < search->visited.mask + 1);
	check_same(search, toy, plain);
	search_free(search);
}

static void check_depth(const struct toy *toy, const struct plain *plain, uint32_t threads, int64_t depth)
{
	struct search_options options = plain_options(toy, threads);
	uint64_t within = 0;
	struct search *search;

	while (within < plain->states && plain->depths[within] <= depth)
		within++;
	options.depth = depth;
	search = search_new(toy->model, &options);
	check(search);
	check(run(search) == ((uint64_t)depth < plain->depth ? SEARCH_DEPTH : SEARCH_DONE));
	check(search_facts(search)->states == within);
	for (uint32_t item = 0; item < toy->model->items; item++) {
		int64_t first = plain->item_depth[item];

		check(search_facts(search)->item_depth[item] == (first <= depth ? first : -1));
	}
	search_free(search);
}

static void check_states(const struct toy *toy, const struct plain *plain, uint64_t most)
{
	struct search_options options = plain_options(toy, 1);
	struct search *search;

	options.most_states = most;
	search = search_new(toy->model, &options);
	check(search);
	check(run(search) == (most < plain->states ? SEARCH_STATES : SEARCH_DONE));
	check(search_facts(search)->states == (most < plain->states ? most : plain->states));
	search_free(search);
}

static void check_bytes(const struct toy *toy, const struct plain *plain, uint32_t threads, uint64_t most)
{
	struct search_options options = plain_options(toy, threads);
	struct search *search;
	uint64_t step;

	options.most_bytes = most;
	search = search_new(toy->model, &options);
	check(search);
	step = (search->visited.mask + 1) / 8 + threads * (BLOCK + (uint64_t)toy->model->most_moves);
	check(run(search) == SEARCH_MEMORY);
	check(search_facts(search)->states < plain->states);
	check(search_facts(search)->bytes <= most + step * 8 * WORDS || search->visited.log2 == search_least_log2(search));
	search_free(search);
}

static void check_refusal(const struct toy *toy, uint32_t threads)
{
	struct search_options options = plain_options(toy, threads);
	struct search *search;

	options.log_bytes = 1 << 20;
	search = search_new(toy->model, &options);
	check(search);
	if (toy->keys * search->visited.packing.stride < options.log_bytes) { /* it all fits */
		search_free(search);
		return;
	}
	check(run(search) == SEARCH_REFUSED);
	check(search_facts(search)->error == ENOMEM);
	search_free(search);
}

int main(int argc, char **argv)
{
	uint32_t threads = argc > 1 ? (uint32_t)atoi(argv[1]) : 1;

	for (unsigned k = 0; k < toy_count; k++) {
		struct plain plain = plain_search(&toys[k]);

		check_whole(&toys[k], &plain, threads);
		for (int64_t depth = 0; depth < 5; depth++)
			check_depth(&toys[k], &plain, threads, depth);
		check_depth(&toys[k], &plain, threads, (int64_t)plain.depth);
		check_depth(&toys[k], &plain, threads, (int64_t)plain.depth + 1);
		for (uint64_t most = 1; most < 9000; most = 3 * most + 1)
			check_states(&toys[k], &plain, most);
		plain_free(&plain);
	}
	struct plain plain = plain_search(grid);

	check(plain.states == GRID && plain.transitions == GRID_STEPS && plain.depth == 6 * TOP);
	check_bytes(grid, &plain, threads, 1);
	check_bytes(grid, &plain, threads, GRID * 4);
	check_refusal(grid, threads);
	plain_free(&plain);
	return 0;
}
