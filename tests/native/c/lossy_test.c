/* Exact answers of the lossy search on the toys, to be run under the sanitizers. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lossy.h"
#include "lossy_table.h"

const struct model *toy_grid(void);
const struct model *toy_star(void);
const struct model *toy_chain(void);
const struct model *toy_idler(void);
const struct model *toy_peterson(void);
const struct model *toy_broken(void);

#define EXPECT(left, right) expect(__LINE__, #left, (uint64_t)(left), (uint64_t)(right))

static const uint64_t nothing[2];
static int failures;

static void expect(int line, const char *text, uint64_t found, uint64_t wanted)
{
	if (found == wanted)
		return;
	printf("line %d: %s is %" PRIu64 ", not %" PRIu64 "\n", line, text, found, wanted);
	failures++;
}

static struct lossy_options plain(const uint64_t *wanted)
{
	struct lossy_options options = {
		.table = 1 << 20, .stack = 1 << 20, .seed = 1, .depth = UINT64_MAX, .states = UINT64_MAX,
		.wanted = wanted, .strength = 3,
	};

	return options;
}

static struct lossy *begin(const struct model *model, const struct lossy_options *options)
{
	struct lossy *search = lossy_open(model, options);

	if (!search)
		exit(2);
	return search;
}

/* Run to the end in slices of 7 expansions. */
static uint32_t finish(struct lossy *search, struct lossy_counts *counts)
{
	uint32_t status = LOSSY_RUNNING;

	while (status == LOSSY_RUNNING || status == LOSSY_NEWS)
		status = lossy_run(search, 7);
	lossy_count(search, counts);
	return status;
}

static void check_counts(const struct model *model, uint32_t flags, uint64_t states, uint64_t transitions)
{
	struct lossy_options options = plain(nothing);
	struct lossy_counts counts;
	struct lossy *search;

	for (uint32_t k = 0; k < 4; k++) {
		options.flags = flags | (k & 1 ? LOSSY_COMPACT : 0) | (k & 2 ? LOSSY_SHUFFLE : 0);
		options.strength = k & 1 ? 5 : 3;
		search = begin(model, &options);
		EXPECT(finish(search, &counts), LOSSY_DONE);
		EXPECT(counts.states, states);
		EXPECT(counts.transitions, transitions);
		EXPECT(counts.waiting, 0);
		EXPECT(counts.cut_depth + counts.cut_stack, 0);
		lossy_close(search);
	}
}

/* Every count of a slot's size, down to tables that are full. */
static void check_slots(void)
{
	struct lossy_options options = plain(nothing);
	struct lossy_counts counts;

	options.flags = LOSSY_COMPACT;
	for (uint32_t strength = 1; strength <= 8; strength++) {
		struct lossy *search;

		options.strength = strength;
		options.table = 64 + strength;
		search = begin(toy_grid(), &options);
		EXPECT(finish(search, &counts), LOSSY_FULL);
		EXPECT(counts.places, options.table / strength);
		EXPECT(counts.states, counts.places - counts.places / 8);
		EXPECT(counts.set, counts.states);
		lossy_close(search);
	}
}

static void check_path(void)
{
	static const uint64_t wanted[2] = {3, 0};
	struct lossy_options options = plain(wanted);
	struct lossy_counts counts;
	struct lossy *search = begin(toy_grid(), &options);
	const uint32_t *path;

	EXPECT(finish(search, &counts), LOSSY_DONE);
	EXPECT(counts.depth, 36);
	EXPECT(lossy_path_length(search, 0), 36);
	EXPECT(lossy_path_length(search, 1), 9);
	EXPECT(lossy_path_length(search, 2), UINT64_MAX);
	path = lossy_path(search, 1);
	for (uint32_t i = 0; i < 9; i++)
		EXPECT(path[i], 0);
	EXPECT(lossy_seen(search)[0], 3);
	EXPECT(lossy_seen(search)[1], 64);
	EXPECT(memcmp(lossy_fired(search), "\1\1\1\1", 4), 0);
	lossy_close(search);
}

/* The first state has item 70; the first one at a corner, after 9 steps, item 1; and the one after 36 steps item 0. */
static void check_news(void)
{
	static const uint64_t expansions[] = {1, 9, 27};
	struct lossy_options options = plain(nothing);
	struct lossy *search = begin(toy_grid(), &options);

	for (uint32_t i = 0; i < 3; i++) {
		EXPECT(lossy_run(search, expansions[i] - 1), LOSSY_RUNNING);
		EXPECT(lossy_run(search, 100), LOSSY_NEWS);
	}
	EXPECT(lossy_run(search, UINT64_MAX), LOSSY_DONE);
	lossy_close(search);
}

static void check_shorten(void)
{
	uint32_t steps[1000], halt = 1;

	memset(steps, 0, sizeof(steps));
	EXPECT(lossy_shorten(toy_chain(), steps, 1000, &halt), UINT64_MAX);
	halt = 0;
	EXPECT(lossy_shorten(toy_chain(), steps, 1000, &halt), 109);
	memset(steps, 0, sizeof(steps));
	/* Two steps to 2, 99 times ten to 992, and eight to the end. */
	EXPECT(lossy_shorten(toy_chain(), steps, 1000, NULL), 109);
	EXPECT(lossy_shorten(toy_chain(), steps, 109, NULL), 109);
	steps[0] = 1;
	EXPECT(lossy_shorten(toy_chain(), steps, 109, NULL), UINT64_MAX);
	EXPECT(lossy_shorten(toy_chain(), steps, 0, NULL), 0);
	steps[0] = steps[1] = steps[2] = 0;
	EXPECT(lossy_shorten(toy_idler(), steps, 3, NULL), 0);
}

static void check_bounds(void)
{
	struct lossy_options options = plain(nothing);
	struct lossy_counts counts;
	struct lossy *search;

	options.depth = 20;
	search = begin(toy_chain(), &options);
	EXPECT(finish(search, &counts), LOSSY_DONE);
	EXPECT(counts.depth, 20);
	lossy_close(search);
	options.depth = UINT64_MAX;
	options.stack = 0;
	search = begin(toy_chain(), &options);
	EXPECT(finish(search, &counts), LOSSY_DONE);
	EXPECT(counts.states, 2);
	EXPECT(counts.cut_stack, 1);
	lossy_close(search);
	options.states = 5;
	options.stack = 1 << 20;
	search = begin(toy_chain(), &options);
	EXPECT(finish(search, &counts), LOSSY_FULL);
	EXPECT(counts.states, 5);
	lossy_close(search);
}

static void check_product(void)
{
	EXPECT(lossy_high(0x123456789abcdef0u, 0xfedcba9876543210u), 0x121fa00ad77d7422u);
	EXPECT(lossy_high(UINT64_MAX, UINT64_MAX), UINT64_MAX - 1);
	EXPECT(lossy_high(UINT64_MAX, 1), 0);
	EXPECT(lossy_high(1ull << 32, 1ull << 32), 1);
}

static void check_refusals(void)
{
	struct lossy_options options = plain(nothing);
	struct model wrong = *toy_grid();

	options.strength = 17;
	EXPECT(lossy_open(toy_grid(), &options) == NULL, 1);
	options.strength = 0;
	EXPECT(lossy_open(toy_grid(), &options) == NULL, 1);
	options = plain(nothing);
	options.table = 63;
	EXPECT(lossy_open(toy_grid(), &options) == NULL, 1);
	options.table = UINT64_MAX / 16;
	EXPECT(lossy_open(toy_grid(), &options) == NULL, 1);
	options = plain(nothing);
	wrong.words = WORDS + 1;
	EXPECT(lossy_open(&wrong, &options) == NULL, 1);
}

int main(void)
{
	check_counts(toy_grid(), 0, 10000, 36000);
	check_counts(toy_grid(), LOSSY_SYMMETRY, 715, 2574);
	check_counts(toy_grid(), LOSSY_REDUCE, 37, 36);
	check_counts(toy_star(), 0, 20001, 20000);
	check_counts(toy_idler(), LOSSY_REDUCE, 6, 7);
	check_counts(toy_peterson(), 0, 20, 34);
	check_slots();
	check_path();
	check_news();
	check_shorten();
	check_bounds();
	check_product();
	check_refusals();
	return failures != 0;
}
