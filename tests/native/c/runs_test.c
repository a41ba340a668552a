/*
 * Random questions about runs, answered by naive algorithms on sets of bits as
 * well, and what happens without memory. Prints what is wrong, else nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runs.h"

#define STATES 12u
#define WIDTH 3u
#define STEPS 5u
#define CLASSES 4u
#define MOST_EDGES (STATES * STEPS)
#define ROUNDS 6000

#define CHECK(fact) check((fact), #fact, __LINE__)

static uint64_t seed; /* of all that is drawn from here on */
static int round_now;

static void check(bool good, const char *fact, int line)
{
	if (good)
		return;
	printf("line %d, round %d: not %s\n", line, round_now, fact);
	exit(1);
}

/* -- allocations that fail -- */

void *__real_realloc(void *old, size_t bytes);
void *__real_malloc(size_t bytes);
void *__real_pages_new(size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_pages_new(size_t bytes);

static int64_t allocations_left = INT64_MAX;

static bool refused(void)
{
	return allocations_left-- <= 0;
}

void *__wrap_realloc(void *old, size_t bytes)
{
	return refused() ? NULL : __real_realloc(old, bytes);
}

void *__wrap_malloc(size_t bytes)
{
	return refused() ? NULL : __real_malloc(bytes);
}

void *__wrap_pages_new(size_t bytes)
{
	return refused() ? NULL : __real_pages_new(bytes);
}

/* -- random questions -- */

static uint32_t draw(uint32_t below)
{
	/* The constants of Knuth's MMIX. */
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % below);
}

struct world {
	uint64_t first[STATES + 1];
	uint32_t target[MOST_EDGES], step[MOST_EDGES], parent[STATES], letter[STATES];
	uint8_t rests[STATES];
	uint32_t start[WIDTH], reading[CLASSES], begin[CLASSES * WIDTH + 1];
	uint32_t move_target[CLASSES * WIDTH * 3];
	uint64_t move_marks[CLASSES * WIDTH * 3], due[CLASSES], taken[STEPS], weight[STEPS];
	uint8_t accepting[WIDTH], stutters[CLASSES * WIDTH], allowed[STEPS], sources[CLASSES], exits[CLASSES];
	int stop;
	struct run_query query;
	struct run_weights weights;
};

static void draw_graph(struct world *w, uint32_t states)
{
	uint32_t edges = 0, known = 1;

	for (uint32_t s = 0; s < states; s++) {
		w->letter[s] = draw(CLASSES);
		w->rests[s] = draw(8) == 0;
		w->first[s] = edges;
		for (uint32_t step = 0; step < STEPS; step++) {
			/* New states are found in the order of their numbers. */
			bool must = known == s + 1 && known < states && step == STEPS - 1;

			if (draw(3) && !must)
				continue;
			uint32_t target = must || draw(3) == 0 ? known : draw(known);

			if (target == states)
				target = draw(states);
			if (target == known)
				w->parent[known++] = s;
			w->target[edges] = target;
			w->step[edges++] = step;
		}
	}
	w->first[states] = edges;
	w->query.graph = (struct run_graph){states, w->first, w->target, w->step, w->parent, w->letter, w->rests};
}

/* All of the automaton is one part that may accept, as far as the tables tell. */
static void draw_automaton(struct world *w, uint32_t width)
{
	uint32_t moves = 0, rows = CLASSES * width;
	uint64_t marks = draw(4);

	for (uint32_t i = 0; i < width; i++)
		w->accepting[i] = 1;
	for (uint32_t i = 0; i < CLASSES; i++)
		w->reading[i] = draw(CLASSES);
	for (uint32_t row = 0; row < rows; row++) {
		w->begin[row] = moves;
		w->stutters[row] = draw(2) == 0;
		for (uint32_t count = draw(3); count; count--) {
			w->move_target[moves] = draw(width);
			w->move_marks[moves++] = draw(4) & marks;
		}
	}
	w->begin[rows] = moves;
	w->start[0] = draw(width);
	struct run_moves table = {w->begin, w->move_target, w->move_marks};

	w->query.automaton = (struct run_automaton){
		.width = width, .starts = 1, .start = w->start, .reading = draw(4) ? w->reading : NULL, .moves = table,
		.inner = table, .accepting = w->accepting, .stutters = w->stutters, .all_marks = marks,
	};
}

static void draw_demands(struct world *w)
{
	uint64_t used = draw(16) & draw(16), kinds = draw(16);

	for (uint32_t i = 0; i < STEPS; i++) {
		w->taken[i] = (draw(16) & draw(16)) & used;
		w->allowed[i] = draw(4) != 0;
		w->weight[i] = draw(3) == 0 ? draw(3) : 0;
	}
	for (uint32_t i = 0; i < CLASSES; i++) {
		w->due[i] = draw(4) == 0 ? draw(16) & used : 0;
		w->sources[i] = draw(2) == 0;
		w->exits[i] = draw(3) == 0;
	}
	w->query.demands = (struct run_demands){used & kinds & 3, used & kinds & ~3u, used & ~kinds & 1, w->due};
	w->query.steps = STEPS - draw(2);
	w->query.taken = w->taken;
	w->query.allowed = draw(3) == 0 ? w->allowed : NULL;
	w->query.stop = &w->stop;
	bool timed = draw(2) == 0;

	w->weights = (struct run_weights){
		.graph = w->query.graph, .sources = timed ? w->sources : NULL, .exits = timed ? w->exits : NULL,
		.steps = STEPS - draw(2), .weight = w->weight, .rest_is_endless = timed, .stop = &w->stop,
	};
}

/* -- lassos, naively -- */

/* An edge of the product, from a node. */
struct arrow {
	uint32_t source, target, step;
	uint64_t marks;
};

struct arrows {
	struct arrow at[MOST_EDGES * WIDTH * 3];
	uint32_t count;
};

static void list_arrows(const struct run_query *q, struct arrows *all)
{
	const struct run_automaton *a = &q->automaton;

	all->count = 0;
	for (uint32_t node = 0; node < q->graph.states * a->width; node++) {
		uint32_t state = node / a->width, letter = q->graph.letter[state];
		uint32_t row = (a->reading ? a->reading[letter] : 0) * a->width + node % a->width;

		for (uint64_t e = q->graph.first[state]; e < q->graph.first[state + 1]; e++)
			for (uint32_t m = a->moves.begin[row]; m < a->moves.begin[row + 1]; m++)
				all->at[all->count++] = (struct arrow){
					.source = node,
					.target = q->graph.target[e] * a->width + a->moves.target[m],
					.step = q->graph.step[e],
					.marks = a->moves.marks[m],
				};
	}
}

static uint64_t taken_by(const struct run_query *q, uint32_t step)
{
	return step < q->steps ? q->taken[step] : 0;
}

static uint64_t enabled_in(const struct run_query *q, uint32_t state)
{
	uint64_t enabled = q->demands.due[q->graph.letter[state]];

	for (uint64_t e = q->graph.first[state]; e < q->graph.first[state + 1]; e++)
		enabled |= taken_by(q, q->graph.step[e]);
	return enabled;
}

static bool in_loops(const struct run_query *q, const struct arrow *arrow, uint64_t nodes)
{
	bool allowed = !q->allowed || (arrow->step < q->steps && q->allowed[arrow->step]);

	return allowed && nodes >> arrow->source & nodes >> arrow->target & 1;
}

/* What a node reaches by the arrows that loops among `nodes` can take, itself included. */
static uint64_t reached(const struct run_query *q, const struct arrows *all, uint32_t node, uint64_t nodes)
{
	uint64_t found = UINT64_C(1) << node, before = 0;

	while (found != before) {
		before = found;
		for (uint32_t i = 0; i < all->count; i++)
			if (in_loops(q, &all->at[i], nodes) && found >> all->at[i].source & 1)
				found |= UINT64_C(1) << all->at[i].target;
	}
	return found;
}

/* Whether a fair accepting loop visits all nodes of a set, or those of a part of it. */
static bool has_fair_loop(const struct run_query *q, const struct arrows *all, uint64_t nodes);

static bool judged_fair(const struct run_query *q, const struct arrows *all, uint64_t component)
{
	const struct run_demands *d = &q->demands;
	uint64_t marks = 0, taken = 0, ever = 0, always = UINT64_MAX, left = 0;
	bool any = false;

	for (uint32_t i = 0; i < all->count; i++) {
		if (!in_loops(q, &all->at[i], component))
			continue;
		any = true;
		marks |= all->at[i].marks;
		taken |= taken_by(q, all->at[i].step);
	}
	for (uint32_t node = 0; node < 64; node++) {
		if (!(component >> node & 1))
			continue;
		ever |= enabled_in(q, node / q->automaton.width);
		always &= enabled_in(q, node / q->automaton.width);
	}
	if (!any || marks != q->automaton.all_marks || d->progress & ~taken || d->weak & ~taken & always)
		return false;
	uint64_t starved = d->strong & ~taken & ever;

	for (uint32_t node = 0; node < 64; node++)
		if (component >> node & 1 && !(enabled_in(q, node / q->automaton.width) & starved))
			left |= UINT64_C(1) << node;
	return !starved || has_fair_loop(q, all, left);
}

static bool has_fair_loop(const struct run_query *q, const struct arrows *all, uint64_t nodes)
{
	uint64_t reach[STATES * WIDTH];

	for (uint32_t node = 0; node < STATES * WIDTH; node++)
		reach[node] = nodes >> node & 1 ? reached(q, all, node, nodes) : 0;
	for (uint32_t node = 0; node < STATES * WIDTH; node++) {
		uint64_t component = 0;

		for (uint32_t other = 0; other < STATES * WIDTH; other++)
			if (reach[node] >> other & reach[other] >> node & 1)
				component |= UINT64_C(1) << other;
		if (component && judged_fair(q, all, component))
			return true;
	}
	return false;
}

static bool lasso_exists(const struct run_query *q)
{
	struct arrows all;
	struct run_query free = *q; /* stems may take any step */

	free.allowed = NULL;
	list_arrows(q, &all);
	uint64_t nodes = reached(&free, &all, q->automaton.start[0], UINT64_MAX);

	for (uint32_t node = 0; node < q->graph.states * q->automaton.width; node++) {
		uint32_t state = node / q->automaton.width, letter = q->graph.letter[state];
		uint32_t reading = q->automaton.reading ? q->automaton.reading[letter] : 0;
		uint32_t row = reading * q->automaton.width + node % q->automaton.width;
		bool rests = q->graph.rests[state] && !q->allowed && !q->demands.progress && !enabled_in(q, state);

		if (nodes >> node & 1 && rests && q->automaton.stutters[row])
			return true;
	}
	return has_fair_loop(q, &all, nodes);
}

/* Where steps lead from a state. */
static uint32_t follow(const struct run_graph *graph, uint32_t state, const uint32_t *steps, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		uint64_t e = graph->first[state];

		while (e < graph->first[state + 1] && graph->step[e] != steps[i])
			e++;
		CHECK(e < graph->first[state + 1]);
		state = graph->target[e];
	}
	return state;
}

static void test_lasso(const struct run_query *q)
{
	struct run_lasso lasso;

	CHECK(runs_find_lasso(q, &lasso) == RUNS_DONE);
	CHECK(lasso.found == lasso_exists(q));
	if (lasso.found) {
		uint32_t state = follow(&q->graph, 0, lasso.steps, lasso.stem);

		CHECK(lasso.loop || q->graph.rests[state]);
		CHECK(follow(&q->graph, state, lasso.steps + lasso.stem, lasso.loop) == state);
	}
	runs_lasso_free(&lasso);
	CHECK(!lasso.steps);
}

/* -- longest paths, naively -- */

struct sums {
	bool any, endless;
	uint64_t greatest;
};

static uint64_t weighs(const struct run_weights *q, uint32_t step)
{
	return step < q->steps ? q->weight[step] : 0;
}

/* The greatest sums of paths with more and more steps; those that repeat a state are too long. */
static struct sums naive_sums(const struct run_weights *q)
{
	const struct run_graph *graph = &q->graph;
	uint64_t best[STATES] = {0}; /* plus 1 */
	struct sums sums = {0};

	for (uint32_t s = 0; s < graph->states; s++) {
		bool source = q->sources ? q->sources[graph->letter[s]] : s == 0;

		sums.any |= source;
		best[s] = source && !(q->exits && q->exits[graph->letter[s]]);
	}
	for (uint32_t round = 0; round < 2 * STATES; round++) {
		for (uint32_t s = 0; s < graph->states; s++) {
			sums.endless |= best[s] && q->rest_is_endless && graph->rests[s];
			for (uint64_t e = graph->first[s]; best[s] && e < graph->first[s + 1]; e++) {
				uint32_t target = graph->target[e];
				uint64_t sum = best[s] + weighs(q, graph->step[e]);

				if (sum - 1 > sums.greatest) {
					sums.greatest = sum - 1;
					sums.endless |= round >= STATES;
				}
				if (sum > best[target] && !(q->exits && q->exits[graph->letter[target]])) {
					best[target] = sum;
					sums.endless |= round >= STATES;
				}
			}
		}
	}
	return sums;
}

static void test_longest(const struct run_weights *q)
{
	struct run_longest longest;
	struct sums expected = naive_sums(q);
	uint64_t sum = 0;

	CHECK(runs_find_longest(q, &longest) == RUNS_DONE);
	CHECK((longest.end == RUN_NO_SOURCE) == !expected.any);
	if (expected.any) {
		CHECK((longest.end == RUN_GREATEST) == !expected.endless);
		uint32_t state = follow(&q->graph, longest.source, longest.steps, longest.stem);

		CHECK(follow(&q->graph, state, longest.steps + longest.stem, longest.loop) == state);
		for (uint64_t i = longest.end == RUN_PUMPS ? longest.stem : 0; i < longest.stem + longest.loop; i++)
			sum += weighs(q, longest.steps[i]);
		if (longest.end == RUN_GREATEST)
			CHECK(longest.value == expected.greatest && sum == expected.greatest);
		else
			CHECK(longest.end == RUN_PUMPS ? sum > 0 : q->graph.rests[state]);
	}
	runs_longest_free(&longest);
	CHECK(!longest.steps);
}

/* -- refusals -- */

static void test_without_memory(const struct world *w)
{
	struct run_lasso lasso;
	struct run_longest longest;
	int status = RUNS_MEMORY;

	for (int64_t count = 0; status != RUNS_DONE; count++) {
		allocations_left = count;
		status = runs_find_lasso(&w->query, &lasso);
		CHECK(status == (allocations_left < 0 ? RUNS_MEMORY : RUNS_DONE));
		runs_lasso_free(&lasso);
	}
	status = RUNS_MEMORY;
	for (int64_t count = 0; status != RUNS_DONE; count++) {
		allocations_left = count;
		status = runs_find_longest(&w->weights, &longest);
		CHECK(status == (allocations_left < 0 ? RUNS_MEMORY : RUNS_DONE));
		runs_longest_free(&longest);
	}
	allocations_left = INT64_MAX;
}

static void test_refusals(struct world *w)
{
	struct run_lasso lasso;
	struct run_longest longest;

	w->stop = 1;
	CHECK(runs_find_lasso(&w->query, &lasso) == RUNS_STOPPED && !lasso.steps);
	CHECK(runs_find_longest(&w->weights, &longest) == RUNS_STOPPED && !longest.steps);
	w->stop = 0;
	w->query.graph.states = w->weights.graph.states = RUNS_MOST_NODES + 1;
	CHECK(runs_find_lasso(&w->query, &lasso) == RUNS_TOO_LARGE && !lasso.steps);
	CHECK(runs_find_longest(&w->weights, &longest) == RUNS_TOO_LARGE && !longest.steps);
}

int main(void)
{
	static struct world w;

	for (int round = 0; round < ROUNDS; round++) {
		seed = (uint64_t)round;
		round_now = round;
		draw_graph(&w, 1 + draw(STATES));
		draw_automaton(&w, 1 + draw(WIDTH));
		draw_demands(&w);
		test_lasso(&w.query);
		test_longest(&w.weights);
		if (round % 10 == 0)
			test_without_memory(&w);
	}
	test_refusals(&w);
	return 0;
}
