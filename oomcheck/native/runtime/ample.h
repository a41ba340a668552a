/*
 * Ample sets in a generated model: which processes are enough to go on from a
 * state, decided from the state alone. This is `choose` of analysis/ample.py,
 * process for process; analysis/NOTES.md says why the choice keeps all answers.
 *
 * The file that includes this defines the sizes first: AMPLE_PROCESSES (at most
 * 64), AMPLE_STATE (words of a state), AMPLE_TESTS, AMPLE_CLASSES and
 * AMPLE_FORMULAS, each at least 1.
 */
#ifndef OOMCHECK_AMPLE_H
#define OOMCHECK_AMPLE_H

#include "model.h"

#define AMPLE_WORDS(bits) (((bits) + 63) / 64)
#define AMPLE_TEST_WORDS AMPLE_WORDS(AMPLE_TESTS)
#define AMPLE_CLASS_WORDS AMPLE_WORDS(AMPLE_CLASSES)
#define AMPLE_FORMULA_WORDS AMPLE_WORDS(AMPLE_FORMULAS)

#define AMPLE_ALL (UINT64_MAX >> (64 - AMPLE_PROCESSES)) /* the set of all processes */
#define AMPLE_NOWHERE UINT32_MAX /* the point of a process that stands at none */
#define AMPLE_FAULT UINT32_MAX   /* the step of an item that is a fault */
#define AMPLE_END UINT32_MAX     /* ends a list of tests */

/* A step or fault at a control point. */
struct ample_item {
	uint32_t step;    /* number of the transition, or AMPLE_FAULT */
	uint32_t sticky;  /* may be taken only together with all that are enabled */
	uint32_t clashes; /* set of classes that it disturbs, or that disturb it */
	uint32_t visible; /* set of formulas that it can make false; set 0 is empty */
	uint32_t tests;   /* where the list of its tests begins */
};

struct ample_point {
	uint32_t items, items_end; /* in the order in which `expand` takes the steps */
	uint32_t makes;  /* set of tests that the process can make true before it needs help */
	uint32_t future; /* set of the classes of all that may happen from here on */
	uint32_t cuts;   /* set of tests that, while they are false, keep some classes out of the future */
	uint32_t gone;   /* by rank of such a test: the set of these classes */
	uint32_t ever;   /* all of these together */
};

/* The data of a model. */
struct ample {
	const struct ample_point *points; /* of all processes */
	const struct ample_item *items;
	const uint64_t (*classes)[AMPLE_CLASS_WORDS]; /* the sets that occur, each once */
	const uint64_t (*sets)[AMPLE_TEST_WORDS]; /* of tests, likewise */
	const uint64_t (*visible)[AMPLE_FORMULA_WORDS];
	const uint32_t *gone;
	const uint32_t *tests;      /* lists, each ended by AMPLE_END */
	const uint32_t *formulas;   /* by formula: where the list of its tests begins */
	const uint32_t *process_of; /* by transition */

	/* The control point of each process, or AMPLE_NOWHERE. */
	void (*locate)(const uint64_t *state, uint32_t *points);

	/* Whether a test is true. */
	int (*test)(const uint64_t *state, uint32_t test);
};

/* A state, and what has been asked about it by now. */
struct ample_now {
	const struct ample *facts;
	const uint64_t *state;
	const struct ample_point *at[AMPLE_PROCESSES];
	const uint32_t *enabled[AMPLE_PROCESSES]; /* the steps that each process can take */
	uint32_t count[AMPLE_PROCESSES];
	uint64_t moving;                    /* processes that can take a step */
	uint64_t tested[AMPLE_TEST_WORDS];  /* tests that `truth` knows */
	uint64_t truth[AMPLE_TEST_WORDS];
	uint64_t sought[AMPLE_TEST_WORDS];  /* tests that `makers` knows */
	uint64_t makers[AMPLE_TESTS];
	uint64_t asked;                     /* processes that `needs` and `clashes` know */
	uint64_t needs[AMPLE_PROCESSES];
	uint64_t clashes[AMPLE_PROCESSES][AMPLE_CLASS_WORDS];
};

/* The lowest member of a set that is not empty. */
static inline uint32_t ample_lowest(uint64_t set)
{
#ifdef __TINYC__ /* some versions have no builtin for it */
	uint32_t lowest = 0;

	for (; !(set & 1); set >>= 1)
		lowest++;
	return lowest;
#else
	return (uint32_t)__builtin_ctzll(set);
#endif
}

/* Members of a set. The builtin would be a call, as no particular processor is asked for. */
static inline uint32_t ample_size(uint64_t set)
{
	set -= set >> 1 & UINT64_C(0x5555555555555555);
	set = (set & UINT64_C(0x3333333333333333)) + (set >> 2 & UINT64_C(0x3333333333333333));
	set = (set + (set >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (uint32_t)(set * UINT64_C(0x0101010101010101) >> 56);
}

static inline int ample_is_true(struct ample_now *now, uint32_t test)
{
	uint64_t bit = UINT64_C(1) << (test & 63);

	if (!(now->tested[test >> 6] & bit)) {
		now->tested[test >> 6] |= bit;
		if (now->facts->test(now->state, test))
			now->truth[test >> 6] |= bit;
	}
	return (now->truth[test >> 6] & bit) != 0;
}

/* Processes that can make a false test true. */
static inline uint64_t ample_makers(struct ample_now *now, uint32_t test)
{
	uint64_t bit = UINT64_C(1) << (test & 63), found = 0;

	if (now->sought[test >> 6] & bit)
		return now->makers[test];
	for (uint32_t p = 0; p < AMPLE_PROCESSES; p++) {
		if (now->facts->sets[now->at[p]->makes][test >> 6] & bit)
			found |= UINT64_C(1) << p;
	}
	now->sought[test >> 6] |= bit;
	now->makers[test] = found;
	return found;
}

/* Processes without which the first false test of a list stays false; none if all are true. */
static uint64_t ample_enablers(struct ample_now *now, uint32_t list)
{
	for (const uint32_t *test = now->facts->tests + list; *test != AMPLE_END; test++) {
		if (!ample_is_true(now, *test))
			return ample_makers(now, *test);
	}
	return 0;
}

/* Whether a process can take a sticky step. */
static int ample_is_stuck(const struct ample_now *now, uint32_t process)
{
	const struct ample_point *point = now->at[process];
	const uint32_t *step = now->enabled[process], *end = step + now->count[process];

	for (uint32_t k = point->items; step < end && k < point->items_end; k++) {
		const struct ample_item *item = &now->facts->items[k];

		if (item->step != *step)
			continue;
		if (item->sticky)
			return 1;
		step++;
	}
	return 0;
}

/* Work out what a process in the choice asks for: classes kept off, and processes that may enable what it cannot do. */
static void ample_ask(struct ample_now *now, uint32_t process)
{
	const struct ample *facts = now->facts;
	const struct ample_point *point = now->at[process];
	const uint32_t *step = now->enabled[process], *end = step + now->count[process];
	uint64_t visible[AMPLE_FORMULA_WORDS] = { 0 }, needs = 0;
	uint64_t *clashes = now->clashes[process];

	for (uint32_t w = 0; w < AMPLE_CLASS_WORDS; w++)
		clashes[w] = 0;
	for (uint32_t k = point->items; k < point->items_end; k++) {
		const struct ample_item *item = &facts->items[k];

		if (step == end || item->step != *step) {
			needs |= ample_enablers(now, item->tests);
			continue;
		}
		step++;
		for (uint32_t w = 0; w < AMPLE_CLASS_WORDS; w++)
			clashes[w] |= facts->classes[item->clashes][w];
		for (uint32_t w = 0; item->visible && w < AMPLE_FORMULA_WORDS; w++)
			visible[w] |= facts->visible[item->visible][w];
	}
	for (uint32_t w = 0; w < AMPLE_FORMULA_WORDS; w++) {
		for (uint64_t left = visible[w]; left; left &= left - 1)
			needs |= ample_enablers(now, facts->formulas[64 * w + ample_lowest(left)]);
	}
	now->needs[process] = needs;
	now->asked |= UINT64_C(1) << process;
}

/* The tests that nobody outside of `chosen` can make true. */
static void ample_hold(const struct ample_now *now, uint64_t chosen, uint64_t *held)
{
	for (uint32_t w = 0; w < AMPLE_TEST_WORDS; w++)
		held[w] = UINT64_MAX;
	for (uint64_t left = AMPLE_ALL & ~chosen; left; left &= left - 1) {
		const uint64_t *makes = now->facts->sets[now->at[ample_lowest(left)]->makes];

		for (uint32_t w = 0; w < AMPLE_TEST_WORDS; w++)
			held[w] &= ~makes[w];
	}
}

/* Take from `rest` what a point cannot do while the tests in `held` stay as they are; whether something is left. */
static int ample_cut(struct ample_now *now, const struct ample_point *point, const uint64_t *held, uint64_t *rest)
{
	const struct ample *facts = now->facts;
	const uint32_t *row = facts->gone + point->gone;

	for (uint32_t v = 0; v < AMPLE_TEST_WORDS; v++) {
		uint64_t cuts = facts->sets[point->cuts][v];

		for (uint64_t left = cuts & held[v]; left; left &= left - 1) {
			uint64_t below = cuts & ((left & -left) - 1), any = 0;
			const uint64_t *gone;

			if (ample_is_true(now, 64 * v + ample_lowest(left)))
				continue;
			gone = facts->classes[row[ample_size(below)]];
			for (uint32_t w = 0; w < AMPLE_CLASS_WORDS; w++)
				any |= rest[w] &= ~gone[w];
			if (!any)
				return 0;
		}
		row += ample_size(cuts);
	}
	return 1;
}

/* Whether a process can do something in `clashes` before anybody moves who can make a test in `held` true. */
static int ample_disturbs(struct ample_now *now, uint32_t process, const uint64_t *held, const uint64_t *clashes)
{
	const struct ample_point *point = now->at[process];
	const uint64_t *future = now->facts->classes[point->future], *ever = now->facts->classes[point->ever];
	uint64_t rest[AMPLE_CLASS_WORDS], any = 0, always = 0;

	for (uint32_t w = 0; w < AMPLE_CLASS_WORDS; w++) {
		any |= rest[w] = future[w] & clashes[w];
		always |= rest[w] & ~ever[w];
	}
	return always || (any && ample_cut(now, point, held, rest));
}

/* A choice that grows; `wanted` are the chosen ones and those to come, who can take `steps` together. */
struct ample_choice {
	uint64_t chosen, wanted;
	uint64_t clashes[AMPLE_CLASS_WORDS];
	uint32_t steps;
	uint32_t least; /* a choice with so many steps is none */
};

/* Want more processes; 0 if that gives too many steps or a sticky one. */
static int ample_want(const struct ample_now *now, struct ample_choice *choice, uint64_t more)
{
	for (uint64_t left = more & ~choice->wanted & now->moving; left; left &= left - 1) {
		uint32_t p = ample_lowest(left);

		choice->steps += now->count[p];
		if (choice->steps >= choice->least || ample_is_stuck(now, p))
			return 0;
	}
	choice->wanted |= more;
	return 1;
}

/* Choose those who are wanted, and want whom they need; 0 as for `ample_want`. */
static int ample_add(struct ample_now *now, struct ample_choice *choice)
{
	for (uint64_t left = choice->wanted & ~choice->chosen; left; left &= left - 1) {
		uint32_t p = ample_lowest(left);

		if (!(now->asked >> p & 1))
			ample_ask(now, p);
		if (!ample_want(now, choice, now->needs[p]))
			return 0;
		for (uint32_t w = 0; w < AMPLE_CLASS_WORDS; w++)
			choice->clashes[w] |= now->clashes[p][w];
		choice->chosen |= UINT64_C(1) << p;
	}
	return 1;
}

/* Want those of `others` who can disturb the chosen ones; 0 as for `ample_want`. */
static int ample_spread(struct ample_now *now, struct ample_choice *choice, const uint64_t *held, uint64_t others)
{
	for (uint64_t left = others & ~choice->wanted; left; left &= left - 1) {
		uint32_t p = ample_lowest(left);

		if (ample_disturbs(now, p, held, choice->clashes) && !ample_want(now, choice, UINT64_C(1) << p))
			return 0;
	}
	return 1;
}

/* A process with all that it needs; 0 if that has a sticky step, or not fewer than *least steps, which it becomes. */
static uint64_t ample_close(struct ample_now *now, uint32_t process, uint32_t *least)
{
	struct ample_choice choice = { .least = *least };
	uint64_t held[AMPLE_TEST_WORDS];

	if (!ample_want(now, &choice, UINT64_C(1) << process))
		return 0;
	while (choice.wanted & ~choice.chosen) {
		if (!ample_add(now, &choice))
			return 0;
		ample_hold(now, choice.chosen, held);
		/* First those who can move: with them it may be settled that the choice is too large. */
		if (!ample_spread(now, &choice, held, now->moving) || !ample_spread(now, &choice, held, AMPLE_ALL))
			return 0;
	}
	*least = choice.steps;
	return choice.chosen;
}

/* Set up for a state whose enabled steps are `steps`, process by process; 0 if somebody stands at no control point. */
static int ample_look(struct ample_now *now, const uint64_t *state, const uint32_t *steps, uint32_t count)
{
	uint32_t points[AMPLE_PROCESSES];

	now->state = state;
	now->facts->locate(state, points);
	now->moving = now->asked = 0;
	for (uint32_t p = 0; p < AMPLE_PROCESSES; p++) {
		if (points[p] == AMPLE_NOWHERE)
			return 0;
		now->at[p] = &now->facts->points[points[p]];
		now->enabled[p] = steps;
		now->count[p] = 0;
	}
	for (uint32_t k = 0; k < count; k++) {
		uint32_t p = now->facts->process_of[steps[k]];

		if (!now->count[p]++)
			now->enabled[p] = steps + k;
		now->moving |= UINT64_C(1) << p;
	}
	for (uint32_t w = 0; w < AMPLE_TEST_WORDS; w++)
		now->tested[w] = now->truth[w] = now->sought[w] = 0;
	return 1;
}

/* Processes whose enabled steps are enough to take: the first choice with the fewest steps, which are *least. */
static uint64_t ample_choose(struct ample_now *now, uint32_t *least)
{
	uint64_t best = now->moving;

	for (uint64_t left = now->moving; left && *least > 1; left &= left - 1) {
		uint64_t found = ample_close(now, ample_lowest(left), least);

		if (found)
			best = found & now->moving;
	}
	return best;
}

/* Leave out the successors of other processes than the chosen ones, which have `count`. */
static void ample_keep(const struct ample_now *now, uint64_t chosen, uint32_t count, struct moves *out)
{
	uint32_t kept = 0;

	for (uint32_t k = 0; kept < count; k++) {
		uint32_t step = out->steps[k];

		if (!(chosen >> now->facts->process_of[step] & 1))
			continue;
		for (uint32_t w = 0; k != kept && w < AMPLE_STATE; w++)
			out->states[kept * AMPLE_STATE + w] = out->states[k * AMPLE_STATE + w];
		out->steps[kept++] = step;
	}
	out->count = kept;
	out->reduced = 1;
}

/* Of the successors that `expand` has found, leave out those that the choice does not need. */
static void ample_reduce(const struct ample *facts, const uint64_t *state, struct moves *out)
{
	struct ample_now now;
	uint32_t count = out->count;
	uint64_t chosen;

	out->reduced = out->single = 0;
	now.facts = facts;
	if (!count || !ample_look(&now, state, out->steps, count))
		return;
	/* Any choice of one step beats all others, so larger ones need not be worked out. */
	if (out->want & WANT_SINGLE && count > 2)
		count = 2;
	chosen = ample_choose(&now, &count);
	if (count == 1)
		out->single = !ample_is_stuck(&now, ample_lowest(chosen));
	if (count < out->count && (out->single || !(out->want & WANT_SINGLE)))
		ample_keep(&now, chosen, count, out);
}

#endif
