/*
 * Questions about runs, answered on the finished graph of the reachable states.
 *
 * Everything here works on the numbers of states, transitions and classes of
 * states; nothing knows a model or the search that made the graph. The
 * functions keep nothing between two calls and may run on any thread. They
 * look at `*stop` every few thousand steps and come back when it is not 0.
 *
 * A run is read by a Büchi automaton. Pair (s, q) of a state and a state of
 * the automaton is node s * width + q of the product.
 */
#ifndef OOMCHECK_RUNS_H
#define OOMCHECK_RUNS_H

#include <stdbool.h>
#include <stdint.h>

enum runs_status {
	RUNS_DONE,
	RUNS_STOPPED,   /* `*stop` was set */
	RUNS_MEMORY,    /* the system gave no more memory */
	RUNS_TOO_LARGE, /* the product has more than RUNS_MOST_NODES nodes */
};

#define RUNS_MOST_NODES ((UINT64_C(1) << 31) - 2)

/* The graph; the edges of state s are first[s] .. first[s + 1] - 1. */
struct run_graph {
	uint64_t states;
	const uint64_t *first;
	const uint32_t *target; /* by edge */
	const uint32_t *step;   /* by edge: its transition */
	const uint32_t *parent; /* state before on a shortest path; smaller, but for state 0, which has none */
	const uint32_t *letter; /* class of a state: the conditions that hold there */
	const uint8_t *rests;   /* 1 where a run may stay for ever */
};

/* Edges of the automaton: with reading r state q has edges begin[r * width + q] up to the next begin. */
struct run_moves {
	const uint32_t *begin;
	const uint32_t *target;
	const uint64_t *marks; /* acceptance sets */
};

struct run_automaton {
	uint32_t width; /* states */
	uint32_t starts;
	const uint32_t *start;   /* the initial states */
	const uint32_t *reading; /* by class: what the automaton sees of it; NULL: nothing, reading 0 */
	struct run_moves moves;
	struct run_moves inner;   /* those that stay in an accepting part of the automaton */
	const uint8_t *accepting; /* by state: it lies in such a part */
	const uint8_t *stutters;  /* by reading and state: accepts that the reading repeats for ever */
	uint64_t all_marks;
};

/* Fairness: assumption i has bit i. */
struct run_demands {
	uint64_t weak, strong, progress;
	const uint64_t *due; /* by class: a step is due that ends the behaviour */
};

struct run_query {
	struct run_graph graph;
	struct run_automaton automaton;
	struct run_demands demands;
	uint32_t steps;         /* length of the next two; other transitions are of no assumption and not allowed */
	const uint64_t *taken;  /* by transition: the assumptions it is a step of */
	const uint8_t *allowed; /* by transition: loops may take it; NULL: they may take any, and rest */
	int *stop;
};

/* A lasso: transitions of the stem, then those of the loop; no loop for a run that rests. */
struct run_lasso {
	uint32_t found; /* 0: there is none */
	uint64_t stem, loop;
	uint32_t *steps;
};

/* The lasso that is reached first; release it with runs_lasso_free, whatever was returned. */
int runs_find_lasso(const struct run_query *query, struct run_lasso *lasso);
void runs_lasso_free(struct run_lasso *lasso);

/* What a longest path is to be found for. */
struct run_weights {
	struct run_graph graph;
	const uint8_t *sources; /* by class: sums begin here; NULL: in state 0 alone */
	const uint8_t *exits;   /* by class: sums end here, this comes before `sources`; NULL: nowhere */
	uint32_t steps;         /* length of `weight`; other transitions add nothing */
	const uint64_t *weight;
	uint32_t rest_is_endless; /* a run that rests before an exit has no greatest sum */
	int *stop;
};

enum run_end {
	RUN_NO_SOURCE, /* no state is a source, exit or not */
	RUN_GREATEST,
	RUN_PUMPS, /* a loop adds something */
	RUN_RESTS, /* a run rests */
};

/*
 * The greatest sum, with a shortest path from state `source` that reaches it,
 * or the way from there to where a run goes on for ever, and its loop.
 */
struct run_longest {
	uint32_t end;    /* RUN_... */
	uint32_t source; /* with a greatest sum of 0: the first source, exit or not */
	uint64_t value;
	uint64_t stem, loop;
	uint32_t *steps;
};

int runs_find_longest(const struct run_weights *weights, struct run_longest *longest);
void runs_longest_free(struct run_longest *longest);

#endif
