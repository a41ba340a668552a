/*
 * How a search keeps states in its visited set.
 *
 * A core for states of WORDS words keeps them as they are. One that is
 * compiled with FOLDED, and WORDS 1, takes models of any width from 2 words
 * on: what it keeps and compares is the key that `tree.h` makes of a state.
 */
#ifndef OOMCHECK_STORE_H
#define OOMCHECK_STORE_H

#include "search.h"

/* Where the successors of a state go, one after the other. */
static inline uint64_t *store_space(struct worker *worker)
{
#ifdef FOLDED
	return worker->successors;
#else
	return worker->batch.states + (uint64_t)worker->batch.count * WORDS;
#endif
}

static inline void store_load(struct worker *worker, uint64_t number, uint64_t *state)
{
	const struct visited *visited = &worker->search->visited;
#ifdef FOLDED
	uint64_t key;

	visited_load(visited, number, &key);
	tree_load(&worker->tree, &worker->search->parts, key, state);
#else
	(void)worker;
	visited_load(visited, number, state);
#endif
}

/* What stands for a successor in the batch, at `place`; if it is not to be added, then maybe nothing that exists. */
static inline const uint64_t *store_key(struct worker *worker, const uint64_t *state, uint32_t place, bool add)
{
#ifdef FOLDED
	struct visited *parts = &worker->search->parts;

	worker->batch.states[place] = add ? tree_add(&worker->tree, parts, state, worker->search->options.threads > 1) :
					    tree_find(&worker->tree, parts, state);
	return worker->batch.states + place;
#else
	(void)worker, (void)place, (void)add;
	return state;
#endif
}

/* Number of a state, or NOWHERE. One that somebody adds meanwhile may be missed. */
static inline uint64_t store_find(struct worker *worker, const uint64_t *state)
{
	const struct search *search = worker->search;
#ifdef FOLDED
	uint64_t key = tree_find(&worker->tree, &search->parts, state);

	return visited_find(&search->visited, &key, state_hash(&key));
#else
	return visited_find(&search->visited, state, state_hash(state));
#endif
}

/* ---- store.c */

/* The parts of keys, while no worker runs. Without FOLDED there are none: nothing to do, and room for all. */
bool store_open(struct search *search);
void store_close(struct search *search);
bool store_open_worker(struct worker *worker);
void store_close_worker(struct worker *worker);
uint64_t store_bytes(const struct search *search);

/* States in a chunk, at most: so few that their new parts do not fill the table before the next look at it. */
uint64_t store_chunk(const struct search *search);

/* Whether there must be more room for parts before the next chunk. */
bool store_is_tight(const struct search *search);

/* Make that room: SEARCH_SLICE, or why there is none. */
int store_make_room(struct search *search);

#endif
