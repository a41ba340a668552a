/* Small models written by hand, in WORDS words; their counts can be worked out on paper. */
#include <stddef.h>
#include <string.h>

#include "model.h"

static const uint64_t zeroes[WORDS];

static void add_move(struct moves *out, const uint64_t *state, uint32_t step)
{
	out->steps[out->count] = step;
	memcpy(out->states + (uint64_t)out->count++ * WORDS, state, sizeof(zeroes));
}

/* ---------------------------------------------------------------- grid
 * DIGITS counters from 0 to TOP, spread over the words; step i raises counter i.
 * Item 0: all are at TOP, and nothing moves. Item 1: the first one is at TOP and
 * no other has moved. Item 2: never. Item 70: always.
 */
#define DIGITS 4
#define TOP 9

static uint64_t digit(const uint64_t *state, uint32_t i)
{
	return state[i % WORDS] >> (i / WORDS * 4) & 15;
}

static void set_digit(uint64_t *state, uint32_t i, uint64_t value)
{
	state[i % WORDS] += (value - digit(state, i)) << (i / WORDS * 4);
}

static void grid_moves(const uint64_t *state, struct moves *out, uint32_t most)
{
	uint64_t sum = 0, next[WORDS];

	out->count = 0;
	out->reduced = 0;
	for (uint32_t i = 0; i < DIGITS; i++) {
		sum += digit(state, i);
		if (digit(state, i) == TOP)
			continue;
		if (out->count == most) {
			out->reduced = 1;
			continue;
		}
		memcpy(next, state, sizeof(next));
		set_digit(next, i, digit(state, i) + 1);
		add_move(out, next, i);
	}
	if (sum == DIGITS * TOP)
		out->items[0] |= 1;
	if (sum == TOP && digit(state, 0) == TOP)
		out->items[0] |= 2;
	out->items[1] |= 1u << 6;
}

static void grid_expand(const uint64_t *state, struct moves *out)
{
	grid_moves(state, out, DIGITS);
}

static void grid_reduce(const uint64_t *state, struct moves *out)
{
	grid_moves(state, out, 1);
}

static void grid_canonical(uint64_t *state)
{
	for (uint32_t i = 0; i < DIGITS; i++)
		for (uint32_t k = i; k > 0 && digit(state, k) < digit(state, k - 1); k--) {
			uint64_t moved = digit(state, k);

			set_digit(state, k, digit(state, k - 1));
			set_digit(state, k - 1, moved);
		}
}

const struct model *toy_grid(void)
{
	static const struct model model = {
		.abi = MODEL_ABI, .words = WORDS, .bits = 64 * WORDS, .steps = DIGITS, .items = 71,
		.most_moves = DIGITS, .ordered = 1, .initial = zeroes,
		.expand = grid_expand, .reduce = grid_reduce, .canonical = grid_canonical,
	};

	return &model;
}

/* ---------------------------------------------------------------- star
 * Step i leads from the middle to leaf i. No item.
 */
#define LEAVES 20000

static void star_expand(const uint64_t *state, struct moves *out)
{
	uint64_t leaf[WORDS];

	out->count = 0;
	out->reduced = 0;
	if (memcmp(state, zeroes, sizeof(zeroes)))
		return;
	memset(leaf, 0, sizeof(leaf));
	for (uint32_t i = 0; i < LEAVES; i++) {
		leaf[WORDS - 1] = i + 1;
		add_move(out, leaf, i);
	}
}

const struct model *toy_star(void)
{
	static const struct model model = {
		.abi = MODEL_ABI, .words = WORDS, .bits = 64 * WORDS, .steps = LEAVES, .items = 1,
		.most_moves = LEAVES, .ordered = 1, .initial = zeroes, .expand = star_expand,
	};

	return &model;
}

/* ---------------------------------------------------------------- chain
 * Step 0 goes from n to n + 1, step 1 from an even n > 0 to n + 10 if that is
 * below the end; item 0: the end, 1000.
 */
#define END 1000

static void chain_expand(const uint64_t *state, struct moves *out)
{
	uint64_t next[WORDS];

	out->count = 0;
	out->reduced = 0;
	memcpy(next, state, sizeof(next));
	if (state[0] == END) {
		out->items[0] |= 1;
		return;
	}
	next[0] = state[0] + 1;
	add_move(out, next, 0);
	next[0] = state[0] + 10;
	if (state[0] && state[0] % 2 == 0 && next[0] < END)
		add_move(out, next, 1);
}

const struct model *toy_chain(void)
{
	static const struct model model = {
		.abi = MODEL_ABI, .words = WORDS, .bits = 64 * WORDS, .steps = 2, .items = 1,
		.most_moves = 2, .ordered = 1, .initial = zeroes, .expand = chain_expand,
	};

	return &model;
}

/* ---------------------------------------------------------------- idler
 * Step 0 goes round a circle of three, step 1 happens once and shows item 0.
 * The reduction always postpones step 1.
 */
static void idler_moves(const uint64_t *state, struct moves *out, uint32_t reduced)
{
	uint64_t round = state[0] & 3, once = state[0] >> 2, next[WORDS];

	out->count = 0;
	out->reduced = reduced && !once;
	out->items[0] |= once;
	memcpy(next, state, sizeof(next));
	next[0] = once << 2 | (round + 1) % 3;
	add_move(out, next, 0);
	if (once || reduced)
		return;
	next[0] = 4 | round;
	add_move(out, next, 1);
}

static void idler_expand(const uint64_t *state, struct moves *out)
{
	idler_moves(state, out, 0);
}

static void idler_reduce(const uint64_t *state, struct moves *out)
{
	idler_moves(state, out, 1);
}

const struct model *toy_idler(void)
{
	static const struct model model = {
		.abi = MODEL_ABI, .words = WORDS, .bits = 64 * WORDS, .steps = 2, .items = 1,
		.most_moves = 2, .ordered = 1, .initial = zeroes, .expand = idler_expand, .reduce = idler_reduce,
	};

	return &model;
}

/* ---------------------------------------------------------------- peterson
 * Two threads and Peterson's algorithm, step 4 t + pc of thread t: raise the
 * flag, give the turn away, wait, leave. Word 0: pc of thread t at bit 2 t, its
 * flag at 4 + t, the turn at 6. Item 0: both are inside; item 1: a deadlock. In
 * the broken one, nobody gives the turn away.
 */
static uint64_t peterson_next(uint64_t state, uint32_t t, uint32_t pc)
{
	static const uint64_t after[] = {1, 2, 3, 0};

	state = (state & ~(3ull << 2 * t)) | after[pc] << 2 * t;
	if (pc == 0)
		return state | 16ull << t;
	if (pc == 3)
		return state & ~(16ull << t);
	return state;
}

static void peterson_moves(const uint64_t *state, struct moves *out, int broken)
{
	uint64_t next[WORDS];

	out->count = 0;
	out->reduced = 0;
	memcpy(next, state, sizeof(next));
	for (uint32_t t = 0; t < 2; t++) {
		uint32_t pc = (uint32_t)(state[0] >> 2 * t & 3), other = 1 - t;
		uint64_t turn = state[0] >> 6 & 1;

		if (pc == 2 && (state[0] >> (4 + other) & 1) && turn == other)
			continue;
		next[0] = peterson_next(state[0], t, pc);
		if (pc == 1 && !broken)
			next[0] = (next[0] & ~64ull) | (uint64_t)other << 6;
		add_move(out, next, 4 * t + pc);
	}
	if ((state[0] & 15) == 15)
		out->items[0] |= 1;
	if (!out->count)
		out->items[0] |= 2;
}

static void peterson_expand(const uint64_t *state, struct moves *out)
{
	peterson_moves(state, out, 0);
}

static void broken_expand(const uint64_t *state, struct moves *out)
{
	peterson_moves(state, out, 1);
}

const struct model *toy_peterson(void)
{
	static const struct model model = {
		.abi = MODEL_ABI, .words = WORDS, .bits = 64 * WORDS, .steps = 8, .items = 2,
		.most_moves = 2, .ordered = 1, .initial = zeroes, .expand = peterson_expand,
	};

	return &model;
}

const struct model *toy_broken(void)
{
	static const struct model model = {
		.abi = MODEL_ABI, .words = WORDS, .bits = 64 * WORDS, .steps = 8, .items = 2,
		.most_moves = 2, .ordered = 1, .initial = zeroes, .expand = broken_expand,
	};

	return &model;
}
