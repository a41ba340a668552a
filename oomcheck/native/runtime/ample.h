/*
 * Ample sets in a generated model: which processes are enough to go on from a
 * state, decided from the state alone. This is `choose` of analysis/ample.py,
 * process for process; analysis/NOTES.md says why the choice keeps all answers.
 *
 * The file that includes this defines the sizes first: AMPLE_PROCESSES (at most
 * 64), and AMPLE_TESTS, AMPLE_CLASSES and AMPLE_FORMULAS, each at least 1.
 */
#ifndef OOMCHECK_AMPLE_H
#define OOMCHECK_AMPLE_H

#include "model.h"

#define AMPLE_WORDS(bits) (((bits) + 63) / 64)
#define AMPLE_TEST_WORDS AMPLE_WORDS(AMPLE_TESTS)
#define AMPLE_CLASS_WORDS AMPLE_WORDS(AMPLE_CLASSES)
#define AMPLE_FORMULA_WORDS AMPLE_WORDS(AMPLE_FORMULAS)

#define AMPLE_NOWHERE UINT16_MAX /* the point of a process that stands at none */
#define AMPLE_FAULT UINT32_MAX   /* the step of an item that is a fault */
#define AMPLE_END UINT16_MAX     /* ends a list of tests */

/* A step or fault at a control point. */
struct ample_item {
	uint32_t step;    /* number of the transition, or AMPLE_FAULT */
	uint32_t sticky;  /* may be taken only together with all that are enabled */
	uint32_t clashes; /* set of classes that it disturbs, or that disturb it */
	uint32_t visible; /* set of formulas that it can make false; set 0 is empty */
	uint32_t tests;   /* where the list of its tests begins */
};

/* Classes that are no future as long as a test is false. */
struct ample_cut {
	uint16_t test, gone;
};

struct ample_point {
	uint32_t items, items_end; /* in the order in which `expand` takes the steps */
	uint32_t cuts, cuts_end;
	uint32_t future; /* set of the classes of all that may happen from here on */
	uint32_t makes;  /* set of tests that the process can make true before it needs help */
};

/* The data of a model. */
struct ample {
	const struct ample_point *points; /* of all processes */
	const struct ample_item *items;
	const struct ample_cut *cuts;
	const uint64_t (*classes)[AMPLE_CLASS_WORDS]; /* the sets that occur, each once */
	const uint64_t (*makes)[AMPLE_TEST_WORDS];
	const uint64_t (*visible)[AMPLE_FORMULA_WORDS];
	const uint16_t *tests;      /* lists, each ended by AMPLE_END */
	const uint32_t *formulas;   /* by formula: where the list of its tests begins */
	const uint16_t *process_of; /* by transition */

	/* The control point of each process, or AMPLE_NOWHERE. */
	void (*locate)(const uint64_t *state, uint16_t *points);

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
		if (now->facts->makes[now->at[p]->makes][test >> 6] & bit)
			found |= UINT64_C(1) << p;
	}
	now->sought[test >> 6] |= bit;
	now->makers[test] = found;
	return found;
}

/* Processes without which the first false test of a list stays false; none if all are true. */
static uint64_t ample_enablers(struct ample_now *now, uint32_t list)
{
	for (const uint16_t *test = now->facts->tests + list; *test != AMPLE_END; test++) {
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
			needs |= ample_enablers(now, facts->formulas[64 * w + (uint32_t)__builtin_ctzll(left)]);
	}
	now->needs[process] = needs;
	now->asked |= UINT64_C(1) << process;
}

/* Whether a process can do something in `clashes` before anybody in `chosen` moves. */
static int ample_disturbs(struct ample_now *now, uint32_t process, uint64_t chosen, const uint64_t *clashes)
{
	const struct ample *facts = now->facts;
	const struct ample_point *point = now->at[process];
	uint64_t rest[AMPLE_CLASS_WORDS], any = 0;

	for (uint32_t w = 0; w < AMPLE_CLASS_WORDS; w++)
		any |= rest[w] = facts->classes[point->future][w] & clashes[w];
	for (uint32_t k = point->cuts; any && k < point->cuts_end; k++) {
		const uint64_t *gone = facts->classes[facts->cuts[k].gone];
		uint32_t test = facts->cuts[k].test;
		uint64_t helps = 0;

		for (uint32_t w = 0; w < AMPLE_CLASS_WORDS; w++)
			helps |= rest[w] & gone[w];
		if (!helps || ample_is_true(now, test) || ample_makers(now, test) & ~chosen)
			continue;
		any = 0;
		for (uint32_t w = 0; w < AMPLE_CLASS_WORDS; w++)
			any |= rest[w] &= ~gone[w];
	}
	return any != 0;
}

/* A process with all that it needs; 0 if that has a sticky step, or not fewer than *least steps, which it becomes. */
static uint64_t ample_close(struct ample_now *now, uint32_t process, uint32_t *least)
{
	const uint64_t all = UINT64_MAX >> (64 - AMPLE_PROCESSES);
	uint64_t chosen = 0, wanted = UINT64_C(1) << process, clashes[AMPLE_CLASS_WORDS] = { 0 };
	uint32_t steps = 0;

	while (wanted & ~chosen) {
		for (uint64_t left = wanted & ~chosen & now->moving; left; left &= left - 1) {
			uint32_t p = (uint32_t)__builtin_ctzll(left);

			steps += now->count[p];
			if (steps >= *least || ample_is_stuck(now, p))
				return 0;
		}
		for (uint64_t left = wanted & ~chosen; left; left &= left - 1) {
			uint32_t p = (uint32_t)__builtin_ctzll(left);

			if (!(now->asked >> p & 1))
				ample_ask(now, p);
			wanted |= now->needs[p];
			for (uint32_t w = 0; w < AMPLE_CLASS_WORDS; w++)
				clashes[w] |= now->clashes[p][w];
			chosen |= UINT64_C(1) << p;
		}
		for (uint64_t left = all & ~wanted; left; left &= left - 1) {
			uint32_t p = (uint32_t)__builtin_ctzll(left);

			if (ample_disturbs(now, p, chosen, clashes))
				wanted |= UINT64_C(1) << p;
		}
	}
	*least = steps;
	return chosen;
}

/* Set up for a state whose enabled steps are `steps`, process by process; 0 if somebody stands at no control point. */
static int ample_look(struct ample_now *now, const uint64_t *state, const uint32_t *steps, uint32_t count)
{
	uint16_t points[AMPLE_PROCESSES];

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
		uint64_t found = ample_close(now, (uint32_t)__builtin_ctzll(left), least);

		if (found)
			best = found & now->moving;
	}
	return best;
}

/* Leave out the successors that the choice does not need, after `expand` has found all of them. */
static void ample_reduce(const struct ample *facts, const uint64_t *state, uint32_t words, struct moves *out)
{
	struct ample_now now;
	uint32_t count = out->count, kept = 0;

	out->reduced = out->single = 0;
	now.facts = facts;
	if (!count || !ample_look(&now, state, out->steps, count))
		return;
	uint64_t chosen = ample_choose(&now, &count);

	if (count == 1)
		out->single = !ample_is_stuck(&now, (uint32_t)__builtin_ctzll(chosen));
	if (count == out->count)
		return;
	for (uint32_t k = 0; kept < count; k++) {
		uint32_t step = out->steps[k];

		if (!(chosen >> facts->process_of[step] & 1))
			continue;
		for (uint32_t w = 0; k != kept && w < words; w++)
			out->states[kept * words + w] = out->states[k * words + w];
		out->steps[kept++] = step;
	}
	out->count = kept;
	out->reduced = 1;
}

#endif
