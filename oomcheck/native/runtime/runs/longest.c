/*
 * Exact greatest sums along runs, from one of the sources up to and with the
 * first of the exits.
 *
 * A loop that adds something has no longest path. Without such a loop a
 * component adds nothing, and one pass over the components in topological
 * order gives the greatest sum with which each state is reached (Bellman, On
 * a routing problem (1958), for graphs without cycles). An edge is tight if it
 * leads from a greatest sum to a greatest one; a path of tight edges is an
 * extreme one, and of those a shortest one is handed back.
 */
#include <string.h>

#include "components.h"
#include "memory.h"

#define SOURCE UINT32_MAX /* in place of the state before: a path begins here */
#define NO_STATE UINT32_MAX

struct longest_search {
	const struct run_weights *weights;
	const struct run_graph *graph;
	uint64_t states;
	uint32_t *from;  /* by state inside: the state that found it, plus 1, or SOURCE; 0: not inside */
	uint32_t *label; /* components, later levels */
	uint32_t *other; /* like `from`, for another search */
	uint32_t *depth;
	uint64_t *best;  /* greatest sum with which a state inside is reached, plus 1; 0: none yet */
	struct run_list inside; /* nearest to the sources first */
	struct run_list sources;
	struct run_list closed; /* states inside, component by component, each after those that it reaches */
	struct run_list steps;  /* of the answer */
	struct components components;
	int status;
};

static bool go_on(struct longest_search *r, uint64_t number)
{
	if (number % RUNS_POLL == 0 && runs_stopped(r->weights->stop))
		r->status = RUNS_STOPPED;
	return r->status == RUNS_DONE;
}

static void keep(struct longest_search *r, struct run_list *list, uint32_t number)
{
	if (!run_list_push(list, number))
		r->status = RUNS_MEMORY;
}

static uint64_t weight_of(const struct longest_search *r, uint64_t edge)
{
	uint32_t step = r->graph->step[edge];

	return step < r->weights->steps ? r->weights->weight[step] : 0;
}

static bool is_exit(const struct longest_search *r, uint32_t state)
{
	return r->weights->exits && r->weights->exits[r->graph->letter[state]];
}

/* Note the sources; the first one is told even if it is an exit. */
static void find_sources(struct longest_search *r, struct run_longest *longest)
{
	const uint8_t *sources = r->weights->sources;

	longest->source = sources ? NO_STATE : 0;
	for (uint64_t state = 0; state < r->states && go_on(r, state); state++) {
		if (sources ? !sources[r->graph->letter[state]] : state)
			continue;
		if (longest->source == NO_STATE)
			longest->source = (uint32_t)state;
		if (!is_exit(r, (uint32_t)state))
			keep(r, &r->sources, (uint32_t)state);
		if (!sources)
			break;
	}
}

static void reach_states(struct longest_search *r)
{
	const struct run_graph *graph = r->graph;

	for (uint64_t i = 0; i < r->sources.count && !r->status; i++) {
		r->from[r->sources.at[i]] = SOURCE;
		keep(r, &r->inside, r->sources.at[i]);
	}
	for (uint64_t i = 0; i < r->inside.count && go_on(r, i); i++) {
		uint32_t state = r->inside.at[i];

		for (uint64_t edge = graph->first[state]; edge < graph->first[state + 1]; edge++) {
			uint32_t target = graph->target[edge];

			if (r->from[target] || is_exit(r, target))
				continue;
			r->from[target] = state + 1;
			keep(r, &r->inside, target);
		}
	}
}

static bool is_tight(const struct longest_search *r, uint32_t state, uint64_t edge, uint64_t greatest)
{
	uint32_t target = r->graph->target[edge];
	uint64_t total = r->best[state] + weight_of(r, edge);

	return total == (r->from[target] ? r->best[target] : greatest + 1);
}

/*
 * Append the steps from where a search began up to `state`, and return that
 * beginning. The search came by the first edge between two states, of those
 * that are tight if `greatest` is given.
 */
static uint32_t append_trail(struct longest_search *r, const uint32_t *from, uint32_t state,
			     const uint64_t *greatest)
{
	const struct run_graph *graph = r->graph;
	uint64_t begin = r->steps.count;

	while (from[state] != SOURCE && !r->status) {
		uint32_t before = from[state] - 1;
		uint64_t edge = graph->first[before];

		while (graph->target[edge] != state || (greatest && !is_tight(r, before, edge, *greatest)))
			edge++;
		keep(r, &r->steps, graph->step[edge]);
		state = before;
	}
	for (uint64_t i = begin, j = r->steps.count; i + 1 < j; i++) {
		uint32_t step = r->steps.at[--j];

		r->steps.at[j] = r->steps.at[i];
		r->steps.at[i] = step;
	}
	return state;
}

static bool rest_is_endless(struct longest_search *r, struct run_longest *longest)
{
	if (!r->weights->rest_is_endless)
		return false;
	for (uint64_t i = 0; i < r->inside.count && go_on(r, i); i++) {
		if (!r->graph->rests[r->inside.at[i]])
			continue;
		longest->end = RUN_RESTS;
		longest->source = append_trail(r, r->from, r->inside.at[i], NULL);
		longest->stem = r->steps.count;
		return true;
	}
	return false;
}

static bool note_component(void *context, const uint32_t *states, uint64_t count, bool loops)
{
	struct longest_search *r = context;

	(void)loops;
	if (!run_list_reserve(&r->closed, r->closed.count + count))
		return false;
	memcpy(r->closed.at + r->closed.count, states, count * sizeof(*states));
	r->closed.count += count;
	return true;
}

static void find_components(struct longest_search *r)
{
	/* One state that goes to itself, whatever it reads. */
	static const uint32_t begin[2] = {0, 1}, target[1] = {0};
	static const struct run_automaton anything = {.width = 1, .inner = {.begin = begin, .target = target}};

	for (uint64_t state = 0; state < r->states; state++)
		r->label[state] = r->from[state] ? 0 : LABEL_OUTSIDE;
	r->components = (struct components){
		.graph = r->graph,
		.automaton = &anything,
		.label = r->label,
		.closed = note_component,
		.context = r,
		.stop = r->weights->stop,
	};
	for (uint64_t i = 0; i < r->inside.count && go_on(r, i); i++)
		if (!r->label[r->inside.at[i]])
			r->status = components_from(&r->components, r->inside.at[i]);
	components_free(&r->components);
}

/* Append the steps of a shortest way from `start` to `goal`, in their component. */
static void append_way_back(struct longest_search *r, uint32_t start, uint32_t goal)
{
	const struct run_graph *graph = r->graph;
	struct run_list queue = {0};

	r->other[start] = SOURCE;
	keep(r, &queue, start);
	for (uint64_t i = 0; i < queue.count && !r->other[goal] && go_on(r, i); i++) {
		uint32_t state = queue.at[i];

		for (uint64_t edge = graph->first[state]; edge < graph->first[state + 1]; edge++) {
			uint32_t target = graph->target[edge];

			if (r->other[target] || r->label[target] != r->label[start])
				continue;
			r->other[target] = state + 1;
			keep(r, &queue, target);
		}
	}
	if (!r->status)
		append_trail(r, r->other, goal, NULL);
	run_list_free(&queue);
}

/* The first edge in a component that adds something. */
static bool pumps(struct longest_search *r, struct run_longest *longest)
{
	const struct run_graph *graph = r->graph;

	for (uint64_t i = 0; i < r->inside.count && go_on(r, i); i++) {
		uint32_t state = r->inside.at[i];

		for (uint64_t edge = graph->first[state]; edge < graph->first[state + 1]; edge++) {
			if (!weight_of(r, edge) || r->label[graph->target[edge]] != r->label[state])
				continue;
			longest->end = RUN_PUMPS;
			longest->source = append_trail(r, r->from, state, NULL);
			longest->stem = r->steps.count;
			keep(r, &r->steps, graph->step[edge]);
			append_way_back(r, graph->target[edge], state);
			longest->loop = r->steps.count - longest->stem;
			return true;
		}
	}
	return false;
}

/* Hand the greatest sum of a component on by an edge; what is reached by it if that is an exit, else 0. */
static uint64_t hand_on(struct longest_search *r, uint64_t sum, uint64_t edge)
{
	uint32_t target = r->graph->target[edge];
	uint64_t total = sum + weight_of(r, edge);

	if (!r->from[target])
		return total;
	if (total > r->best[target])
		r->best[target] = total;
	return 0;
}

/* Fill in the greatest sum of each state inside; the greatest of all, with edges to exits. */
static uint64_t sum_up(struct longest_search *r)
{
	const struct run_graph *graph = r->graph;
	const uint32_t *closed = r->closed.at;
	uint64_t greatest = 1; /* here all sums are one too great */

	for (uint64_t i = 0; i < r->sources.count; i++)
		r->best[r->sources.at[i]] = 1;
	for (uint64_t end = r->closed.count, begin; end && go_on(r, 0); end = begin) {
		uint64_t sum = 0;

		for (begin = end; begin && r->label[closed[begin - 1]] == r->label[closed[end - 1]]; begin--)
			if (r->best[closed[begin - 1]] > sum)
				sum = r->best[closed[begin - 1]];
		if (sum > greatest)
			greatest = sum;
		for (uint64_t i = begin; i < end; i++)
			r->best[closed[i]] = sum;
		for (uint64_t i = begin; i < end; i++) {
			for (uint64_t edge = graph->first[closed[i]]; edge < graph->first[closed[i] + 1]; edge++) {
				uint64_t total = hand_on(r, sum, edge);

				if (total > greatest)
					greatest = total;
			}
		}
	}
	return greatest - 1;
}

/* Enter a state on a level of the search for an extreme path, if it is on none; the least state before it counts. */
static void enter_level(struct longest_search *r, struct run_list *level, uint32_t state, uint32_t from,
			uint32_t length)
{
	if (!r->label[state]) {
		r->label[state] = length;
		keep(r, level, state);
	} else if (r->label[state] != length || (r->other[state] < from && from != SOURCE)) {
		return;
	}
	r->other[state] = from;
}

/* The states that tight edges reach from a level. */
static void next_level(struct longest_search *r, const struct run_list *level, uint64_t greatest, struct run_list *next)
{
	const struct run_graph *graph = r->graph;

	next->count = 0;
	for (uint64_t i = 0; i < level->count && go_on(r, i); i++) {
		uint32_t state = level->at[i];

		for (uint64_t edge = graph->first[state]; edge < graph->first[state + 1]; edge++)
			if (is_tight(r, state, edge, greatest))
				enter_level(r, next, graph->target[edge], state + 1, r->label[state] + 1);
	}
}

static uint32_t least_goal(const struct longest_search *r, const struct run_list *level, uint64_t greatest)
{
	uint32_t least = NO_STATE;

	for (uint64_t i = 0; i < level->count; i++) {
		uint32_t state = level->at[i];

		if ((!r->from[state] || r->best[state] == greatest + 1) && state < least)
			least = state;
	}
	return least;
}

static void measure_depths(struct longest_search *r)
{
	for (uint64_t state = 1; state < r->states; state++)
		r->depth[state] = r->depth[r->graph->parent[state]] + 1;
}

/*
 * A shortest path from the initial state that reaches the greatest sum, which
 * is not 0. Level n has the states that tight edges reach from some source
 * with n - 1 steps, the way to the source counted; sources enter on the level
 * of their own. Their numbers grow with their depth.
 */
static void find_extreme(struct longest_search *r, uint64_t greatest, struct run_longest *longest)
{
	struct run_list level = {0}, next = {0};
	uint32_t goal = NO_STATE;
	uint64_t source = 0;

	measure_depths(r);
	memset(r->label, 0, r->states * sizeof(*r->label));
	for (uint32_t length = 1; goal == NO_STATE && go_on(r, 0); length++) {
		if (!level.count && source < r->sources.count)
			length = r->depth[r->sources.at[source]] + 1;
		for (; source < r->sources.count && r->depth[r->sources.at[source]] + 1 == length; source++)
			if (r->best[r->sources.at[source]] == 1)
				enter_level(r, &level, r->sources.at[source], SOURCE, length);
		goal = least_goal(r, &level, greatest);
		if (goal != NO_STATE)
			break;
		next_level(r, &level, greatest, &next);
		struct run_list done = level;

		level = next;
		next = done;
	}
	if (!r->status)
		longest->source = append_trail(r, r->other, goal, &greatest);
	longest->stem = r->steps.count;
	run_list_free(&level);
	run_list_free(&next);
}

static void solve(struct longest_search *r, struct run_longest *longest)
{
	find_sources(r, longest);
	if (longest->source == NO_STATE)
		return;
	reach_states(r);
	if (rest_is_endless(r, longest) || r->status)
		return;
	find_components(r);
	if (r->status || pumps(r, longest))
		return;
	longest->end = RUN_GREATEST;
	longest->value = sum_up(r);
	if (longest->value && !r->status)
		find_extreme(r, longest->value, longest);
}

static void end(struct longest_search *r)
{
	pages_free(r->from, r->states * sizeof(*r->from));
	pages_free(r->label, r->states * sizeof(*r->label));
	pages_free(r->other, r->states * sizeof(*r->other));
	pages_free(r->depth, r->states * sizeof(*r->depth));
	pages_free(r->best, r->states * sizeof(*r->best));
	run_list_free(&r->inside);
	run_list_free(&r->sources);
	run_list_free(&r->closed);
	run_list_free(&r->steps);
}

int runs_find_longest(const struct run_weights *weights, struct run_longest *longest)
{
	struct longest_search r = {.weights = weights, .graph = &weights->graph, .states = weights->graph.states};

	memset(longest, 0, sizeof(*longest));
	if (r.states > RUNS_MOST_NODES)
		return RUNS_TOO_LARGE;
	/* Pages that are never touched cost nothing. */
	r.from = pages_new(r.states * sizeof(*r.from));
	r.label = pages_new(r.states * sizeof(*r.label));
	r.other = pages_new(r.states * sizeof(*r.other));
	r.depth = pages_new(r.states * sizeof(*r.depth));
	r.best = pages_new(r.states * sizeof(*r.best));
	if (r.from && r.label && r.other && r.depth && r.best)
		solve(&r, longest);
	else
		r.status = RUNS_MEMORY;
	if (r.status == RUNS_DONE) {
		longest->steps = r.steps.at;
		r.steps = (struct run_list){0};
	}
	end(&r);
	return r.status;
}

void runs_longest_free(struct run_longest *longest)
{
	free(longest->steps);
	memset(longest, 0, sizeof(*longest));
}
