/*
 * The one interface between the search core and a generated model.
 *
 * A state is `words` 64-bit words with packed fields; bits that belong to no
 * field are 0, so two states are equal exactly if their words are. The model
 * is a pure function of the state: it keeps nothing between two calls, and any
 * number of threads may call it at once.
 */
#ifndef OOMCHECK_MODEL_H
#define OOMCHECK_MODEL_H

#include <stdint.h>

#define MODEL_ABI 1

/* What `expand` is to look out for besides items that cost nothing. */
#define WANT_RACES 1u  /* pairs of enabled steps that touch one place */
#define WANT_ORDERS 2u /* locks taken while others are held */
#define WANT_SINGLE 4u /* for `reduce`: without `single`, neither reduction nor successors are of interest */

/* What `expand` says of one state. The caller owns all the memory. */
struct moves {
	uint64_t *states; /* successor i begins at states[i * words] */
	uint32_t *steps;  /* the transition that leads to successor i */
	uint64_t *items;  /* bit k of the set: item k holds; `expand` only adds bits */
	uint32_t want;    /* WANT_... */
	uint32_t count;   /* number of successors, at most model->most_moves */
	uint32_t reduced; /* 1 if `reduce` left enabled steps out, else 0 */
	uint32_t single;  /* of `reduce`: 1 if just one step is left and nobody needs to remember the state, else 0 */
};

struct model {
	uint32_t abi;        /* MODEL_ABI */
	uint32_t words;      /* 64-bit words of a state, at least 1 */
	uint32_t bits;       /* bits in use; they are the lowest ones, counted through the words */
	uint32_t steps;      /* transitions of the system; steps are numbered below this */
	uint32_t items;      /* things looked out for, at least 1; sets have (items + 63) / 64 words */
	uint32_t most_moves; /* no state has more successors, at least 1 */
	uint32_t conditions; /* conditions that `letters` evaluates, 0 to 64 */
	uint32_t ordered;    /* 1 if `expand` gives successors in the order of their steps */
	const uint64_t *initial;

	/* All items that hold in a state, and all its successors. */
	void (*expand)(const uint64_t *state, struct moves *out);

	/* The same with a sufficient subset of the successors (partial order); NULL without that reduction. States with
	 * `single` form no cycle, so a search may pass through them. */
	void (*reduce)(const uint64_t *state, struct moves *out);

	/* Replace a state by the representative of its symmetry class; NULL without that reduction. */
	void (*canonical)(uint64_t *state);

	/* Bit i says whether condition i holds. */
	uint64_t (*letters)(const uint64_t *state);
};

/* The only symbol of a generated model. */
const struct model *oomcheck_model(void);

#endif
