/*
 * Packed states: hashing, and the form in which the log keeps them.
 *
 * A state has WORDS 64-bit words, of which only the lowest `bits` are in use.
 * The log keeps the bytes that hold these bits and nothing else, so that no
 * memory goes to padding; see `struct packing`.
 */
#ifndef OOMCHECK_STATE_H
#define OOMCHECK_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifndef WORDS
#error "WORDS is the number of 64-bit words of a state"
#endif

#define LEAST_STRIDE 4 /* below that a state costs as much as its number */

/* Where the last word of a state ends in the log. */
struct packing {
	uint32_t stride; /* bytes of a state */
	uint32_t shift;  /* of the last word against the last bytes of the state */
};

static inline struct packing packing_of(uint32_t bits)
{
	uint32_t stride = (bits + 7) / 8;
	struct packing packing;

	if (stride < LEAST_STRIDE)
		stride = LEAST_STRIDE;
	packing.stride = stride;
	if (WORDS == 1)
		packing.shift = 8 * (stride - 4);
	else
		packing.shift = 64 - 8 * (stride - 8 * (WORDS - 1));
	return packing;
}

static inline uint64_t load64(const uint8_t *from)
{
	uint64_t word;

	memcpy(&word, from, 8);
	return word;
}

static inline uint64_t load32(const uint8_t *from)
{
	uint32_t word;

	memcpy(&word, from, 4);
	return word;
}

/* Neither reads nor writes a byte outside of the state: its neighbour may be another thread's. */
static inline void state_load(uint64_t *state, const uint8_t *from, struct packing packing)
{
	if (WORDS == 1) {
		state[0] = load32(from) | load32(from + packing.stride - 4) << packing.shift;
		return;
	}
	for (uint32_t k = 0; k + 1 < WORDS; k++)
		state[k] = load64(from + 8 * k);
	state[WORDS - 1] = load64(from + packing.stride - 8) >> packing.shift;
}

static inline void state_store(uint8_t *to, const uint64_t *state, struct packing packing)
{
	if (WORDS == 1) {
		uint32_t low = (uint32_t)state[0], high = (uint32_t)(state[0] >> packing.shift);

		memcpy(to + packing.stride - 4, &high, 4);
		memcpy(to, &low, 4);
		return;
	}
	/* The last word goes first, with bytes before it that the others then write. */
	uint64_t last = state[WORDS - 1] << packing.shift;

	memcpy(to + packing.stride - 8, &last, 8);
	for (uint32_t k = 0; k + 1 < WORDS; k++)
		memcpy(to + 8 * k, &state[k], 8);
}

static inline bool state_equal(const uint64_t *state, const uint8_t *stored, struct packing packing)
{
	uint64_t other[WORDS];
	uint64_t difference = 0;

	state_load(other, stored, packing);
	for (uint32_t k = 0; k < WORDS; k++)
		difference |= state[k] ^ other[k];
	return difference == 0;
}

/* Multiply to 128 bits and fold; the step of wyhash (Wang Yi 2019). */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else /* tcc: by halves */
	uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
	uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = (uint32_t)middle + a0 * b1;

	return (a1 * b1 + (middle >> 32) + (other >> 32)) ^ (a * b);
#endif
}

static inline uint64_t state_hash(const uint64_t *state)
{
	uint64_t hash = 0x9e3779b97f4a7c15;

	for (uint32_t k = 0; k < WORDS; k++)
		hash = fold(hash ^ state[k], 0xd6e8feb86659fd93);
	/* A second fold: the slot comes from the highest bits, the tag from the lowest. */
	return fold(hash ^ 0xa0761d6478bd642f, 0xe7037ed1a0b428db);
}

#endif
