/* Searches that fold their states: the same results for any width; arguments are words of a state and threads. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "store.h"
#include "trace.h"

#define check(condition)                                                                \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			_Exit(1);                                                       \
		}                                                                       \
	} while (0)

static uint32_t words;

/* ---------------------------------------------------------------- grid
 * SIX counters from 0 to TOP, spread over the words, which share them if they
 * are fewer; step i raises counter i. Every value takes a whole byte of its own,
 * and the word is scrambled, so that no part looks like another. Item 0: all
 * are at TOP. Item 65: the last is at TOP, the others at 0.
 */
#define SIX 6
#define TOP 4
#define FIFTH ((uint64_t)(TOP + 1) * (TOP + 1) * (TOP + 1) * (TOP + 1) * (TOP + 1))
#define ODD 0x9e3779b97f4a7c15
#define INVERSE 0xf1de83e19937733d /* ODD * INVERSE is 1 */

static uint32_t place(uint32_t i)
{
	return i * (words - 1) / (SIX - 1);
}

static uint64_t digit(const uint64_t *state, uint32_t i)
{
	return state[place(i)] * INVERSE >> 8 * i & 255;
}

static void grid_expand(const uint64_t *state, struct moves *out)
{
	uint64_t sum = 0;

	out->count = out->reduced = 0;
	for (uint32_t i = 0; i < SIX; i++) {
		uint64_t *next = out->states + (uint64_t)out->count * words;

		sum += digit(state, i);
		if (digit(state, i) == TOP)
			continue;
		memcpy(next, state, words * sizeof(*state));
		next[place(i)] += ((uint64_t)1 << 8 * i) * ODD;
		out->steps[out->count++] = i;
	}
	out->items[0] |= sum == SIX * TOP;
	out->items[1] |= (uint64_t)(sum == TOP && digit(state, SIX - 1) == TOP) << 1;
}

/* ---------------------------------------------------------------- maze
 * Rooms that are joined at random by four ways. The first word is the room, and
 * all others are made of it, so that hardly a part is met twice. Item 0: the
 * room that is found last.
 */
#define ROOMS 3000
static uint32_t far_room;

static void enter_room(uint64_t *state, uint64_t room)
{
	for (uint32_t w = 0; w < words; w++)
		state[w] = w ? fold(room * words + w, ODD) : room;
}

static uint64_t door(uint64_t room, uint32_t way)
{
	return fold(room * 4 + way + 1, INVERSE) % ROOMS;
}

static void maze_expand(const uint64_t *state, struct moves *out)
{
	out->count = out->reduced = 0;
	for (uint32_t way = 0; way < 4; way++) {
		enter_room(out->states + (uint64_t)out->count * words, door(state[0], way));
		out->steps[out->count++] = way;
	}
	out->items[0] |= state[0] == far_room;
}

static uint64_t initial[MOST_WORDS];

static struct model grid_model(void)
{
	memset(initial, 0, sizeof(initial));
	return (struct model){ .abi = MODEL_ABI, .words = words, .bits = 64 * words, .steps = SIX, .items = 66,
			       .most_moves = SIX, .ordered = 1, .initial = initial, .expand = grid_expand };
}

static struct model maze_model(void)
{
	enter_room(initial, 0);
	return (struct model){ .abi = MODEL_ABI, .words = words, .bits = 64 * words, .steps = 4, .items = 1,
			       .most_moves = 4, .ordered = 1, .initial = initial, .expand = maze_expand };
}

/* Rooms that can be reached, and the depth of the last one, which becomes `far_room`. */
static uint64_t plain_maze(uint64_t *depth)
{
	static uint32_t queue[ROOMS], depths[ROOMS];
	uint64_t count = 1;

	memset(depths, 0xff, sizeof(depths));
	queue[0] = depths[0] = 0;
	for (uint64_t k = 0; k < count; k++) {
		for (uint32_t way = 0; way < 4; way++) {
			uint64_t room = door(queue[k], way);

			if (depths[room] != UINT32_MAX)
				continue;
			depths[room] = depths[queue[k]] + 1;
			queue[count++] = (uint32_t)room;
		}
	}
	far_room = queue[count - 1];
	*depth = depths[far_room];
	return count;
}

/* ---------------------------------------------------------------- searches */

static struct search *begin_search(const struct model *model, struct search_options options)
{
	struct search *search;

	options.log_bytes = (uint64_t)1 << 28;
	search = search_new(model, &options);
	check(search);
	return search;
}

static int run(struct search *search)
{
	int status;

	do
		status = search_run(search, 0.01);
	while (status == SEARCH_SLICE || status == SEARCH_LEVEL);
	return status;
}

static void check_path(struct search *search, uint32_t item, uint64_t depth, const uint32_t *expected)
{
	uint64_t set[2] = { 0 };
	struct target target = { depth, set };
	struct tracing *tracing;
	uint32_t steps[64];

	set[item / 64] = (uint64_t)1 << item % 64;
	tracing = tracing_new(search, &target, 1);
	check(tracing);
	while (tracing_run(tracing, 0.01) == SEARCH_SLICE)
		;
	check(tracing->status == SEARCH_DONE);
	check(tracing_path(tracing, 0, steps));
	for (uint64_t k = 0; expected && k < depth; k++)
		check(steps[k] == expected[k]);
	tracing_free(tracing);
}

static void check_grid(uint32_t threads)
{
	static const uint32_t last[TOP] = { 5, 5, 5, 5 };
	struct model model = grid_model();
	struct search *search = begin_search(&model, (struct search_options){ .depth = -1, .threads = threads });
	const struct search_facts *facts;
	uint32_t sorted[SIX * TOP];

	check(run(search) == SEARCH_DONE);
	facts = search_facts(search);
	check(facts->states == FIFTH * (TOP + 1));
	check(facts->transitions == SIX * TOP * FIFTH);
	check(facts->depth == SIX * TOP);
	check(facts->item_depth[0] == SIX * TOP);
	check(facts->item_depth[65] == TOP);
	check(facts->item_depth[1] == -1);
	for (uint32_t k = 0; k < SIX * TOP; k++)
		sorted[k] = k / TOP;
	check_path(search, 0, SIX * TOP, sorted);
	check_path(search, 65, TOP, last);
	search_free(search);
}

static void check_maze(uint32_t threads)
{
	uint64_t depth, rooms = plain_maze(&depth);
	struct model model = maze_model();
	struct search *search = begin_search(&model, (struct search_options){ .depth = -1, .threads = threads });
	uint32_t log2 = search->parts.log2;

	check(run(search) == SEARCH_DONE);
	check(search_facts(search)->states == rooms);
	check(search_facts(search)->transitions == 4 * rooms);
	check(search_facts(search)->depth == depth);
	check(search_facts(search)->item_depth[0] == (int64_t)depth);
	check(search->parts.log2 >= log2);
	check(search->parts.numbers < search->parts.mask + 1);
	check_path(search, 0, depth, NULL);
	search_free(search);
}

/* ---------------------------------------------------------------- limits */

static void check_limits(uint32_t threads)
{
	struct model model = grid_model();
	struct search_options options = { .depth = 3, .threads = threads };
	struct search *search = begin_search(&model, options);
	uint64_t numbers;

	check(run(search) == SEARCH_DEPTH);
	check(search_facts(search)->states == 1 + 6 + 21 + 56);
	search_free(search);
	options = (struct search_options){ .depth = -1, .threads = threads, .most_states = 1000 };
	search = begin_search(&model, options);
	check(run(search) == SEARCH_STATES);
	check(search_facts(search)->states == 1000);
	numbers = search_bytes(search);
	search_free(search);
	options = (struct search_options){ .depth = -1, .threads = threads, .most_bytes = numbers };
	search = begin_search(&model, options);
	check(run(search) == SEARCH_MEMORY);
	search_free(search);
}

/* So few numbers that the parts of the maze do not all get one. */
static void check_parts(uint32_t threads)
{
	struct model model = maze_model();
	struct search *search = begin_search(&model, (struct search_options){ .depth = -1, .threads = threads });

	check(run(search) == SEARCH_PARTS);
	check(search->parts.numbers <= MOST_PARTS);
	check(search_facts(search)->states < ROOMS);
	search_free(search);
}

static void check_refused(struct model model, const char *path)
{
	struct search_options options = { .depth = -1, .threads = 1, .log_bytes = 1 << 20, .log_path = path };

	errno = 0;
	check(!search_new(&model, &options));
	check(errno == EINVAL);
}

static void check_refusals(void)
{
	struct model model = grid_model();

	check_refused(model, "never");
	model.words = 1;
	check_refused(model, NULL);
	model.words = MOST_WORDS + 1;
	check_refused(model, NULL);
}

/* ---------------------------------------------------------------- the tree alone */

#define SAMPLES 300

static void draw(uint64_t *state, uint64_t number)
{
	for (uint32_t w = 0; w < words; w++)
		state[w] = fold(number, w + ODD) % 3 ? fold(number / 7 + w, INVERSE) : 0;
	state[0] = number;
}

/* Keys are one to one, tell the state, and do not depend on the state that was loaded before. */
static void check_tree(void)
{
	uint64_t keys[SAMPLES], state[words], loaded[words];
	struct visited parts;
	struct tree tree, other;

	check(visited_open(&parts, 64, 20, 1 << 26, NULL, false));
	check(tree_open(&tree, words) && tree_open(&other, words));
	for (uint64_t k = 0; k < SAMPLES; k++) {
		draw(state, k);
		check(k || tree_find(&tree, &parts, state) == NO_KEY);
		keys[k] = tree_add(&tree, &parts, state, k % 2);
		check(tree_find(&other, &parts, state) == keys[k]);
		if (k % 3 == 0)
			tree_load(&tree, &parts, keys[k / 2], loaded);
	}
	for (uint64_t k = 0; k < SAMPLES; k++) {
		uint64_t mixed = k * 211 % SAMPLES;

		for (uint64_t i = 0; i < k; i++)
			check(keys[i] != keys[k]);
		draw(state, mixed);
		tree_load(&tree, &parts, keys[mixed], loaded);
		check(!memcmp(state, loaded, words * sizeof(*state)));
		draw(state, k);
		check(tree_add(&tree, &parts, state, false) == keys[k]);
	}
	tree_close(&tree);
	tree_close(&other);
	visited_close(&parts);
}

int main(int count, char **arguments)
{
	uint32_t threads = count > 2 ? (uint32_t)atoi(arguments[2]) : 1;

	words = count > 1 ? (uint32_t)atoi(arguments[1]) : 2;
#ifdef FEW_PARTS
	check_parts(threads);
	(void)check_grid, (void)check_maze, (void)check_limits, (void)check_refusals, (void)check_tree;
#else
	check_tree();
	check_refusals();
	check_grid(threads);
	check_maze(threads);
	check_limits(threads);
	(void)check_parts;
#endif
	return 0;
}
