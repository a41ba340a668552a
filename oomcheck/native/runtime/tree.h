/*
 * Tree compression: a wide state as a pair of numbers.
 *
 * The words of a state are the leaves of a binary tree. A leaf stands for its
 * word, an inner node for the pair of its children's numbers; either is 64
 * bits, a part, which has a number in one set that all states and nodes share.
 * The key of a state is the pair below the root. Numbers are one to one, so
 * keys are equal exactly if states are (Blom, Lisser, van de Pol, Weber, "A
 * Database Approach to Distributed State-Space Generation", PDMC 2007; one
 * shared set for all nodes as in Laarman, van de Pol, Weber, "Parallel
 * Recursive State Compression for Free", SPIN 2011, with its section on
 * incremental updates: a state differs little from the one it comes from, so
 * only the parts above what differs are looked up).
 *
 * Node 1 is the root, the children of node k are 2k and 2k + 1, and word w is
 * node width + w: a full binary tree for any width from 2 on.
 */
#ifndef OOMCHECK_TREE_H
#define OOMCHECK_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "visited.h"

#ifndef MOST_PARTS
#define MOST_PARTS ((uint64_t)UINT32_MAX - 1) /* numbers have 32 bits, and UINT32_MAX is of no part */
#endif

#define NO_KEY UINT64_MAX /* of a state of which some part has no number */

/* Of one thread: the state that it works on, taken apart. */
struct tree {
	uint32_t width;    /* words of a state, at least 2 */
	uint32_t sets;     /* words of a set of nodes */
	uint64_t *words;   /* of the state that was loaded last */
	uint32_t *numbers; /* of its parts, by node */
	uint32_t *fresh;   /* of the parts of a state that is being folded, where it differs from that one */
	uint64_t *changed; /* set of nodes: where it does */
	struct tail tail;  /* numbers of parts to give */
};

/* A tree with no state loaded; false without memory. */
bool tree_open(struct tree *tree, uint32_t width);
void tree_close(struct tree *tree);

/* The state with this key. */
void tree_load(struct tree *tree, const struct visited *parts, uint64_t key, uint64_t *state);

/* The key of a state, whose new parts get numbers. */
uint64_t tree_add(struct tree *tree, struct visited *parts, const uint64_t *state, bool shared);

/* The key of a state, or NO_KEY. Nobody adds meanwhile. */
uint64_t tree_find(struct tree *tree, const struct visited *parts, const uint64_t *state);

#endif
