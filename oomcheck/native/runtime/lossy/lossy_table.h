/*
 * Visited tables that forget: a state is known by bits of a hash of it, so a
 * new state may be taken for an old one and is then left out of the search.
 *
 * - Bit state: an array of bits, of which each state sets `strength` (Holzmann,
 *   An analysis of bitstate hashing, Formal Methods in System Design 13, 1998).
 *   Positions come from a + i * b + i * (i - 1) / 2 * c: triple hashing (Dillinger
 *   and Manolios, Bloom filters in probabilistic verification, FMCAD 2004).
 * - Hash compaction: open addressing with linear probing; a slot holds `strength`
 *   bytes of a hash that is independent of the slot's position (Stern and Dill,
 *   Improved probabilistic verification by hash compaction, CHARME 1995).
 *
 * States are hashed by a strongly universal family (the Multilinear family of
 * Lemire and Kaser, Strongly universal string hashing is fast, Computer Journal
 * 57, 2014): for random keys the hashes of any two states are independent,
 * however alike the states are. A bijective mixer then hides that the function is linear, as
 * sets of consecutive numbers would not look random otherwise.
 */
#ifndef OOMCHECK_LOSSY_TABLE_H
#define OOMCHECK_LOSSY_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifndef WORDS
#error "WORDS is the number of 64-bit words of a state"
#endif

#define LOSSY_MOST_HASHES 16

enum lossy_answer { LOSSY_SEEN, LOSSY_ADDED, LOSSY_REFUSED };

struct lossy_hash {
	uint64_t a, b;
};

struct lossy_table {
	unsigned char *data;
	uint64_t bytes;    /* of `data` */
	uint64_t places;   /* bits, or slots */
	uint64_t set;      /* bits that are 1, or slots in use */
	uint64_t compares; /* slots in use that states which were then added were compared with */
	uint64_t mask;     /* of the bytes of a slot */
	uint32_t strength; /* hash functions, or bytes of a slot */
	bool compacts;     /* hash compaction, else bit state */
	uint64_t keys[4 * (WORDS + 1)]; /* of the hash: 4 of the start, then 4 of each word */
};

/* Make an empty table of `bytes` bytes, at least 64; `strength` and `compacts` are set. False without memory. */
bool lossy_table_open(struct lossy_table *table, uint64_t bytes, uint64_t seed);
void lossy_table_close(struct lossy_table *table);

/* The next number of a sequence (Steele, Lea and Flood, Fast splittable pseudorandom generators, OOPSLA 2014). */
static inline uint64_t lossy_random(uint64_t *state)
{
	uint64_t x = (*state += 0x9e3779b97f4a7c15u);

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* The upper half of a product. */
static inline uint64_t lossy_high(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	return (uint64_t)((unsigned __int128)a * b >> 64);
#else
	uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX), cross = (a >> 32) * (b & UINT32_MAX) + (low >> 32);

	return (a >> 32) * (b >> 32) + (cross >> 32) + (((cross & UINT32_MAX) + (a & UINT32_MAX) * (b >> 32)) >> 32);
#endif
}

/* A number below `places`, as likely as the others if `x` is uniform. */
static inline uint64_t lossy_below(uint64_t x, uint64_t places)
{
	return lossy_high(x, places);
}

static inline uint64_t lossy_mix(uint64_t x)
{
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	return x ^ (x >> 32);
}

/* The upper half of the sum, of 128 bits, of a first key and of the other keys times the words of the state. */
static inline uint64_t lossy_multilinear(const uint64_t *key, const uint64_t *state)
{
	uint64_t high = key[0], low = key[1];

	for (uint32_t i = 0; i < WORDS; i++) {
		uint64_t product;

		key += 4;
		product = key[1] * state[i];
		low += product;
		high += key[0] * state[i] + lossy_high(key[1], state[i]) + (low < product);
	}
	return high;
}

static inline struct lossy_hash lossy_hash(const struct lossy_table *table, const uint64_t *state)
{
	struct lossy_hash hash;

	hash.a = lossy_mix(lossy_multilinear(table->keys, state));
	hash.b = lossy_mix(lossy_multilinear(table->keys + 2, state));
	return hash;
}

/* Ask for the memory that `lossy_add` will need. */
static inline void lossy_prefetch(const struct lossy_table *table, struct lossy_hash hash)
{
	uint64_t x = hash.a, y = hash.b, z = lossy_mix(hash.a ^ hash.b);

	if (table->compacts) {
		__builtin_prefetch(table->data + lossy_below(x, table->places) * table->strength, 1);
		return;
	}
	for (uint32_t i = 0; i < table->strength; i++) {
		__builtin_prefetch(table->data + (lossy_below(x, table->places) >> 3), 1);
		x += y;
		y += z;
	}
}

static inline enum lossy_answer lossy_add_bits(struct lossy_table *table, struct lossy_hash hash, bool refuse)
{
	uint64_t x = hash.a, y = hash.b, z = lossy_mix(hash.a ^ hash.b);
	uint64_t places[LOSSY_MOST_HASHES];
	bool missing = false;

	for (uint32_t i = 0; i < table->strength; i++) {
		uint64_t place = places[i] = lossy_below(x, table->places);

		missing |= !(table->data[place >> 3] >> (place & 7) & 1);
		x += y;
		y += z;
	}
	if (!missing)
		return LOSSY_SEEN;
	if (refuse)
		return LOSSY_REFUSED;
	for (uint32_t i = 0; i < table->strength; i++) {
		unsigned char *byte = table->data + (places[i] >> 3), bit = (unsigned char)(1u << (places[i] & 7));

		table->set += !(*byte & bit);
		*byte |= bit;
	}
	return LOSSY_ADDED;
}

static inline enum lossy_answer lossy_add_slot(struct lossy_table *table, struct lossy_hash hash, bool refuse)
{
	uint64_t place = lossy_below(hash.a, table->places), compares = 0;
	uint64_t value = lossy_below(hash.b, table->mask) + 1; /* 0 is a free slot */

	for (;;) {
		unsigned char *slot = table->data + place * table->strength;
		uint64_t stored;

		/* Goes beyond the slot, and at the end of the table into its tail; the lowest byte comes first. */
		memcpy(&stored, slot, sizeof(stored));
		if ((stored & table->mask) == value)
			return LOSSY_SEEN;
		if (!(stored & table->mask)) {
			if (refuse)
				return LOSSY_REFUSED;
			stored |= value;
			memcpy(slot, &stored, sizeof(stored));
			table->set++;
			table->compares += compares;
			return LOSSY_ADDED;
		}
		compares++;
		if (++place == table->places)
			place = 0;
	}
}

/* Add a state if it seems new, and unless `refuse` says that it may not be added. */
static inline enum lossy_answer lossy_add(struct lossy_table *table, struct lossy_hash hash, bool refuse)
{
	return table->compacts ? lossy_add_slot(table, hash, refuse) : lossy_add_bits(table, hash, refuse);
}

#endif
