/* Strongly connected components of a product, or of what is left of it, split again and again. */
#ifndef OOMCHECK_COMPONENTS_H
#define OOMCHECK_COMPONENTS_H

#include "run_lists.h"
#include "runs.h"

/* Labels: 0 for a node that is to be visited, then its least visit, then CLOSED and a node of its component. */
#define LABEL_CLOSED (UINT32_C(1) << 31)
#define LABEL_OUTSIDE UINT32_MAX /* in no component */

/* A node on the path of the search. */
struct visit {
	uint64_t due;     /* what is left to be visited from here begins at this place of the list */
	uint32_t waiting; /* nodes that were waiting when it was entered */
	uint32_t node;
	uint32_t least;   /* the least visit that it reaches, as far as is known */
	bool root;        /* that is its own */
	bool loops;       /* an edge leads back to it */
};

struct visits {
	struct visit *at;
	uint64_t count, room;
};

/*
 * What is told of a component: its nodes, which may not be kept, and whether
 * it has any edge, which one node may lack. False ends the search.
 */
typedef bool component_closed(void *context, const uint32_t *nodes, uint64_t count, bool loops);

struct components {
	const struct run_graph *graph;
	const struct run_automaton *automaton; /* its inner moves are the edges of the product that count */
	const uint8_t *allowed;                /* by transition, NULL: all */
	uint32_t steps;                        /* length of `allowed` */
	uint32_t *label;                       /* by node; owned by the caller */
	component_closed *closed;
	void *context;
	int *stop;

	struct visits path;
	struct run_list due;     /* targets of edges from the path that were not visited when they were looked at */
	struct run_list waiting; /* left, but their component is not closed */
	uint32_t visits;
};

/*
 * Visit all nodes with label 0 that `root` reaches and tell of their
 * components, each after those that it reaches. All nodes of a component that
 * has been told of have the same label, and no other node has it; a caller may
 * set labels of such nodes to 0 or LABEL_OUTSIDE between two calls, if it does
 * so with the whole component. Returns a runs_status; RUNS_MEMORY also if
 * `closed` said false.
 */
int components_from(struct components *components, uint32_t root);
void components_free(struct components *components);

#endif
