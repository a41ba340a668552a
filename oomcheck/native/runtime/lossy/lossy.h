/*
 * Depth-first search with a table that forgets (lossy_table.h).
 *
 * What it finds is real, since it keeps the path to each finding. What it does
 * not find may exist. A search is a pure function of the model and the options;
 * it is run in slices, by one thread at a time, and searches share nothing.
 */
#ifndef OOMCHECK_LOSSY_H
#define OOMCHECK_LOSSY_H

#include "model.h"

#define LOSSY_COMPACT 1u  /* hash compaction; else bit state */
#define LOSSY_SHUFFLE 2u  /* successors in an order drawn by the seed; else in the model's order */
#define LOSSY_REDUCE 4u   /* explore what `reduce` gives, where the model has it */
#define LOSSY_SYMMETRY 8u /* states of one symmetry class count as one, where the model has `canonical` */

struct lossy_options {
	uint64_t table;         /* bytes of the table, at least 64 */
	uint64_t stack;         /* bytes of the path and of the states that wait, at most */
	uint64_t seed;          /* of the hash functions and of the order */
	uint64_t depth;         /* steps of a path, at most */
	uint64_t states;        /* states to visit, at most */
	const uint64_t *wanted; /* set of items to keep the path to */
	uint32_t flags;         /* LOSSY_... */
	uint32_t strength;      /* bit state: hash functions, 1 to 16; compaction: bytes of a slot, 1 to 8 */
	uint32_t want;          /* WANT_..., see `lossy_want` */
	uint32_t unused;
};

/* How a slice ended. */
#define LOSSY_RUNNING 0u   /* call again */
#define LOSSY_DONE 1u      /* no state waits any more */
#define LOSSY_FULL 2u      /* a state could not be added: the bound on states, or a full table */
#define LOSSY_NEWS 3u      /* the state expanded last has an item that none had before: call again */
#define LOSSY_NO_MEMORY 4u /* for the path to a finding */

struct lossy_counts {
	uint64_t states;      /* states added, the initial one included: all distinct */
	uint64_t transitions; /* steps to them or to states that seemed known */
	uint64_t waiting;     /* states added and not yet expanded */
	uint64_t depth;       /* steps of the longest path so far */
	uint64_t cut_depth;   /* steps not taken because of the bound on depth */
	uint64_t cut_stack;   /* steps not taken because the stack was full */
	uint64_t places;      /* bits or slots of the table */
	uint64_t set;         /* those in use */
	uint64_t compares;    /* compaction: slots in use that new states were compared with, in all */
	uint64_t most;        /* states that can be added, at most */
};

struct lossy;

/* NULL without memory, or if the options or the width of the model are not those of this core. */
struct lossy *lossy_open(const struct model *model, const struct lossy_options *options);

/* Expand at most `expansions` states; how the slice ended. After ends that do not say "call again" the search is over. */
uint32_t lossy_run(struct lossy *search, uint64_t expansions);

/* Look for other things from now on. */
void lossy_want(struct lossy *search, uint32_t want);

void lossy_count(const struct lossy *search, struct lossy_counts *counts);

/* Steps of the shortest path found to item `item`, UINT64_MAX if it was not found or not wanted. */
uint64_t lossy_path_length(const struct lossy *search, uint32_t item);

/* That path; valid until the next slice. */
const uint32_t *lossy_path(const struct lossy *search, uint32_t item);

/* A byte for each step of the model: 1 if it was enabled in a state that was expanded. */
const uint8_t *lossy_fired(const struct lossy *search);

/* The set of all items found, wanted or not. */
const uint64_t *lossy_seen(const struct lossy *search);

void lossy_close(struct lossy *search);

/*
 * Make a path shorter: a shortest path among the states of the path and their
 * successors takes its place, again and again. Writes the steps over the path
 * and returns how many they are; the last state is the same. UINT64_MAX without
 * memory or if `steps` is no path; then it is unchanged. Once another thread sets
 * `*halt` (NULL: nobody will) it ends within microseconds, with the last path that
 * it has.
 */
uint64_t lossy_shorten(const struct model *model, uint32_t *steps, uint64_t length, const uint32_t *halt);

#endif
