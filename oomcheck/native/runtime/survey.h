/*
 * The graph of all reachable states, for questions about runs.
 *
 * One thread, because the numbers of the states are those of a search in order:
 * state by state, and the steps of each in the order of their index.
 */
#ifndef OOMCHECK_SURVEY_H
#define OOMCHECK_SURVEY_H

#include "search.h"

#define MOST_STATES INT32_MAX /* of a graph: its arrays have numbers of 32 bits */

struct survey_options {
	uint64_t most_states; /* 0: no limit */
	uint64_t most_bytes;  /* 0: no limit */
	uint64_t space;       /* address space for the log; each array has half of it */
	int64_t depth;        /* -1: no limit */
	uint32_t rest_bit;    /* condition that holds where behaviour goes on; letters have those below it */
	const uint8_t *moving; /* by step: whether it is of a process that is no environment */
};

/* Array of the graph; `bytes` are in use. */
struct column {
	struct region region;
	size_t bytes;
};

/* What Python reads. The arrays are those of `RunGraph` in analysis/graph.py. */
struct survey_facts {
	uint64_t states, edges, expanded, depth, bytes, letters, item_words;
	const uint64_t *first;
	const int32_t *target, *step, *parent, *found_by, *letter;
	const uint8_t *rests, *fired;
	const uint64_t *masks, *items;
	int32_t error;
};

struct survey {
	const struct model *model;
	struct survey_options options;
	struct visited visited;
	struct tail tail;
	struct column first, target, step, parent, found_by, letter, rests;
	uint64_t *items;
	uint8_t *fired;
	uint64_t *masks;        /* by letter */
	uint32_t *letter_table; /* open addressing: letter + 1 */
	uint32_t letters, letter_slots;
	struct batch batch;
	uint32_t *counts;       /* successors of each state in the batch */
	uint64_t states, edges, expanded, depth;
	uint64_t level_end;     /* first state that is deeper than those being expanded */
	bool cut, failed;
	int status;             /* SEARCH_... */
	struct survey_facts facts;
};

/* NULL, with errno, without memory. */
struct survey *survey_new(const struct model *model, const struct survey_options *options);
void survey_free(struct survey *survey);

/* SEARCH_SLICE, _DONE, _DEPTH, _STATES, _MEMORY or _REFUSED. */
int survey_run(struct survey *survey, double seconds);

/* After the last slice: states that were not expanded have no edges. */
void survey_close(struct survey *survey);

const struct survey_facts *survey_facts(struct survey *survey);

#endif
