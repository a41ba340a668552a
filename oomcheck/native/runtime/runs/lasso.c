/*
 * Fair lassos that an automaton accepts, with the stem to the first state of
 * a fair component as short as possible.
 *
 * The product is walked breadth-first. The first node of a part of the
 * automaton that may accept starts a search for components; each is judged as
 * a whole for acceptance and weak fairness, while for strong fairness it loses
 * the states that ask for what it cannot give, and what is left is split again
 * (Lichtenstein and Pnueli, Checking that finite state concurrent programs
 * satisfy their linear specification (1985), section 5). The walk ends at the
 * first node that can rest or lies in a fair component, so what lies behind
 * may never be looked at.
 */
#include "lasso.h"

#include <string.h>

#include "components.h"
#include "memory.h"

struct lasso_search {
	const struct run_query *query;
	struct components components;
	uint64_t nodes;
	uint32_t *parent; /* by node: node before on a shortest path, plus 1 */
	uint32_t *label;
	uint8_t *fair; /* by node: a fair component has its name */
	struct run_list order, pending;
	int status;
};

/* What the edges inside a component give. */
struct gifts {
	uint64_t marks, taken;
};

static struct gifts gifts_of(struct lasso_search *s, const uint32_t *nodes, uint64_t count)
{
	const struct run_query *query = s->query;
	const struct run_demands *demands = &query->demands;
	uint64_t wanted = demands->weak | demands->strong | demands->progress;
	uint64_t all_marks = query->automaton.all_marks;
	struct gifts gifts = {0};

	for (uint64_t i = 0; i < count; i++) {
		struct hops hops = hops_of(query, &query->automaton.inner, nodes[i]);
		struct hop hop;

		if (i % RUNS_POLL == 0 && runs_stopped(query->stop))
			s->status = RUNS_STOPPED;
		if (s->status || (gifts.marks == all_marks && (gifts.taken & wanted) == wanted))
			break;
		while (hops_next(&hops, &hop)) {
			if (s->label[hop.target] != s->label[nodes[i]] || !run_allowed(query, hop.step))
				continue;
			gifts.marks |= hop.marks;
			gifts.taken |= run_taken(query, hop.step);
		}
	}
	return gifts;
}

/* Whether every state has a step enabled of one of the assumptions `asked`. */
static bool always_enabled(struct lasso_search *s, const uint32_t *nodes, uint64_t count, uint64_t asked)
{
	uint32_t width = s->query->automaton.width;

	for (uint64_t i = 0; i < count && asked && !s->status; i++) {
		asked &= run_enabled(s->query, nodes[i] / width, asked);
		if (i % RUNS_POLL == 0 && runs_stopped(s->query->stop))
			s->status = RUNS_STOPPED;
	}
	return asked != 0;
}

/* Those of the assumptions `asked` that have a step enabled in some state. */
static uint64_t ever_enabled(struct lasso_search *s, const uint32_t *nodes, uint64_t count, uint64_t asked)
{
	uint32_t width = s->query->automaton.width;
	uint64_t seen = 0;

	for (uint64_t i = 0; i < count && (seen & asked) != asked && !s->status; i++) {
		seen |= run_enabled(s->query, nodes[i] / width, asked);
		if (i % RUNS_POLL == 0 && runs_stopped(s->query->stop))
			s->status = RUNS_STOPPED;
	}
	return seen & asked;
}

/* Put off the nodes of a component that do not ask for `starved`; the others are in no loop. */
static bool put_off(struct lasso_search *s, const uint32_t *nodes, uint64_t count, uint64_t starved)
{
	uint32_t width = s->query->automaton.width;

	for (uint64_t i = 0; i < count; i++) {
		if (run_enabled(s->query, nodes[i] / width, starved) & starved)
			s->label[nodes[i]] = LABEL_OUTSIDE;
		else if (!run_list_push(&s->pending, nodes[i]))
			return false;
	}
	return true;
}

static bool judge(void *context, const uint32_t *nodes, uint64_t count, bool loops)
{
	struct lasso_search *s = context;
	const struct run_demands *demands = &s->query->demands;

	if (!loops)
		return true;
	struct gifts gifts = gifts_of(s, nodes, count);

	if (gifts.marks != s->query->automaton.all_marks || demands->progress & ~gifts.taken)
		return !s->status;
	if (always_enabled(s, nodes, count, demands->weak & ~gifts.taken) || s->status)
		return !s->status;
	uint64_t starved = ever_enabled(s, nodes, count, demands->strong & ~gifts.taken);

	if (s->status)
		return false;
	if (starved)
		return put_off(s, nodes, count, starved);
	s->fair[s->label[nodes[0]] & ~LABEL_CLOSED] = 1;
	return true;
}

/* Split again what was put off, until nothing is left of it. */
static int split_pending(struct lasso_search *s)
{
	int status = RUNS_DONE;

	while (s->pending.count && status == RUNS_DONE) {
		struct run_list nodes = s->pending;

		s->pending = (struct run_list){0};
		for (uint64_t i = 0; i < nodes.count; i++)
			s->label[nodes.at[i]] = 0;
		for (uint64_t i = 0; i < nodes.count && status == RUNS_DONE; i++)
			if (!s->label[nodes.at[i]])
				status = components_from(&s->components, nodes.at[i]);
		run_list_free(&nodes);
	}
	return status;
}

/* Whether a loop goes through a node; `status` tells of failure. */
static bool in_fair_loop(struct lasso_search *s, uint32_t node)
{
	if (!s->query->automaton.accepting[node % s->query->automaton.width])
		return false;
	if (!s->label[node]) {
		int status = components_from(&s->components, node);

		if (status == RUNS_DONE)
			status = split_pending(s);
		s->status = status;
	}
	return !s->status && s->label[node] != LABEL_OUTSIDE && s->fair[s->label[node] & ~LABEL_CLOSED];
}

/* Whether a run may end in a node by resting there for ever. */
static bool can_rest(const struct run_query *query, uint32_t node)
{
	const struct run_automaton *automaton = &query->automaton;
	uint32_t state = node / automaton->width;
	uint64_t reading = run_reading(&query->graph, automaton, state);

	return !query->allowed && query->graph.rests[state] && !query->demands.progress &&
	       automaton->stutters[reading * automaton->width + node % automaton->width] &&
	       !run_enabled(query, state, UINT64_MAX);
}

/* Append the nodes that a node reaches first. */
static bool expand(struct lasso_search *s, uint32_t node)
{
	const struct run_query *query = s->query;
	const struct run_automaton *automaton = &query->automaton;
	uint32_t state = node / automaton->width;
	uint32_t at = node % automaton->width;
	const uint32_t *begin = run_moves_of(&query->graph, automaton, &automaton->moves, state, at);

	for (uint32_t move = begin[0]; move < begin[1]; move++) {
		for (uint64_t edge = query->graph.first[state]; edge < query->graph.first[state + 1]; edge++) {
			uint32_t target = query->graph.target[edge] * automaton->width + automaton->moves.target[move];

			if (s->parent[target])
				continue;
			s->parent[target] = node + 1;
			if (!run_list_push(&s->order, target))
				return false;
		}
	}
	return true;
}

/* The first node in the order of the walk where a fair run can stay; UINT32_MAX if there is none. */
static uint32_t walk(struct lasso_search *s, bool *rests)
{
	for (uint64_t i = 0; i < s->order.count && !s->status; i++) {
		uint32_t node = s->order.at[i];

		if (i % RUNS_POLL == 0 && runs_stopped(s->query->stop)) {
			s->status = RUNS_STOPPED;
			break;
		}
		*rests = can_rest(s->query, node);
		if (*rests || in_fair_loop(s, node))
			return node;
		if (!s->status && !expand(s, node))
			s->status = RUNS_MEMORY;
	}
	return UINT32_MAX;
}

/* Append the shortest way from an initial node to `node`. */
static bool stem_to(const struct lasso_search *s, uint32_t node, struct hop_list *stem)
{
	for (uint32_t before; (before = s->parent[node] - 1) != node; node = before) {
		struct hops hops = hops_of(s->query, &s->query->automaton.moves, before);
		struct hop hop = {0};

		while (hops_next(&hops, &hop) && hop.target != node)
			;
		if (!hop_list_push(stem, hop))
			return false;
	}
	for (uint64_t i = 0; i < stem->count / 2; i++) {
		struct hop other = stem->at[i];

		stem->at[i] = stem->at[stem->count - 1 - i];
		stem->at[stem->count - 1 - i] = other;
	}
	return true;
}

/*
 * The same run with a loop that begins as early as it can. Stem and loop lie
 * one behind the other, so turning the loop back by one step moves its ends.
 */
static uint64_t earliest(const struct hop_list *run, uint64_t stem, uint32_t width)
{
	for (uint64_t end = run->count; stem; stem--, end--) {
		uint32_t before = stem > 1 ? run->at[stem - 2].target / width : 0;
		uint32_t around = run->at[end - 2].target / width;

		if (run->at[stem - 1].step != run->at[end - 1].step || before != around)
			break;
	}
	return stem;
}

static bool hand_over(const struct hop_list *run, uint64_t stem, uint64_t loop, struct run_lasso *lasso)
{
	lasso->steps = malloc((stem + loop + 1) * sizeof(*lasso->steps));
	if (!lasso->steps)
		return false;
	for (uint64_t i = 0; i < stem + loop; i++)
		lasso->steps[i] = run->at[i].step;
	lasso->found = 1;
	lasso->stem = stem;
	lasso->loop = loop;
	return true;
}

/* The lasso to a node where a fair run can stay. */
static int describe(struct lasso_search *s, uint32_t node, bool rests, struct run_lasso *lasso)
{
	struct hop_list run = {0}, loop = {0};
	int status = stem_to(s, node, &run) ? RUNS_DONE : RUNS_MEMORY;
	uint64_t stem = run.count;

	if (status == RUNS_DONE && !rests) {
		status = lasso_loop(s->query, s->label, node, &run, &loop);
		stem = run.count;
		for (uint64_t i = 0; i < loop.count && status == RUNS_DONE; i++)
			if (!hop_list_push(&run, loop.at[i]))
				status = RUNS_MEMORY;
		stem = status == RUNS_DONE ? earliest(&run, stem, s->query->automaton.width) : stem;
	}
	if (status == RUNS_DONE && !hand_over(&run, stem, loop.count, lasso))
		status = RUNS_MEMORY;
	hop_list_free(&run);
	hop_list_free(&loop);
	return status;
}

static bool begin(struct lasso_search *s)
{
	const struct run_query *query = s->query;

	s->parent = pages_new(s->nodes * sizeof(*s->parent));
	s->label = pages_new(s->nodes * sizeof(*s->label));
	s->fair = pages_new(s->nodes);
	if (!s->parent || !s->label || !s->fair)
		return false;
	s->components = (struct components){
		.graph = &query->graph,
		.automaton = &query->automaton,
		.allowed = query->allowed,
		.steps = query->steps,
		.label = s->label,
		.closed = judge,
		.context = s,
		.stop = query->stop,
	};
	for (uint32_t i = 0; i < query->automaton.starts; i++) {
		s->parent[query->automaton.start[i]] = query->automaton.start[i] + 1;
		if (!run_list_push(&s->order, query->automaton.start[i]))
			return false;
	}
	return true;
}

static void end(struct lasso_search *s)
{
	components_free(&s->components);
	run_list_free(&s->order);
	run_list_free(&s->pending);
	pages_free(s->parent, s->nodes * sizeof(*s->parent));
	pages_free(s->label, s->nodes * sizeof(*s->label));
	pages_free(s->fair, s->nodes);
}

int runs_find_lasso(const struct run_query *query, struct run_lasso *lasso)
{
	struct lasso_search s = {.query = query, .nodes = query->graph.states * query->automaton.width};
	bool rests = false;

	memset(lasso, 0, sizeof(*lasso));
	if (!query->automaton.starts)
		return RUNS_DONE;
	if (s.nodes > RUNS_MOST_NODES)
		return RUNS_TOO_LARGE;
	s.status = begin(&s) ? RUNS_DONE : RUNS_MEMORY;
	uint32_t node = walk(&s, &rests);

	/* The list of waiting nodes and the path can be as large as the product. */
	components_free(&s.components);
	if (node != UINT32_MAX)
		s.status = describe(&s, node, rests, lasso);
	end(&s);
	return s.status;
}

void runs_lasso_free(struct run_lasso *lasso)
{
	free(lasso->steps);
	memset(lasso, 0, sizeof(*lasso));
}
