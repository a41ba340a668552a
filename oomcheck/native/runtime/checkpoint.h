/*
 * Checkpoints of a search whose log is in a file, so that another process can go on with it.
 *
 * Between two levels a search is its log, some lists and some counts: the table
 * can be made again. What the log does not tell is noted at the end of every
 * level, which costs next to nothing, and is given out as numbers when the
 * caller asks; states that were found since then are found again.
 */
#ifndef OOMCHECK_CHECKPOINT_H
#define OOMCHECK_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;
struct search;
struct search_options;

#define CHECKPOINT_FORMAT 1

/* A search as it was after a level. */
struct mark {
	uint64_t complete;    /* levels whose states are expanded */
	uint64_t levels;      /* the same and the next one; there is none after the last */
	uint64_t states, transitions;
	uint64_t numbers;     /* of the log */
	struct tail *tails;   /* by worker, then those that more workers left behind */
	uint32_t tail_count;
	uint8_t *fired;
	uint64_t summed;      /* levels that `sum` is of */
	uint64_t sum;         /* of all states at their places in the log */
};

/* Note that the search is between two levels, of which the first `complete` are expanded. */
void checkpoint_mark(struct search *search, uint64_t complete);

/* The record of the last mark: writes it if `words` is not NULL; its length. */
size_t checkpoint_take(struct search *search, uint64_t *words);

/* Wait until the log, as far as the mark goes, is on disk; false with errno. */
bool checkpoint_sync(struct search *search);

/*
 * Go on from a record, with the log in the file of the options. NULL with
 * errno: EINVAL if record or log is of another model or damaged, ENOMEM if the
 * limit of memory is too low for the table.
 */
struct search *checkpoint_resume(const struct model *model, const struct search_options *options, const uint64_t *words,
				 size_t count);

#endif
