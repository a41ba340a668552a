/*
 * The visited set: every state once, in a log, and a table that finds it there.
 *
 * The log gives a state its number and is at once the queue of the
 * breadth-first search. A table entry is a state's number + 1 and, in the bits
 * that the number leaves, a tag of its hash; 0 is an empty slot. Entries have
 * 32 bits until there are too many states, then 64. Probing is linear, because
 * a line of memory holds 16 entries. Insertion needs no lock: a thread writes
 * the state at the end of its own part of the log and publishes the number by
 * one compare-and-swap; whoever loses writes over it with its next state.
 */
#ifndef OOMCHECK_VISITED_H
#define OOMCHECK_VISITED_H

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"
#include "state.h"

#ifndef BLOCK
#define BLOCK 1024u               /* numbers that a thread takes at once */
#endif
#define NOWHERE UINT64_MAX        /* the number of a state that is not in the set */
#ifndef NARROW_LOG2
#define NARROW_LOG2 31            /* largest table with entries of 32 bits */
#endif

/* A thread's own part of the log: the numbers next .. end - 1 are its to give. */
struct tail {
	uint64_t next, end;
};

struct visited {
	struct region log;
	struct packing packing;
	void *table;
	uint64_t mask;     /* slots - 1 */
	uint32_t log2;     /* of the slots */
	bool wide;         /* entries of 64 bits */
	uint64_t numbers;  /* given to threads so far, whether used or not */
};

static inline const uint8_t *visited_at(const struct visited *set, uint64_t number)
{
	return set->log.base + number * set->packing.stride;
}

static inline void visited_load(const struct visited *set, uint64_t number, uint64_t *state)
{
	state_load(state, visited_at(set, number), set->packing);
}

static inline void tail_refill(struct visited *set, struct tail *tail)
{
	tail->next = __atomic_fetch_add(&set->numbers, BLOCK, __ATOMIC_RELAXED);
	tail->end = tail->next + BLOCK;
}

#define ENTRY uint32_t
#define NAME(function) function##_narrow
#include "entry.h"
#undef ENTRY
#undef NAME
#define ENTRY uint64_t
#define NAME(function) function##_wide
#include "entry.h"
#undef ENTRY
#undef NAME

static inline void visited_prefetch(const struct visited *set, uint64_t hash)
{
	uint64_t slot = hash >> (64 - set->log2);

	__builtin_prefetch((const char *)set->table + slot * (set->wide ? 8 : 4), 1);
}

static inline uint64_t visited_find(const struct visited *set, const uint64_t *state, uint64_t hash)
{
	return set->wide ? find_wide(set, state, hash) : find_narrow(set, state, hash);
}

static inline size_t visited_table_bytes(uint32_t log2, bool wide)
{
	return (size_t)(wide ? 8 : 4) << log2;
}

/* An empty set with a table of 2^log2 slots; false, with errno, without memory for it. `path` as for `region_open`. */
bool visited_open(struct visited *set, uint32_t bits, uint32_t log2, size_t log_bytes, const char *path, bool keep);
void visited_close(struct visited *set);

/* Replace the table by an empty one of 2^log2 slots; the old one is freed first, so memory does not peak. */
bool visited_table(struct visited *set, uint32_t log2);

/* Enter the states numbered first .. last - 1, which are different from each other and from all others. */
void visited_enter(struct visited *set, uint64_t first, uint64_t last);

#endif
