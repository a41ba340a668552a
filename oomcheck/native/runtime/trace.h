/*
 * Shortest paths to what a search has seen, found again in the finished log.
 *
 * The log keeps no parents. States from which a target can be reached in time
 * are marked level by level, from the target back to the initial state; then
 * the path follows, from state to state, the least step to a marked one. So it
 * is the least of all shortest paths in the order of their steps: the one that
 * a search in that order finds first, whatever the order was in which threads
 * found the states.
 */
#ifndef OOMCHECK_TRACE_H
#define OOMCHECK_TRACE_H

#include "search.h"

#define MOST_TARGETS 8

/* Some state on a level in which some of the items hold. */
struct target {
	uint64_t depth;
	const uint64_t *items; /* a set, item_words of the search long */
};

struct tracing {
	struct search *search;
	struct target targets[MOST_TARGETS];
	uint32_t count;
	uint64_t level;   /* levels above this one are marked */
	bool dealt;       /* the states of `level` are being handed out */
	uint16_t *marks;  /* by state: targets that can be reached, on even levels in the low half */
	size_t mark_bytes;
	int status;       /* SEARCH_SLICE, SEARCH_DONE or SEARCH_REFUSED */
};

/* Of targets that the search has seen; NULL, with errno, without memory. */
struct tracing *tracing_new(struct search *search, const struct target *targets, uint32_t count);
void tracing_free(struct tracing *tracing);
int tracing_run(struct tracing *tracing, double seconds);

/* The steps to a target, as many as its depth; false if the target is not there. */
bool tracing_path(struct tracing *tracing, uint32_t target, uint32_t *steps);

#endif
