/* The edges of the product of graph and automaton, and what fairness says of them. */
#ifndef OOMCHECK_RUN_HOPS_H
#define OOMCHECK_RUN_HOPS_H

#include "runs.h"

struct hop {
	uint32_t target; /* node */
	uint32_t step;
	uint64_t marks;
};

/* What the automaton sees of a state. */
static inline uint64_t run_reading(const struct run_graph *graph, const struct run_automaton *automaton, uint32_t state)
{
	return automaton->reading ? automaton->reading[graph->letter[state]] : 0;
}

/* Where the moves of one state of the automaton begin, in this state of the graph, and then where they end. */
static inline const uint32_t *run_moves_of(const struct run_graph *graph, const struct run_automaton *automaton,
					   const struct run_moves *moves, uint32_t state, uint32_t at)
{
	return moves->begin + run_reading(graph, automaton, state) * automaton->width + at;
}

/* The assumptions that a transition is a step of. */
static inline uint64_t run_taken(const struct run_query *query, uint32_t step)
{
	return step < query->steps ? query->taken[step] : 0;
}

static inline bool run_allowed(const struct run_query *query, uint32_t step)
{
	return !query->allowed || (step < query->steps && query->allowed[step]);
}

/* The assumptions that have a step enabled in a state; those of `wanted` at least. */
static inline uint64_t run_enabled(const struct run_query *query, uint32_t state, uint64_t wanted)
{
	const struct run_graph *graph = &query->graph;
	uint64_t enabled = query->demands.due[graph->letter[state]];

	for (uint64_t edge = graph->first[state]; edge < graph->first[state + 1]; edge++) {
		if ((enabled & wanted) == wanted)
			break;
		enabled |= run_taken(query, graph->step[edge]);
	}
	return enabled;
}

/* The edges that leave a node, in the order of the graph's edges and then of the automaton's. */
struct hops {
	const struct run_query *query;
	const struct run_moves *moves;
	uint64_t edge, end;
	uint32_t first, move, last;
};

static inline struct hops hops_of(const struct run_query *query, const struct run_moves *moves, uint32_t node)
{
	const struct run_automaton *automaton = &query->automaton;
	uint32_t state = node / automaton->width;
	const uint32_t *begin = run_moves_of(&query->graph, automaton, moves, state, node % automaton->width);

	return (struct hops){
		.query = query,
		.moves = moves,
		.edge = query->graph.first[state],
		.end = begin[0] < begin[1] ? query->graph.first[state + 1] : 0,
		.first = begin[0],
		.move = begin[0],
		.last = begin[1],
	};
}

static inline bool hops_next(struct hops *hops, struct hop *hop)
{
	const struct run_query *query = hops->query;

	if (hops->edge >= hops->end)
		return false;
	uint32_t base = query->graph.target[hops->edge] * query->automaton.width;

	*hop = (struct hop){base + hops->moves->target[hops->move], query->graph.step[hops->edge],
			    hops->moves->marks[hops->move]};
	if (++hops->move == hops->last) {
		hops->move = hops->first;
		hops->edge++;
	}
	return true;
}

#endif
