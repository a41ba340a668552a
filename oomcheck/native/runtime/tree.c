#include "tree.h"

#include <stdlib.h>

#ifdef FOLDED
#if WORDS != 1
#error "the sets of a folding core have keys of one word"
#endif

bool tree_open(struct tree *tree, uint32_t width)
{
	size_t nodes = 2 * (size_t)width;

	memset(tree, 0, sizeof(*tree));
	tree->width = width;
	tree->sets = (uint32_t)((nodes + 63) / 64);
	tree->words = calloc(width, sizeof(uint64_t));
	tree->numbers = malloc(nodes * sizeof(uint32_t));
	tree->fresh = malloc(nodes * sizeof(uint32_t));
	tree->changed = malloc(tree->sets * sizeof(uint64_t));
	if (!tree->words || !tree->numbers || !tree->fresh || !tree->changed)
		return false;
	memset(tree->numbers, 0xff, nodes * sizeof(uint32_t));
	return true;
}

void tree_close(struct tree *tree)
{
	free(tree->words);
	free(tree->numbers);
	free(tree->fresh);
	free(tree->changed);
}

static inline void mark(struct tree *tree, uint32_t node)
{
	tree->changed[node / 64] |= (uint64_t)1 << node % 64;
}

static inline bool is_marked(const struct tree *tree, uint32_t node)
{
	return tree->changed[node / 64] >> node % 64 & 1;
}

static inline uint64_t part_at(const struct visited *parts, uint32_t number)
{
	uint64_t part;

	visited_load(parts, number, &part);
	return part;
}

/* ---------------------------------------------------------------- loading */

/* Give a node its number; what lies below one that keeps it is the same as before. */
static inline void renumber(struct tree *tree, uint32_t node, uint32_t number)
{
	if (tree->numbers[node] == number)
		return;
	tree->numbers[node] = number;
	mark(tree, node);
}

static void load_node(struct tree *tree, const struct visited *parts, uint32_t node)
{
	uint64_t part = part_at(parts, tree->numbers[node]);

	if (node >= tree->width) {
		tree->words[node - tree->width] = part;
		return;
	}
	renumber(tree, 2 * node, (uint32_t)(part >> 32));
	renumber(tree, 2 * node + 1, (uint32_t)part);
}

void tree_load(struct tree *tree, const struct visited *parts, uint64_t key, uint64_t *state)
{
	memset(tree->changed, 0, tree->sets * sizeof(uint64_t));
	renumber(tree, 2, (uint32_t)(key >> 32));
	renumber(tree, 3, (uint32_t)key);
	for (uint32_t set = 0; set < tree->sets; set++) {
		/* Loading a node marks only nodes after it. */
		for (uint64_t done = 0, left; (left = tree->changed[set] & ~done); done |= left & -left)
			load_node(tree, parts, 64 * set + (uint32_t)__builtin_ctzll(left));
	}
	memcpy(state, tree->words, tree->width * sizeof(uint64_t));
}

/* ---------------------------------------------------------------- folding */

static inline uint32_t number_at(const struct tree *tree, uint32_t node)
{
	return is_marked(tree, node) ? tree->fresh[node] : tree->numbers[node];
}

static inline uint64_t pair_below(const struct tree *tree, uint32_t node)
{
	return (uint64_t)number_at(tree, 2 * node) << 32 | number_at(tree, 2 * node + 1);
}

static inline void mark_leaves(struct tree *tree, const uint64_t *state)
{
	bool all = tree->numbers[2] == UINT32_MAX; /* nothing is loaded yet */

	memset(tree->changed, 0, tree->sets * sizeof(uint64_t));
	for (uint32_t w = 0; w < tree->width; w++) {
		if (all || state[w] != tree->words[w])
			mark(tree, tree->width + w);
	}
}

/* Who gives a part its number. */
enum giver { FIND, ADD_ALONE, ADD_SHARED };

static inline __attribute__((always_inline)) uint64_t number_of(struct tree *tree, struct visited *parts, uint64_t part,
								enum giver giver)
{
	uint64_t hash = state_hash(&part);
	bool fresh;

	if (giver == FIND)
		return visited_find(parts, &part, hash);
	return parts->wide ? insert_wide(parts, &tree->tail, &part, hash, giver == ADD_SHARED, &fresh) :
			     insert_narrow(parts, &tree->tail, &part, hash, giver == ADD_SHARED, &fresh);
}

static inline __attribute__((always_inline)) uint64_t fold_state(struct tree *tree, struct visited *parts,
								 const uint64_t *state, enum giver giver)
{
	mark_leaves(tree, state);
	for (uint32_t set = tree->sets; set-- > 0;) {
		/* Children before parents: numbering a node marks only a node before it. */
		for (uint64_t done = 0, left; (left = tree->changed[set] & ~done);) {
			uint32_t bit = 63 - (uint32_t)__builtin_clzll(left), node = 64 * set + bit;

			if (node == 1)
				break;
			uint64_t part = node >= tree->width ? state[node - tree->width] : pair_below(tree, node);
			uint64_t number = number_of(tree, parts, part, giver);

			if (number == NOWHERE)
				return NO_KEY;
			tree->fresh[node] = (uint32_t)number;
			mark(tree, node / 2);
			done |= (uint64_t)1 << bit;
		}
	}
	return pair_below(tree, 1);
}

uint64_t tree_add(struct tree *tree, struct visited *parts, const uint64_t *state, bool shared)
{
	return shared ? fold_state(tree, parts, state, ADD_SHARED) : fold_state(tree, parts, state, ADD_ALONE);
}

uint64_t tree_find(struct tree *tree, const struct visited *parts, const uint64_t *state)
{
	return fold_state(tree, (struct visited *)parts, state, FIND);
}

#endif
