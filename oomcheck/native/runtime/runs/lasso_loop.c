/*
 * Short loops through a component that has all they need: visit the nearest
 * thing still needed, then go back. The shortest of all loops is not asked
 * for; with several acceptance sets that is NP-hard.
 */
#include "lasso.h"
#include "memory.h"

#define NOWHERE UINT32_MAX
#define MOST_ANCHORS 8u /* nodes to try to begin a loop at */

/* Acceptance sets, and assumptions whose steps must be taken or, if weak, may be found disabled. */
struct needs {
	uint64_t marks, steps;
};

struct loop_search {
	const struct run_query *query;
	const uint32_t *label;
	uint32_t *from; /* by node: where the present way found it from, plus 1 */
	struct run_list queue;
	struct run_list turns; /* where the loop at hand met what it needed */
	int status;
};

bool hop_list_push(struct hop_list *list, struct hop hop)
{
	if (list->count == list->room) {
		uint64_t room = list->room ? 2 * list->room : 64;
		struct hop *at = realloc(list->at, room * sizeof(*at));

		if (!at)
			return false;
		list->at = at;
		list->room = room;
	}
	list->at[list->count++] = hop;
	return true;
}

void hop_list_free(struct hop_list *list)
{
	free(list->at);
	*list = (struct hop_list){0};
}

/* Whether an edge stays in the component of the node that it leaves. */
static bool inside(const struct loop_search *l, uint32_t node, const struct hop *hop)
{
	return l->label[hop->target] == l->label[node] && run_allowed(l->query, hop->step);
}

/* The weak assumptions in `asked` that a loop through this node keeps, because none of their steps is enabled. */
static uint64_t given_at(const struct loop_search *l, uint32_t node, uint64_t asked)
{
	asked &= l->query->demands.weak;
	return asked ? asked & ~run_enabled(l->query, node / l->query->automaton.width, asked) : 0;
}

/* What is needed no more after an edge. */
static struct needs after_hop(const struct loop_search *l, struct needs needs, const struct hop *hop)
{
	needs.marks &= ~hop->marks;
	needs.steps &= ~run_taken(l->query, hop->step);
	needs.steps &= ~given_at(l, hop->target, needs.steps);
	return needs;
}

/* Whether an edge or, if it was not looked at before, the node it leads to gives something needed. */
static bool gives(const struct loop_search *l, const struct needs *needs, const struct hop *hop)
{
	return hop->marks & needs->marks || run_taken(l->query, hop->step) & needs->steps ||
	       (!l->from[hop->target] && given_at(l, hop->target, needs->steps));
}

/* Search breadth-first up to an edge to `goal` or to something needed; the node that it leaves. */
static uint32_t seek(struct loop_search *l, uint32_t start, uint32_t goal, const struct needs *needs, struct hop *last)
{
	l->queue.count = 0;
	if (!run_list_push(&l->queue, start))
		l->status = RUNS_MEMORY;
	for (uint64_t i = 0; i < l->queue.count && !l->status; i++) {
		uint32_t node = l->queue.at[i];
		struct hops hops = hops_of(l->query, &l->query->automaton.inner, node);

		if (i % RUNS_POLL == 0 && runs_stopped(l->query->stop))
			l->status = RUNS_STOPPED;
		while (hops_next(&hops, last)) {
			if (!inside(l, node, last))
				continue;
			if (last->target == goal || gives(l, needs, last))
				return node;
			if (l->from[last->target] || last->target == start)
				continue;
			l->from[last->target] = node + 1;
			if (!run_list_push(&l->queue, last->target))
				l->status = RUNS_MEMORY;
		}
	}
	return NOWHERE;
}

/* Append the edges by which a search came from `start` to `node`. */
static bool retrace(struct loop_search *l, uint32_t start, uint32_t node, struct hop_list *way)
{
	uint64_t begin = way->count;

	for (uint32_t before; node != start; node = before) {
		before = l->from[node] - 1;
		struct hops hops = hops_of(l->query, &l->query->automaton.inner, before);
		struct hop hop = {0};

		while (hops_next(&hops, &hop) && (hop.target != node || !inside(l, before, &hop)))
			;
		if (!hop_list_push(way, hop))
			return false;
	}
	for (uint64_t i = begin, j = way->count; i + 1 < j; i++) {
		struct hop other = way->at[--j];

		way->at[j] = way->at[i];
		way->at[i] = other;
	}
	return true;
}

/* Append the first shortest way, of one edge or more, to `goal` or to something needed; there is one. */
static void append_way(struct loop_search *l, uint32_t start, uint32_t goal, const struct needs *needs,
		       struct hop_list *way)
{
	struct hop last = {0};
	uint32_t node = l->status ? NOWHERE : seek(l, start, goal, needs, &last);

	if (!l->status && (!retrace(l, start, node, way) || !hop_list_push(way, last)))
		l->status = RUNS_MEMORY;
	for (uint64_t i = 0; i < l->queue.count; i++)
		l->from[l->queue.at[i]] = 0;
}

/* A loop from `anchor` that gets all that is needed. */
static void go_round(struct loop_search *l, uint32_t anchor, struct needs needs, struct hop_list *loop)
{
	static const struct needs nothing;
	uint32_t node = anchor;

	loop->count = l->turns.count = 0;
	needs.steps &= ~given_at(l, anchor, needs.steps);
	while ((needs.marks || needs.steps) && !l->status) {
		uint64_t begin = loop->count;

		append_way(l, node, NOWHERE, &needs, loop);
		for (uint64_t i = begin; i < loop->count; i++)
			needs = after_hop(l, needs, &loop->at[i]);
		if (l->status)
			return;
		node = loop->at[loop->count - 1].target;
		if (!run_list_push(&l->turns, node))
			l->status = RUNS_MEMORY;
	}
	if (!loop->count || node != anchor)
		append_way(l, node, anchor, &nothing, loop);
}

/* Strong assumptions with a step enabled somewhere in a loop, and none of their steps taken. */
static uint64_t starved(const struct loop_search *l, const struct hop_list *loop)
{
	uint64_t taken = 0, asked = 0;

	for (uint64_t i = 0; i < loop->count; i++)
		taken |= run_taken(l->query, loop->at[i].step);
	uint64_t missing = l->query->demands.strong & ~taken;

	for (uint64_t i = 0; i < loop->count && (asked & missing) != missing; i++)
		asked |= run_enabled(l->query, loop->at[i].target / l->query->automaton.width, missing);
	return asked & missing;
}

/* A fair accepting loop from `anchor`. */
static void loop_at(struct loop_search *l, uint32_t anchor, struct hop_list *loop)
{
	const struct run_demands *demands = &l->query->demands;
	struct needs needs = {l->query->automaton.all_marks, demands->weak | demands->progress};

	for (uint64_t more = 1; more && !l->status; needs.steps |= more) {
		go_round(l, anchor, needs, loop);
		more = starved(l, loop); /* what it asks for on the way it must take */
	}
}

static void swap(struct hop_list *one, struct hop_list *other)
{
	struct hop_list kept = *one;

	*one = *other;
	*other = kept;
}

/* The first nodes where the loop at hand met what it needed, each once. */
static uint32_t anchors_of(const struct loop_search *l, uint32_t *anchors)
{
	uint32_t count = 0;

	for (uint64_t i = 0; i < l->turns.count && i < MOST_ANCHORS; i++) {
		uint32_t known = 0;

		while (known < count && anchors[known] != l->turns.at[i])
			known++;
		if (known == count)
			anchors[count++] = l->turns.at[i];
	}
	return count;
}

/* Try to begin the loop at other nodes; the shortest way and loop are kept. */
static void improve(struct loop_search *l, uint32_t entry, struct hop_list *way, struct hop_list *loop)
{
	static const struct needs nothing;
	struct hop_list new_way = {0}, new_loop = {0};
	uint32_t anchors[MOST_ANCHORS];
	uint32_t count = anchors_of(l, anchors);

	for (uint32_t i = 0; i < count && !l->status; i++) {
		new_way.count = 0;
		if (anchors[i] != entry)
			append_way(l, entry, anchors[i], &nothing, &new_way);
		loop_at(l, anchors[i], &new_loop);
		if (!l->status && new_way.count + new_loop.count < way->count + loop->count) {
			swap(way, &new_way);
			swap(loop, &new_loop);
		}
	}
	hop_list_free(&new_way);
	hop_list_free(&new_loop);
}

int lasso_loop(const struct run_query *query, const uint32_t *label, uint32_t entry, struct hop_list *way,
	       struct hop_list *loop)
{
	uint64_t bytes = query->graph.states * query->automaton.width * sizeof(uint32_t);
	struct loop_search l = {.query = query, .label = label, .from = pages_new(bytes)};
	struct hop_list best = {0};

	if (!l.from)
		return RUNS_MEMORY;
	loop_at(&l, entry, loop);
	improve(&l, entry, &best, loop);
	for (uint64_t i = 0; i < best.count && !l.status; i++)
		if (!hop_list_push(way, best.at[i]))
			l.status = RUNS_MEMORY;
	hop_list_free(&best);
	run_list_free(&l.queue);
	run_list_free(&l.turns);
	pages_free(l.from, bytes);
	return l.status;
}
