/* Shorter paths: a depth-first search reaches a state by thousands of detours. */
#include "lossy.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LOSSY_STATE ((uint64_t)WORDS) /* words */
#define LOSSY_NOWHERE UINT32_MAX
#define LOSSY_NEAR ((uint64_t)1 << 22) /* states to search among, if the path has not more itself */
#define LOSSY_ROUNDS 16

/* A numbered set of states, and a breadth-first tree in it. */
struct lossy_walk {
	const struct model *model;
	const uint32_t *halt;
	struct moves moves;
	uint64_t *states;
	uint64_t count, room;
	uint32_t *slots; /* hash table of numbers */
	uint64_t mask;
	uint32_t *parent, *step; /* by number; LOSSY_NOWHERE before the state is reached */
	uint32_t *queue;
};

static uint64_t *lossy_at(const struct lossy_walk *walk, uint64_t number)
{
	return walk->states + number * LOSSY_STATE;
}

static uint32_t *lossy_find(const struct lossy_walk *walk, const uint64_t *state)
{
	uint64_t hash = 0;

	for (uint32_t i = 0; i < WORDS; i++) {
		hash = (hash ^ state[i]) * 0xd6e8feb86659fd93u;
		hash ^= hash >> 32;
	}
	for (;; hash++) {
		uint32_t *slot = &walk->slots[hash & walk->mask];

		if (*slot == LOSSY_NOWHERE || !memcmp(lossy_at(walk, *slot), state, LOSSY_STATE * sizeof(uint64_t)))
			return slot;
	}
}

/* The number of a state, which is added if there is room; else LOSSY_NOWHERE. */
static uint32_t lossy_number(struct lossy_walk *walk, const uint64_t *state)
{
	uint32_t *slot = lossy_find(walk, state);

	if (*slot == LOSSY_NOWHERE && walk->count < walk->room) {
		memcpy(lossy_at(walk, walk->count), state, LOSSY_STATE * sizeof(uint64_t));
		*slot = (uint32_t)walk->count++;
	}
	return *slot;
}

static bool lossy_walk_open(struct lossy_walk *walk, const struct model *model, const uint32_t *halt, uint64_t length)
{
	uint64_t slots = 16, moves = model->most_moves, path = length + 1;

	memset(walk, 0, sizeof(*walk));
	walk->model = model;
	walk->halt = halt;
	walk->room = path >= LOSSY_NEAR ? path : path * (moves + 1) > LOSSY_NEAR ? LOSSY_NEAR : path * (moves + 1);
	while (slots < 2 * walk->room)
		slots *= 2;
	walk->mask = slots - 1;
	walk->states = malloc(walk->room * LOSSY_STATE * sizeof(uint64_t));
	walk->slots = malloc(slots * sizeof(uint32_t));
	walk->parent = malloc(walk->room * sizeof(uint32_t));
	walk->step = malloc(walk->room * sizeof(uint32_t));
	walk->queue = malloc(walk->room * sizeof(uint32_t));
	walk->moves.states = malloc(moves * LOSSY_STATE * sizeof(uint64_t));
	walk->moves.steps = malloc(moves * sizeof(uint32_t));
	walk->moves.items = calloc((model->items + 63) / 64, sizeof(uint64_t));
	if (!walk->states || !walk->slots || !walk->parent || !walk->step || !walk->queue || !walk->moves.states ||
	    !walk->moves.steps || !walk->moves.items)
		return false;
	memset(walk->slots, 0xff, slots * sizeof(uint32_t));
	memset(walk->parent, 0xff, walk->room * sizeof(uint32_t));
	return true;
}

static void lossy_walk_close(struct lossy_walk *walk)
{
	free(walk->states);
	free(walk->slots);
	free(walk->parent);
	free(walk->step);
	free(walk->queue);
	free(walk->moves.states);
	free(walk->moves.steps);
	free(walk->moves.items);
}

/* Whether somebody wants the work to end; asked once for each state that is expanded. */
static bool lossy_halted(const struct lossy_walk *walk)
{
	return walk->halt && __atomic_load_n(walk->halt, __ATOMIC_RELAXED);
}

/* Where a step leads, NULL if it is not enabled. */
static const uint64_t *lossy_follow(struct lossy_walk *walk, const uint64_t *state, uint32_t step)
{
	walk->model->expand(state, &walk->moves);
	for (uint32_t i = 0; i < walk->moves.count; i++)
		if (walk->moves.steps[i] == step)
			return walk->moves.states + i * LOSSY_STATE;
	return NULL;
}

/* Add the states of a path; the number of the last one, LOSSY_NOWHERE if it is no path or the work is halted. */
static uint32_t lossy_walk_along(struct lossy_walk *walk, const uint32_t *steps, uint64_t length)
{
	uint32_t last = lossy_number(walk, walk->model->initial);

	for (uint64_t i = 0; i < length; i++) {
		const uint64_t *next = lossy_follow(walk, lossy_at(walk, last), steps[i]);

		if (!next || lossy_halted(walk))
			return LOSSY_NOWHERE;
		last = lossy_number(walk, next);
	}
	return last;
}

/* Add the successors of all states, as far as there is room: most shortcuts leave the path for one state. */
static void lossy_walk_around(struct lossy_walk *walk)
{
	uint64_t path = walk->count;

	for (uint64_t i = 0; i < path && walk->count < walk->room && !lossy_halted(walk); i++) {
		walk->model->expand(lossy_at(walk, i), &walk->moves);
		for (uint32_t k = 0; k < walk->moves.count; k++)
			(void)lossy_number(walk, walk->moves.states + k * LOSSY_STATE);
	}
}

/* Breadth-first search among the states that were added, from the initial state; whether `target` was reached. */
static bool lossy_walk_across(struct lossy_walk *walk, uint32_t target)
{
	uint64_t head = 0, tail = 0;

	walk->parent[0] = 0;
	walk->queue[tail++] = 0;
	while (walk->parent[target] == LOSSY_NOWHERE) {
		uint32_t number = walk->queue[head++];

		if (lossy_halted(walk))
			return false;
		walk->model->expand(lossy_at(walk, number), &walk->moves);
		for (uint32_t i = 0; i < walk->moves.count; i++) {
			uint32_t next = *lossy_find(walk, walk->moves.states + i * LOSSY_STATE);

			if (next == LOSSY_NOWHERE || walk->parent[next] != LOSSY_NOWHERE)
				continue;
			walk->parent[next] = number;
			walk->step[next] = walk->moves.steps[i];
			walk->queue[tail++] = next;
		}
	}
	return true;
}

static uint64_t lossy_write_path(const struct lossy_walk *walk, uint32_t target, uint32_t *steps)
{
	uint64_t length = 0;

	for (uint32_t at = target; at != 0; at = walk->parent[at])
		length++;
	for (uint64_t i = length; target != 0; target = walk->parent[target])
		steps[--i] = walk->step[target];
	return length;
}

static uint64_t lossy_shorten_once(const struct model *model, uint32_t *steps, uint64_t length, const uint32_t *halt)
{
	struct lossy_walk walk;
	uint64_t shorter = UINT64_MAX;

	if (lossy_walk_open(&walk, model, halt, length)) {
		uint32_t target = lossy_walk_along(&walk, steps, length);

		if (target != LOSSY_NOWHERE) {
			lossy_walk_around(&walk);
			if (lossy_walk_across(&walk, target))
				shorter = lossy_write_path(&walk, target, steps);
		}
	}
	lossy_walk_close(&walk);
	return shorter;
}

uint64_t lossy_shorten(const struct model *model, uint32_t *steps, uint64_t length, const uint32_t *halt)
{
	uint64_t shorter = length;

	/* A number of a state has 32 bits. */
	if (length >= LOSSY_NOWHERE - 1)
		return UINT64_MAX;
	for (uint32_t round = 0; round < LOSSY_ROUNDS; round++) {
		shorter = lossy_shorten_once(model, steps, length, halt);
		if (shorter == UINT64_MAX)
			return round ? length : UINT64_MAX;
		if (shorter == length)
			break;
		length = shorter;
	}
	return shorter;
}
