#include "core_toys.h"

static const uint64_t zeroes[WORDS];

static void add_move(struct moves *out, uint32_t step)
{
	out->steps[out->count++] = step;
}

static uint64_t *next_state(struct moves *out)
{
	return out->states + (uint64_t)out->count * WORDS;
}

/* ---------------------------------------------------------------- grid
 * SIX counters from 0 to TOP; step i raises counter i. The counters lie in the
 * first word, and in the last one if there are more. Item 0: all are at TOP.
 * Item 65: always. Item 66: never. Item 67: the last is at TOP, the others at 0.
 */
#define SIX 6

static uint64_t digit(const uint64_t *state, uint32_t i)
{
	return state[i % 2 * (WORDS - 1)] >> 4 * i & 15;
}

static uint64_t grid_key(const uint64_t *state)
{
	uint64_t key = 0;

	for (uint32_t i = 0; i < SIX; i++)
		key = key * (TOP + 1) + digit(state, i);
	return key;
}

static void grid_expand(const uint64_t *state, struct moves *out)
{
	uint64_t sum = 0;

	out->count = out->reduced = 0;
	for (uint32_t i = 0; i < SIX; i++) {
		sum += digit(state, i);
		if (digit(state, i) == TOP)
			continue;
		memcpy(next_state(out), state, sizeof(zeroes));
		next_state(out)[i % 2 * (WORDS - 1)] += (uint64_t)1 << 4 * i;
		add_move(out, i);
	}
	out->items[0] |= sum == SIX * TOP;
	out->items[1] |= 2 | (uint64_t)(sum == TOP && digit(state, SIX - 1) == TOP) << 3;
}

static const struct model grid_model = {
	.abi = MODEL_ABI, .words = WORDS, .bits = 64 * (WORDS - 1) + 4 * SIX, .steps = SIX, .items = 68,
	.most_moves = SIX, .ordered = 1, .initial = zeroes, .expand = grid_expand,
};

/* ---------------------------------------------------------------- maze
 * Rooms that are joined at random, by up to four ways from each, some of them
 * back to where one is. Item i: the number of the room leaves i divided by 1009.
 * The number lies in the lowest and in the highest bits.
 */
#define ROOMS (TOP < 6 ? 5000 : 20000)
#define LOW_BITS 9
#define HIGH_BITS 9

static uint64_t maze_key(const uint64_t *state)
{
	if (WORDS == 1)
		return state[0];
	return state[0] | state[WORDS - 1] << LOW_BITS;
}

static void maze_expand(const uint64_t *state, struct moves *out)
{
	uint64_t room = maze_key(state);

	out->count = out->reduced = 0;
	for (uint32_t way = 0; way < 4; way++) {
		uint64_t draw = fold(room * 4 + way + 1, 0xe7037ed1a0b428db), next = draw % ROOMS;

		if (draw >> 61 < 3)
			continue; /* no way; eight rooms of nineteen hundred have none at all */
		memset(next_state(out), 0, sizeof(zeroes));
		if (WORDS == 1) {
			next_state(out)[0] = next;
		} else {
			next_state(out)[0] = next & ((1 << LOW_BITS) - 1);
			next_state(out)[WORDS - 1] = next >> LOW_BITS;
		}
		add_move(out, 4 - way); /* not in the order of the steps */
	}
	if (room % 1009 < 130)
		out->items[room % 1009 / 64] |= (uint64_t)1 << room % 1009 % 64;
}

static const struct model maze_model = {
	.abi = MODEL_ABI, .words = WORDS, .bits = WORDS == 1 ? LOW_BITS + HIGH_BITS : 64 * (WORDS - 1) + HIGH_BITS,
	.steps = 5, .items = 130, .most_moves = 4, .initial = zeroes, .expand = maze_expand,
};

/* ---------------------------------------------------------------- fan
 * FAN ways from the first state and from each of those where 7 divides the
 * number; these all lead to the same FAN states, all of which rest.
 */
#define FAN 3000

static uint64_t fan_key(const uint64_t *state)
{
	return state[WORDS - 1];
}

static void fan_expand(const uint64_t *state, struct moves *out)
{
	uint64_t key = fan_key(state), base = key ? FAN + 1 : 1;

	out->count = out->reduced = 0;
	for (uint32_t k = 0; key <= FAN && key % 7 == 0 && k < FAN; k++) {
		memset(next_state(out), 0, sizeof(zeroes));
		next_state(out)[WORDS - 1] = base + k;
		add_move(out, k);
	}
	out->items[0] |= (uint64_t)(key == FAN) | (uint64_t)(key == 2 * FAN) << 1;
}

static const struct model fan_model = {
	.abi = MODEL_ABI, .words = WORDS, .bits = 64 * (WORDS - 1) + 13, .steps = FAN, .items = 2, .most_moves = FAN,
	.ordered = 1, .initial = zeroes, .expand = fan_expand,
};

/* ---------------------------------------------------------------- alone
 * One state and nothing else.
 */
static void alone_expand(const uint64_t *state, struct moves *out)
{
	(void)state;
	out->count = out->reduced = 0;
	out->items[0] |= 1;
}

static const struct model alone_model = {
	.abi = MODEL_ABI, .words = WORDS, .bits = 64 * (WORDS - 1) + 1, .steps = 0, .items = 1, .most_moves = 1,
	.ordered = 1, .initial = zeroes, .expand = alone_expand,
};

const struct toy toys[] = {
	{ "grid", &grid_model, grid_key, GRID },
	{ "maze", &maze_model, maze_key, ROOMS },
	{ "fan", &fan_model, fan_key, 2 * FAN + 1 },
	{ "alone", &alone_model, fan_key, 1 },
};
const unsigned toy_count = sizeof(toys) / sizeof(toys[0]);
const struct toy *const grid = &toys[0], *const maze = &toys[1], *const fan = &toys[2];

/* ---------------------------------------------------------------- a plain search */

static void by_steps(struct moves *moves, uint32_t *order)
{
	for (uint32_t k = 0; k < moves->count; k++) {
		uint32_t i = k;

		for (; i > 0 && moves->steps[order[i - 1]] > moves->steps[k]; i--)
			order[i] = order[i - 1];
		order[i] = k;
	}
}

static void note_items(struct plain *plain, const struct model *model, const uint64_t *items, uint64_t number)
{
	for (uint32_t item = 0; item < model->items; item++) {
		if (plain->item_depth[item] < 0 && items[item / 64] >> item % 64 & 1) {
			plain->item_depth[item] = plain->depths[number];
			plain->item_at[item] = number;
		}
	}
}

struct plain plain_search(const struct toy *toy)
{
	const struct model *model = toy->model;
	uint64_t (*states)[WORDS] = calloc(toy->keys, sizeof(*states)), items[8];
	uint8_t *known = calloc(toy->keys, 1);
	uint32_t *order = calloc(model->most_moves, sizeof(*order));
	struct moves moves = {
		.states = calloc(model->most_moves, sizeof(zeroes)),
		.steps = calloc(model->most_moves, sizeof(uint32_t)),
		.items = items,
	};
	struct plain plain = {
		.states = 1, .keys = calloc(toy->keys, 8), .depths = calloc(toy->keys, 4),
		.parents = calloc(toy->keys, 8), .steps = calloc(toy->keys, 4),
		.item_depth = calloc(model->items, 8), .item_at = calloc(model->items, 8),
	};

	memset(plain.item_depth, 0xff, model->items * sizeof(int64_t));
	memcpy(states[0], model->initial, sizeof(zeroes));
	known[toy->key(states[0])] = 1;
	for (uint64_t number = 0; number < plain.states; number++) {
		memset(items, 0, sizeof(items));
		model->expand(states[number], &moves);
		plain.keys[number] = toy->key(states[number]);
		plain.depth = plain.depths[number];
		plain.transitions += moves.count;
		note_items(&plain, model, items, number);
		by_steps(&moves, order);
		for (uint32_t k = 0; k < moves.count; k++) {
			const uint64_t *next = moves.states + (uint64_t)order[k] * WORDS;

			if (known[toy->key(next)])
				continue;
			known[toy->key(next)] = 1;
			memcpy(states[plain.states], next, sizeof(zeroes));
			plain.depths[plain.states] = plain.depths[number] + 1;
			plain.parents[plain.states] = number;
			plain.steps[plain.states++] = moves.steps[order[k]];
		}
	}
	free(states);
	free(known);
	free(order);
	free(moves.states);
	free(moves.steps);
	return plain;
}

void plain_free(struct plain *plain)
{
	free(plain->keys);
	free(plain->depths);
	free(plain->parents);
	free(plain->steps);
	free(plain->item_depth);
	free(plain->item_at);
}

/* ---------------------------------------------------------------- the core */

struct search_options plain_options(const struct toy *toy, uint32_t threads)
{
	uint64_t bytes = (toy->keys + 1024 * (uint64_t)threads) * 8 * WORDS;

	return (struct search_options){ .log_bytes = 16 * bytes + (1 << 20), .depth = -1, .threads = threads };
}

int run(struct search *search)
{
	int status;

	do
		status = search_run(search, 0.01);
	while (status == SEARCH_SLICE || status == SEARCH_LEVEL);
	return status;
}

static void check_paths(struct search *search, const struct plain *plain, const uint32_t *some, uint32_t count)
{
	uint64_t sets[MOST_TARGETS][8] = { 0 };
	struct target targets[MOST_TARGETS];
	uint32_t steps[MOST_LENGTH];
	struct tracing *tracing;

	for (uint32_t t = 0; t < count; t++) {
		sets[t][some[t] / 64] = (uint64_t)1 << some[t] % 64;
		targets[t] = (struct target){ (uint64_t)plain->item_depth[some[t]], sets[t] };
	}
	tracing = tracing_new(search, targets, count);
	check(tracing);
	while (tracing_run(tracing, 0.01) == SEARCH_SLICE)
		;
	check(tracing->status == SEARCH_DONE);
	for (uint32_t t = 0; t < count; t++) {
		uint64_t number = plain->item_at[some[t]];

		check(tracing_path(tracing, t, steps));
		for (uint64_t length = targets[t].depth; length--; number = plain->parents[number])
			check(steps[length] == plain->steps[number]);
	}
	tracing_free(tracing);
}

void check_same(struct search *search, const struct toy *toy, const struct plain *plain)
{
	const struct search_facts *facts = search_facts(search);
	uint32_t some[MOST_TARGETS], count = 0;

	check(facts->states == plain->states);
	check(facts->transitions == plain->transitions);
	check(facts->depth == plain->depth);
	for (uint32_t item = 0; item < toy->model->items; item++) {
		check(facts->item_depth[item] == plain->item_depth[item]);
		check((facts->items[item / 64] >> item % 64 & 1) == (plain->item_depth[item] >= 0));
	}
	for (uint32_t item = 0; item < toy->model->items; item++) {
		if (plain->item_depth[item] >= 0)
			some[count++] = item;
		if (count == MOST_TARGETS || (count && item + 1 == toy->model->items)) {
			check_paths(search, plain, some, count);
			count = 0;
		}
	}
}
