/*
 * Breadth-first search of a model, level by level, on any number of threads.
 *
 * The set of states on a level does not depend on who finds them, so counts,
 * depths and everything noted are the same for any number of threads. Calls
 * return after a slice of time, so that the caller keeps control.
 */
#ifndef OOMCHECK_SEARCH_H
#define OOMCHECK_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "checkpoint.h"
#include "model.h"
#include "tree.h"
#include "visited.h"

#define SEARCH_ABI 1

/* 64-bit words of a state of the model; those of the visited set have WORDS, see `store.h`. */
#ifdef FOLDED
#define WIDTH(search) ((search)->model->words)
#define STORED_BITS(search) 64u
#define MOST_WORDS 4096u /* states lie on the stack */
#else
#define WIDTH(search) ((uint32_t)WORDS)
#define STORED_BITS(search) ((search)->model->bits)
#endif

struct tracing;

/* Why `search_run` came back. */
enum {
	SEARCH_SLICE,   /* the slice is over: call again */
	SEARCH_LEVEL,   /* a level is done on which items were seen for the first time: call again */
	SEARCH_DONE,    /* all reachable states have been expanded */
	SEARCH_DEPTH,   /* all within the depth limit, and there are more */
	SEARCH_STATES,  /* the limit of states */
	SEARCH_MEMORY,  /* the limit of memory */
	SEARCH_REFUSED, /* the system gave no more memory or disk; `error` is its errno */
	SEARCH_PARTS,   /* the numbers of the parts of states are used up, see `tree.h` */
};

struct search_options {
	uint64_t most_states; /* 0: no limit */
	uint64_t most_bytes;  /* of table, log and marks; 0: no limit */
	uint64_t log_bytes;   /* address space for the log */
	int64_t depth;        /* -1: no limit */
	uint32_t threads;
	uint32_t want;        /* WANT_... of model.h */
	uint32_t reduce;      /* use the model's partial-order reduction */
	uint32_t fuse;        /* with that, pass through states with one step to take, see fuse.c */
	uint32_t canonical;   /* use the model's symmetry reduction */
	const char *log_path; /* file for the log, NULL: memory */
};

/* What Python reads; all counts are up to the last completed chunk. */
struct search_facts {
	uint64_t states, transitions, frontier, depth, bytes, table_bytes, log_bytes;
	uint64_t item_words;
	const uint64_t *items;      /* set of the items seen so far */
	const int64_t *item_depth;  /* by item: the first level with it, -1 before */
	const uint8_t *fired;       /* by transition: whether it was taken */
	int32_t error;
};

/* States first .. last - 1 of the log. */
struct segment {
	uint64_t first, last;
};

struct segments {
	struct segment *at;
	size_t count, room;
};

struct batch {
	uint64_t *states; /* as the visited set has them, WORDS each */
	uint64_t *hashes;
	uint32_t *steps;
	uint32_t count;
};

struct worker {
	struct search *search;
	struct tail tail;
	struct segments found; /* states of the next level, in the order of their numbers */
	struct batch batch;
#ifdef FOLDED
	uint64_t *successors;  /* of one state */
	struct tree tree;
#endif
	struct moves ahead;    /* room for one state that is passed through; only with `fuse` */
	uint64_t *shortcuts;   /* ways through such states, see fuse.c */
	uint64_t *items;       /* set of the items seen on this level */
	uint8_t *fired;
	uint64_t states, transitions;
	uint64_t reported;     /* states that `search->found` counts already */
	bool cut;              /* left a state out at the depth limit */
	bool failed;           /* ran out of memory */
	char padding[64];      /* workers do not share lines */
};

struct search {
	const struct model *model;
	struct search_options options;
	struct visited visited;
#ifdef FOLDED
	struct visited parts;
#endif
	struct worker *workers;
	uint32_t item_words;

	struct segments level;    /* being expanded */
	struct segments chunks;   /* the same in small pieces, handed out by `cursor` */
	uint64_t cursor;
	struct segments *levels;  /* all levels so far, the present one included */
	size_t level_count, level_room;
	uint64_t depth;           /* of the present level */
	uint64_t frontier;        /* states of the present level */
	uint64_t found;           /* states, as of each thread's last chunk */
	uint64_t log_ends;        /* so many states fit into the log as it is backed */

	double deadline;
	uint32_t pause;           /* workers are to come back */
	bool full;                /* the limit of states is reached */
	bool news;                /* an item was seen for the first time on this level */
	bool stuck;               /* the table cannot grow any more */
	int status;               /* final once it is not SEARCH_SLICE or SEARCH_LEVEL */

	uint64_t *items;
	int64_t *item_depth;
	uint8_t *fired;
	struct search_facts facts;
	struct mark mark;         /* of the last end of a level; only if the log is in a file */
	struct tracing *tracing;  /* a pass that looks for paths, see trace.h */
};

/* NULL, with errno, without memory or disk. */
struct search *search_new(const struct model *model, const struct search_options *options);
void search_free(struct search *search);
int search_run(struct search *search, double seconds);
const struct search_facts *search_facts(struct search *search);

/* A search without any state, and with the log that there is if it is to be kept; NULL with errno. */
struct search *search_open(const struct model *model, const struct search_options *options, bool keep);

/* Add a level, which now belongs to the search; false without memory. */
bool search_push_level(struct search *search, struct segments level);

/* ---- segments.c */

bool segments_push(struct segments *segments, uint64_t first, uint64_t last);

/* Add the states first .. last - 1; those that follow on the last segment make it longer. */
static inline bool segments_add(struct segments *segments, uint64_t first, uint64_t last)
{
	if (segments->count && segments->at[segments->count - 1].last == first) {
		segments->at[segments->count - 1].last = last;
		return true;
	}
	return segments_push(segments, first, last);
}

uint64_t segments_states(const struct segments *segments);

/* ---- workers.c */

double search_clock(void);

/* Cut segments into chunks, to be handed out from the start; false without memory. */
bool search_deal(struct search *search, const struct segments *segments);

/* The next chunk, or NULL when there is none or the workers are to come back. */
const struct segment *search_chunk(struct worker *worker);

/* Run `work` on as many threads as the chunks keep busy, and wait for all. */
void search_work(struct search *search, void (*work)(struct worker *));

/* ---- fuse.c */

bool fuse_open_worker(struct worker *worker);
void fuse_close_worker(struct worker *worker);

/*
 * Replace each successor by the first state from there on that is to be stored, and note what the states on the way
 * show; the steps to them are marked in `fired` unless it is NULL. Returns how many were passed.
 */
uint64_t fuse_moves(struct worker *worker, const struct moves *moves, uint8_t *fired);

/* ---- room.c */

/* Bytes in use: tables, log in memory, lists. */
uint64_t search_bytes(const struct search *search);

/*
 * Slots of the first table, as a power of 2. A 16th of a table must hold what the threads can add before they come
 * back, and another 16th the numbers that they take and do not use: numbers are below the number of slots.
 */
uint32_t search_least_log2(const struct search *search);

/* Whether there must be more room before the next chunk. */
bool search_is_tight(const struct search *search);

/* Put all states of the last mark into a table that is large enough; false if there is no memory for one. */
bool search_refill(struct search *search);

/* Make room for the next chunks while no worker runs: SEARCH_SLICE, or why there is none. */
int search_make_room(struct search *search);

/* ---- */

/* Items and successors of a state, as the options reduce them. */
static inline void search_moves(const struct search *search, const uint64_t *state, struct moves *moves)
{
	const struct model *model = search->model;

	if (search->options.reduce)
		model->reduce(state, moves);
	else
		model->expand(state, moves);
	if (search->options.canonical) {
		for (uint32_t k = 0; k < moves->count; k++)
			model->canonical(moves->states + (uint64_t)k * WIDTH(search));
	}
}

#endif
