#include "lossy_table.h"

#include "lossy.h"

#include <stdlib.h>

#define LOSSY_ENTRY ((uint64_t)WORDS + 1) /* words of an entry of the stack */
#define LOSSY_NOT_FOUND UINT64_MAX
#define LOSSY_LEVELS UINT32_MAX /* an entry has 32 bits for its depth */
#define LOSSY_SMALLEST 64u      /* bytes of a table */

struct lossy_finding {
	uint32_t *steps;
	uint64_t length; /* LOSSY_NOT_FOUND until then */
};

/*
 * `waiting` is the stack of states that are in the table and not yet expanded:
 * entries of the state's words and one more, its depth << 32 | the step to it.
 * A state is added when it is found and not when it is expanded, so that the
 * table's memory can be asked for in batches. Still the topmost entry is always
 * a successor of the state expanded last or of one before it on `path`: the
 * first `depth` steps there lead to it.
 */
struct lossy {
	const struct model *model;
	struct lossy_options options;
	struct lossy_table table;
	struct lossy_counts counts;
	struct moves moves;
	uint64_t *waiting;
	uint64_t room;      /* entries that fit into `waiting` */
	uint64_t most_room; /* and may be made to fit */
	uint32_t *path;
	uint64_t levels; /* steps that fit into `path` */
	uint64_t most_levels;
	uint64_t state[WORDS]; /* that is expanded */
	uint64_t image[WORDS]; /* the representative of a state, for a moment */
	uint64_t *wanted, *seen;
	struct lossy_finding *findings;
	struct lossy_hash *hashes;
	uint32_t *order;
	uint8_t *fired;
	uint64_t random;
	uint32_t sets;  /* words of a set of items */
	bool news;      /* `seen` has grown */
};

/* The seed of a purpose: the keys of the hash and the order of successors must not be of one sequence. */
static uint64_t lossy_seed(uint64_t seed, uint64_t purpose)
{
	uint64_t state = seed ^ purpose * 0xa0761d6478bd642fu;

	return lossy_random(&state);
}

static bool lossy_sane(const struct model *model, const struct lossy_options *options)
{
	uint32_t most = options->flags & LOSSY_COMPACT ? 8 : LOSSY_MOST_HASHES;

	return model->abi == MODEL_ABI && model->words == WORDS && options->table >= LOSSY_SMALLEST &&
	       options->table <= UINT64_MAX / 16 && options->strength >= 1 && options->strength <= most &&
	       options->states >= 1;
}

static bool lossy_allocate_work(struct lossy *search)
{
	const struct model *model = search->model;
	uint64_t moves = model->most_moves;

	search->moves.states = calloc(moves * WORDS, sizeof(uint64_t));
	search->moves.steps = calloc(moves, sizeof(uint32_t));
	search->moves.items = calloc(search->sets, sizeof(uint64_t));
	search->hashes = calloc(moves, sizeof(*search->hashes));
	search->order = calloc(moves, sizeof(uint32_t));
	return search->moves.states && search->moves.steps && search->moves.items && search->hashes && search->order;
}

static bool lossy_allocate_results(struct lossy *search)
{
	const struct model *model = search->model;

	search->wanted = calloc(search->sets, sizeof(uint64_t));
	search->seen = calloc(search->sets, sizeof(uint64_t));
	search->findings = calloc(model->items, sizeof(*search->findings));
	search->fired = calloc(model->steps + 1ull, 1);
	if (!search->wanted || !search->seen || !search->findings || !search->fired)
		return false;
	for (uint32_t i = 0; i < model->items; i++)
		search->findings[i].length = LOSSY_NOT_FOUND;
	memcpy(search->wanted, search->options.wanted, search->sets * sizeof(uint64_t));
	return true;
}

/* A quarter of the stack is for the path: a step takes 4 bytes, an entry at least 16. */
static bool lossy_allocate_stack(struct lossy *search)
{
	uint64_t stack = search->options.stack, entry = LOSSY_ENTRY * sizeof(uint64_t);
	uint64_t least = search->model->most_moves + 1ull;

	search->most_room = stack / entry / 4 * 3;
	search->most_levels = stack / 4 / sizeof(uint32_t);
	if (search->most_levels > LOSSY_LEVELS)
		search->most_levels = LOSSY_LEVELS;
	/* However small the stack, the initial state is expanded. */
	search->most_room = search->most_room < least ? least : search->most_room;
	search->most_levels = search->most_levels < 1 ? 1 : search->most_levels;
	search->room = least;
	search->levels = 1;
	search->waiting = malloc(least * entry);
	search->path = malloc(sizeof(uint32_t));
	return search->waiting && search->path;
}

static struct lossy_hash lossy_hash_state(struct lossy *search, const uint64_t *state)
{

	if (search->options.flags & LOSSY_SYMMETRY) {
		memcpy(search->image, state, WORDS * sizeof(uint64_t));
		search->model->canonical(search->image);
		state = search->image;
	}
	return lossy_hash(&search->table, state);
}

static void lossy_push(struct lossy *search, const uint64_t *state, uint64_t depth, uint32_t step)
{
	uint64_t *entry = search->waiting + search->counts.waiting++ * LOSSY_ENTRY;

	memcpy(entry, state, WORDS * sizeof(uint64_t));
	entry[WORDS] = depth << 32 | step;
	search->counts.states++;
}

static void lossy_start(struct lossy *search)
{
	struct lossy_counts *counts = &search->counts;
	const uint64_t *initial = search->model->initial;

	counts->places = search->table.places;
	/* Beyond this load linear probing compares with too many slots, and each may be taken for the state. */
	counts->most = search->table.compacts ? counts->places - counts->places / 8 : UINT64_MAX;
	if (counts->most > search->options.states)
		counts->most = search->options.states;
	lossy_add(&search->table, lossy_hash_state(search, initial), false);
	lossy_push(search, initial, 0, 0);
}

struct lossy *lossy_open(const struct model *model, const struct lossy_options *options)
{
	struct lossy *search;

	if (!lossy_sane(model, options))
		return NULL;
	search = calloc(1, sizeof(*search));
	if (!search)
		return NULL;
	search->model = model;
	search->options = *options;
	search->sets = (model->items + 63) / 64;
	search->moves.want = options->want;
	search->random = lossy_seed(options->seed, 1);
	if (!model->reduce)
		search->options.flags &= ~LOSSY_REDUCE;
	if (!model->canonical)
		search->options.flags &= ~LOSSY_SYMMETRY;
	search->table.strength = options->strength;
	search->table.compacts = options->flags & LOSSY_COMPACT;
	if (!lossy_allocate_work(search) || !lossy_allocate_results(search) || !lossy_allocate_stack(search) ||
	    !lossy_table_open(&search->table, options->table, lossy_seed(options->seed, 2))) {
		lossy_close(search);
		return NULL;
	}
	lossy_start(search);
	return search;
}

/* Room for `needed` elements in a block that may have `most`; whether there is. */
static bool lossy_grow(void **block, uint64_t *room, uint64_t needed, uint64_t most, uint64_t size)
{
	uint64_t wider = *room * 2 < needed ? needed : *room * 2;
	void *moved;

	if (needed <= *room)
		return true;
	if (needed > most)
		return false;
	wider = wider > most ? most : wider;
	moved = realloc(*block, wider * size);
	if (!moved)
		return false;
	*block = moved;
	*room = wider;
	return true;
}

static bool lossy_has_room(struct lossy *search, uint64_t depth)
{
	uint64_t entries = search->counts.waiting + search->model->most_moves;
	uint64_t size = LOSSY_ENTRY * sizeof(uint64_t);

	return lossy_grow((void **)&search->waiting, &search->room, entries, search->most_room, size) &&
	       lossy_grow((void **)&search->path, &search->levels, depth + 1, search->most_levels, sizeof(uint32_t));
}

/* Keep the path to an item unless one as short is known; false without memory. */
static bool lossy_keep(struct lossy *search, uint32_t item, uint64_t depth)
{
	struct lossy_finding *finding = &search->findings[item];

	if (finding->length <= depth)
		return true;
	if (!finding->steps)
		finding->steps = malloc((depth + 1) * sizeof(uint32_t));
	if (!finding->steps)
		return false;
	memcpy(finding->steps, search->path, depth * sizeof(uint32_t));
	finding->length = depth;
	return true;
}

/* Note the items that `expand` found in a state; false without memory. */
static bool lossy_note(struct lossy *search, uint64_t depth)
{
	for (uint32_t i = 0; i < search->sets; i++) {
		uint64_t items = search->moves.items[i], wanted = items & search->wanted[i];

		search->moves.items[i] = 0;
		search->news |= (items & ~search->seen[i]) != 0;
		search->seen[i] |= items;
		while (wanted) {
			if (!lossy_keep(search, i * 64 + (uint32_t)__builtin_ctzll(wanted), depth))
				return false;
			wanted &= wanted - 1;
		}
	}
	return true;
}

/* The order in which the successors are added: the last one is expanded first. */
static void lossy_arrange(struct lossy *search)
{
	uint32_t count = search->moves.count;

	for (uint32_t i = 0; i < count; i++)
		search->order[i] = count - 1 - i;
	if (!(search->options.flags & LOSSY_SHUFFLE))
		return;
	for (uint32_t i = count; i > 1; i--) {
		uint32_t other = (uint32_t)lossy_below(lossy_random(&search->random), i), moved = search->order[i - 1];

		search->order[i - 1] = search->order[other];
		search->order[other] = moved;
	}
}

static void lossy_hash_moves(struct lossy *search)
{
	const struct moves *moves = &search->moves;

	for (uint32_t i = 0; i < moves->count; i++) {
		search->hashes[i] = lossy_hash_state(search, moves->states + (uint64_t)i * WORDS);
		lossy_prefetch(&search->table, search->hashes[i]);
		search->fired[moves->steps[i]] = 1;
	}
}

/* Add the successors of a state at `depth`. `cut` counts those that may not be added, NULL if they may. */
static uint32_t lossy_add_moves(struct lossy *search, uint64_t depth, uint64_t *cut)
{
	struct lossy_counts *counts = &search->counts;
	const struct moves *moves = &search->moves;
	lossy_arrange(search);
	lossy_hash_moves(search);
	for (uint32_t i = 0; i < moves->count; i++) {
		uint32_t move = search->order[i];
		bool refuse = cut || counts->states == counts->most;

		switch (lossy_add(&search->table, search->hashes[move], refuse)) {
		case LOSSY_REFUSED:
			if (!cut)
				return LOSSY_FULL;
			++*cut;
			continue;
		case LOSSY_ADDED:
			lossy_push(search, moves->states + (uint64_t)move * WORDS, depth + 1, moves->steps[move]);
			break;
		case LOSSY_SEEN:
			break;
		}
		counts->transitions++;
	}
	return LOSSY_RUNNING;
}

/*
 * What a reduction left out is explored after all if none of the successors is
 * new: otherwise a step could be put off for ever around a cycle (Bošnački,
 * Leue and Lluch Lafuente, Partial-order reduction for general state exploring
 * algorithms, SPIN 2006).
 */
static uint32_t lossy_explore(struct lossy *search, uint64_t depth, uint64_t *cut)
{
	const struct model *model = search->model;
	uint64_t states = search->counts.states, transitions = search->counts.transitions;
	uint32_t status = lossy_add_moves(search, depth, cut);

	if (status != LOSSY_RUNNING || !search->moves.reduced || search->counts.states != states)
		return status;
	search->counts.transitions = transitions; /* all steps are counted now */
	model->expand(search->state, &search->moves);
	if (!lossy_note(search, depth))
		return LOSSY_NO_MEMORY;
	return lossy_add_moves(search, depth, cut);
}

/* Take the topmost state off the stack; its depth. */
static uint64_t lossy_pop(struct lossy *search)
{
	const uint64_t *entry = search->waiting + --search->counts.waiting * LOSSY_ENTRY;
	uint64_t depth = entry[WORDS] >> 32;

	memcpy(search->state, entry, WORDS * sizeof(uint64_t));
	if (depth)
		search->path[depth - 1] = (uint32_t)entry[WORDS];
	return depth;
}

static uint32_t lossy_expand_next(struct lossy *search)
{
	struct lossy_counts *counts = &search->counts;
	uint64_t depth = lossy_pop(search), *cut = NULL;
	uint32_t status;

	if (depth > counts->depth)
		counts->depth = depth;
	search->moves.reduced = 0;
	search->news = false;
	if (search->options.flags & LOSSY_REDUCE)
		search->model->reduce(search->state, &search->moves);
	else
		search->model->expand(search->state, &search->moves);
	if (!lossy_note(search, depth))
		return LOSSY_NO_MEMORY;
	if (depth >= search->options.depth)
		cut = &counts->cut_depth;
	else if (!lossy_has_room(search, depth))
		cut = &counts->cut_stack;
	status = lossy_explore(search, depth, cut);
	if (status != LOSSY_RUNNING)
		return status;
	if (!counts->waiting)
		return LOSSY_DONE;
	return search->news ? LOSSY_NEWS : LOSSY_RUNNING;
}

uint32_t lossy_run(struct lossy *search, uint64_t expansions)
{
	uint32_t status = LOSSY_RUNNING;

	while (status == LOSSY_RUNNING && expansions--)
		status = lossy_expand_next(search);
	return status;
}

void lossy_want(struct lossy *search, uint32_t want)
{
	search->moves.want = want;
}

void lossy_count(const struct lossy *search, struct lossy_counts *counts)
{
	*counts = search->counts;
	counts->set = search->table.set;
	counts->compares = search->table.compares;
}

uint64_t lossy_path_length(const struct lossy *search, uint32_t item)
{
	return search->findings[item].length;
}

const uint32_t *lossy_path(const struct lossy *search, uint32_t item)
{
	return search->findings[item].steps;
}

const uint8_t *lossy_fired(const struct lossy *search)
{
	return search->fired;
}

const uint64_t *lossy_seen(const struct lossy *search)
{
	return search->seen;
}

void lossy_close(struct lossy *search)
{
	if (search->findings)
		for (uint32_t i = 0; i < search->model->items; i++)
			free(search->findings[i].steps);
	lossy_table_close(&search->table);
	free(search->moves.states);
	free(search->moves.steps);
	free(search->moves.items);
	free(search->hashes);
	free(search->order);
	free(search->wanted);
	free(search->seen);
	free(search->findings);
	free(search->fired);
	free(search->waiting);
	free(search->path);
	free(search);
}
