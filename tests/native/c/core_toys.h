/* Small models written by hand, and a plain search of them that the core is held against. */
#ifndef CORE_TOYS_H
#define CORE_TOYS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "search.h"
#include "trace.h"

#define MOST_LENGTH 64 /* of a path */

/* The grid has six counters up to TOP. Threads that take few numbers at once start with a small table. */
#ifndef TOP
#define TOP 6
#endif
#define FIFTH ((uint64_t)(TOP + 1) * (TOP + 1) * (TOP + 1) * (TOP + 1) * (TOP + 1))
#define GRID (FIFTH * (TOP + 1))
#define GRID_STEPS (6 * TOP * FIFTH)

#define check(condition)                                                              \
	do {                                                                          \
		if (!(condition)) {                                                   \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			_Exit(1);                                                     \
		}                                                                     \
	} while (0)

/* States are numbered in the order in which a search with a queue finds them. */
struct plain {
	uint64_t states, transitions, depth;
	uint64_t *keys;      /* by number */
	uint32_t *depths;    /* by number */
	uint64_t *parents;   /* by number */
	uint32_t *steps;     /* by number: how it was first reached */
	int64_t *item_depth; /* by item */
	uint64_t *item_at;   /* by item: the first state with it */
};

struct toy {
	const char *name;
	const struct model *model;
	uint64_t (*key)(const uint64_t *state); /* another number for every state */
	uint64_t keys;                          /* they are below this */
};

extern const struct toy toys[];
extern const unsigned toy_count;
extern const struct toy *const grid, *const maze, *const fan; /* in `toys` */

struct plain plain_search(const struct toy *toy);
void plain_free(struct plain *plain);

/* Options without limits. */
struct search_options plain_options(const struct toy *toy, uint32_t threads);

/* Run to the end; the status. */
int run(struct search *search);

/* All that is exact: counts, items with their depths, steps, and the path to every item. */
void check_same(struct search *search, const struct toy *toy, const struct plain *plain);

#endif
