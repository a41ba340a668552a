#include "survey.h"

#include <errno.h>
#include <stdlib.h>

#define BATCH 64        /* successors that are looked up together */
#define LETTER_SLOTS 64 /* of the first table of letters */
#define LEAST_LOG2 15   /* slots of the first table of states: 16 times the numbers that a thread takes at once */

/* ---------------------------------------------------------------- columns */

static bool column_add(struct column *column, const void *value, size_t size)
{
	if (column->bytes + size > column->region.reserved) {
		errno = ENOMEM;
		return false;
	}
	memcpy(column->region.base + column->bytes, value, size);
	column->bytes += size;
	return true;
}

static bool add32(struct column *column, int64_t value)
{
	int32_t narrow = (int32_t)value;

	return column_add(column, &narrow, sizeof(narrow));
}

static bool add64(struct column *column, uint64_t value)
{
	return column_add(column, &value, sizeof(value));
}

/* ---------------------------------------------------------------- letters */

/* Slot of a letter in the table, or of the empty place where it belongs. */
static uint32_t letter_slot(const struct survey *survey, uint64_t mask)
{
	uint32_t slot = (uint32_t)fold(mask ^ 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93) & (survey->letter_slots - 1);

	while (survey->letter_table[slot] && survey->masks[survey->letter_table[slot] - 1] != mask)
		slot = (slot + 1) & (survey->letter_slots - 1);
	return slot;
}

static bool letters_grow(struct survey *survey)
{
	uint32_t slots = survey->letter_slots ? 2 * survey->letter_slots : LETTER_SLOTS;
	uint32_t *table = calloc(slots, sizeof(*table));
	uint64_t *masks = realloc(survey->masks, slots * sizeof(*masks));

	if (masks)
		survey->masks = masks;
	if (!table || !masks) {
		free(table);
		return false;
	}
	free(survey->letter_table);
	survey->letter_table = table;
	survey->letter_slots = slots;
	for (uint32_t k = 0; k < survey->letters; k++)
		table[letter_slot(survey, survey->masks[k])] = k + 1;
	return true;
}

/* Number of a letter, -1 without memory. */
static int64_t letter_of(struct survey *survey, uint64_t mask)
{
	if (2 * survey->letters >= survey->letter_slots && !letters_grow(survey))
		return -1;
	uint32_t slot = letter_slot(survey, mask);

	if (!survey->letter_table[slot]) {
		survey->masks[survey->letters] = mask;
		survey->letter_table[slot] = ++survey->letters;
	}
	return survey->letter_table[slot] - 1;
}

/* ---------------------------------------------------------------- states */

static uint64_t condition_mask(const struct survey *survey)
{
	return ((uint64_t)1 << survey->options.rest_bit) - 1;
}

/* Number of a state, which is added if it is new. */
static uint64_t settle(struct survey *survey, const uint64_t *state, uint64_t hash, int64_t parent, int64_t step)
{
	struct visited *visited = &survey->visited;
	bool fresh;
	uint64_t number = visited->wide ? insert_wide(visited, &survey->tail, state, hash, false, &fresh) :
					  insert_narrow(visited, &survey->tail, state, hash, false, &fresh);

	if (!fresh)
		return number;
	uint8_t no = 0;
	int64_t letter = letter_of(survey, survey->model->letters(state) & condition_mask(survey));

	if (letter < 0 || !add32(&survey->letter, letter) || !add32(&survey->parent, parent) ||
	    !add32(&survey->found_by, step) || !column_add(&survey->rests, &no, 1))
		survey->failed = true;
	survey->states++;
	return number;
}

/* Successors of a state in the order of their steps. */
static void sort_moves(struct moves *moves)
{
	for (uint32_t k = 1; k < moves->count; k++) {
		for (uint32_t i = k; i && moves->steps[i - 1] > moves->steps[i]; i--) {
			uint32_t step = moves->steps[i];

			moves->steps[i] = moves->steps[i - 1];
			moves->steps[i - 1] = step;
			for (uint32_t w = 0; w < WORDS; w++) {
				uint64_t *a = moves->states + (uint64_t)(i - 1) * WORDS + w, *b = a + WORDS;
				uint64_t word = *a;

				*a = *b;
				*b = word;
			}
		}
	}
}

static void expand(struct survey *survey, uint64_t number, uint32_t position)
{
	struct batch *batch = &survey->batch;
	struct moves moves = {
		.states = batch->states + (uint64_t)batch->count * WORDS,
		.steps = batch->steps + batch->count,
		.items = survey->items,
	};
	uint64_t state[WORDS];

	visited_load(&survey->visited, number, state);
	survey->model->expand(state, &moves);
	if (!survey->model->ordered)
		sort_moves(&moves);
	for (uint32_t k = 0; k < moves.count; k++) {
		uint64_t hash = state_hash(moves.states + (uint64_t)k * WORDS);

		batch->hashes[batch->count + k] = hash;
		visited_prefetch(&survey->visited, hash);
	}
	survey->counts[position] = moves.count;
	batch->count += moves.count;
}

/* States among the successors first .. first + count - 1 of the batch that are new; one is counted once. */
static uint64_t count_fresh(const struct survey *survey, uint32_t first, uint32_t count)
{
	uint64_t fresh = 0;

	for (uint32_t k = first; k < first + count; k++) {
		const uint64_t *state = survey->batch.states + (uint64_t)k * WORDS;
		bool seen = visited_find(&survey->visited, state, survey->batch.hashes[k]) != NOWHERE;

		for (uint32_t i = first; !seen && i < k; i++)
			seen = !memcmp(state, survey->batch.states + (uint64_t)i * WORDS, WORDS * sizeof(uint64_t));
		fresh += !seen;
	}
	return fresh;
}

/* Whether a limit forbids to follow the steps of a state. */
static bool is_barred(struct survey *survey, uint64_t number, uint32_t first, uint32_t count)
{
	const struct survey_options *options = &survey->options;
	bool at_depth = options->depth >= 0 && survey->depth == (uint64_t)options->depth && number < survey->level_end;

	if (!at_depth && !options->most_states)
		return false;
	uint64_t fresh = count_fresh(survey, first, count);

	if (at_depth && fresh) {
		survey->cut = true;
		return true;
	}
	if (options->most_states && survey->states + fresh > options->most_states) {
		survey->status = SEARCH_STATES;
		return true;
	}
	return false;
}

/* Enter the edges of a state, whose successors begin at `first` in the batch. */
static void follow(struct survey *survey, uint64_t number, uint32_t first, uint32_t count)
{
	bool moves = false;
	uint64_t state[WORDS];

	for (uint32_t k = first; k < first + count; k++) {
		uint32_t step = survey->batch.steps[k];
		uint64_t target = settle(survey, survey->batch.states + (uint64_t)k * WORDS, survey->batch.hashes[k],
					 (int64_t)number, step);

		if (!add32(&survey->target, (int64_t)target) || !add32(&survey->step, step))
			survey->failed = true;
		survey->fired[step] = 1;
		survey->edges++;
		moves |= survey->options.moving[step];
	}
	if (moves)
		return;
	visited_load(&survey->visited, number, state);
	survey->rests.region.base[number] = survey->model->letters(state) >> survey->options.rest_bit & 1;
}

/* Expand some states from `survey->expanded` on. */
static void expand_some(struct survey *survey)
{
	uint64_t first = survey->expanded;
	uint32_t some = 0, position = 0;

	survey->batch.count = 0;
	while (survey->batch.count < BATCH && some < BATCH && first + some < survey->states) {
		/* A limit looks at each level by itself. */
		if (first + some == survey->level_end && some)
			break;
		expand(survey, first + some, some);
		some++;
	}
	for (uint32_t k = 0; k < some && survey->status == SEARCH_SLICE && !survey->failed; k++) {
		uint32_t count = survey->counts[k];

		if (survey->expanded == survey->level_end) {
			survey->depth++;
			survey->level_end = survey->states;
		}
		if (!is_barred(survey, survey->expanded, position, count))
			follow(survey, survey->expanded, position, count);
		if (!add64(&survey->first, survey->edges))
			survey->failed = true;
		survey->expanded++;
		position += count;
	}
}

/* ---------------------------------------------------------------- room and slices */

static uint64_t bytes_in_use(const struct survey *survey)
{
	uint64_t bytes = visited_table_bytes(survey->visited.log2, survey->visited.wide);

	bytes += survey->visited.numbers * survey->visited.packing.stride;
	bytes += survey->first.bytes + survey->target.bytes + survey->step.bytes + survey->rests.bytes;
	return bytes + survey->parent.bytes + survey->found_by.bytes + survey->letter.bytes;
}

/* Room for what a batch can add; false, with the status set, if there is none. */
static bool make_room(struct survey *survey)
{
	uint64_t slots = survey->visited.mask + 1, most = survey->options.most_bytes;
	uint64_t ahead = BLOCK + BATCH + survey->model->most_moves;

	if (most && bytes_in_use(survey) > most) {
		survey->status = SEARCH_MEMORY;
		return false;
	}
	if (survey->states + ahead > MOST_STATES ||
	    (survey->visited.numbers + ahead) * survey->visited.packing.stride > survey->visited.log.reserved) {
		survey->facts.error = ENOMEM;
		survey->status = SEARCH_REFUSED;
		return false;
	}
	if (survey->states <= slots / 5 * 4)
		return true;
	if (!visited_table(&survey->visited, survey->visited.log2 + (survey->visited.log2 < 22 ? 2 : 1))) {
		survey->facts.error = ENOMEM;
		survey->status = SEARCH_REFUSED;
		return false;
	}
	visited_enter(&survey->visited, 0, survey->states);
	return true;
}

int survey_run(struct survey *survey, double seconds)
{
	double deadline = search_clock() + seconds;

	for (uint32_t turn = 0; survey->status == SEARCH_SLICE; turn++) {
		if (survey->expanded == survey->states) {
			survey->status = survey->cut ? SEARCH_DEPTH : SEARCH_DONE;
			break;
		}
		if (turn % BATCH == BATCH - 1 && search_clock() >= deadline)
			break;
		if (!make_room(survey))
			break;
		expand_some(survey);
		if (survey->failed) {
			survey->facts.error = ENOMEM;
			survey->status = SEARCH_REFUSED;
		}
	}
	return survey->status;
}

void survey_close(struct survey *survey)
{
	uint64_t *first = (uint64_t *)survey->first.region.base;

	for (uint64_t state = survey->expanded + 1; state <= survey->states; state++)
		first[state] = survey->edges;
}

const struct survey_facts *survey_facts(struct survey *survey)
{
	struct survey_facts *facts = &survey->facts;

	facts->states = survey->states;
	facts->edges = survey->edges;
	facts->expanded = survey->expanded;
	facts->depth = survey->depth + (survey->states > survey->level_end);
	facts->bytes = bytes_in_use(survey);
	facts->letters = survey->letters;
	facts->item_words = (survey->model->items + 63) / 64;
	facts->first = (const uint64_t *)survey->first.region.base;
	facts->target = (const int32_t *)survey->target.region.base;
	facts->step = (const int32_t *)survey->step.region.base;
	facts->parent = (const int32_t *)survey->parent.region.base;
	facts->found_by = (const int32_t *)survey->found_by.region.base;
	facts->letter = (const int32_t *)survey->letter.region.base;
	facts->rests = survey->rests.region.base;
	facts->fired = survey->fired;
	facts->masks = survey->masks;
	facts->items = survey->items;
	return facts;
}

/* ---------------------------------------------------------------- life */

static bool open_columns(struct survey *survey)
{
	struct column *columns[] = { &survey->first,	&survey->target, &survey->step, &survey->parent,
				     &survey->found_by, &survey->letter, &survey->rests };

	for (size_t k = 0; k < sizeof(columns) / sizeof(*columns); k++) {
		columns[k]->region.file = -1;
		if (!region_open(&columns[k]->region, (size_t)1 << 20, survey->options.space / 2, NULL, false))
			return false;
	}
	return add64(&survey->first, 0);
}

static bool open_all(struct survey *survey)
{
	const struct model *model = survey->model;
	uint64_t room = BATCH + model->most_moves;
	uint32_t log2 = LEAST_LOG2;

	while ((uint64_t)1 << log2 < 16 * (BLOCK + room))
		log2++;
	survey->items = calloc((model->items + 63) / 64, sizeof(uint64_t));
	survey->fired = calloc(model->steps + 1, 1);
	survey->counts = calloc(BATCH, sizeof(uint32_t));
	survey->batch.states = malloc(room * WORDS * sizeof(uint64_t));
	survey->batch.hashes = malloc(room * sizeof(uint64_t));
	survey->batch.steps = malloc(room * sizeof(uint32_t));
	if (!survey->items || !survey->fired || !survey->counts || !survey->batch.states || !survey->batch.hashes ||
	    !survey->batch.steps || !open_columns(survey))
		return false;
	return visited_open(&survey->visited, model->bits, log2, survey->options.space, NULL, false);
}

struct survey *survey_new(const struct model *model, const struct survey_options *options)
{
	struct survey *survey = calloc(1, sizeof(*survey));

	if (!survey)
		return NULL;
	survey->model = model;
	survey->options = *options;
	survey->status = SEARCH_SLICE;
	survey->visited.log.file = -1;
	if (open_all(survey))
		settle(survey, model->initial, state_hash(model->initial), -1, -1);
	else
		survey->failed = true;
	survey->level_end = 1;
	if (survey->failed) {
		survey_free(survey);
		errno = ENOMEM;
		return NULL;
	}
	return survey;
}

void survey_free(struct survey *survey)
{
	if (!survey)
		return;
	struct column *columns[] = { &survey->first,	&survey->target, &survey->step, &survey->parent,
				     &survey->found_by, &survey->letter, &survey->rests };

	for (size_t k = 0; k < sizeof(columns) / sizeof(*columns); k++)
		region_close(&columns[k]->region);
	visited_close(&survey->visited);
	free(survey->items);
	free(survey->fired);
	free(survey->counts);
	free(survey->masks);
	free(survey->letter_table);
	free(survey->batch.states);
	free(survey->batch.hashes);
	free(survey->batch.steps);
	free(survey);
}
