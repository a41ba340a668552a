/*
 * Pearce, A space-efficient algorithm for finding strongly connected
 * components (2016): Tarjan's with one number for each node, which is the
 * least visit that the node reaches and then the name of its component. The
 * path of the search is a list, so its length is bounded by memory alone.
 *
 * A search in depth jumps through memory and waits for it at each node. So a
 * node is looked at once: all labels of its targets are asked for together,
 * and the targets that remain to be visited are noted in a list, from which
 * it is known early what will be asked for next.
 */
#include "components.h"

#include "run_hops.h"

#define NO_NODE UINT32_MAX
#define MOST_PREFETCHES 16u
#define FAR 4u /* places in the list of nodes to visit */
#define NEAR 2u

static void lower(struct visit *visit, uint32_t seen)
{
	if (seen < visit->least) {
		visit->least = seen;
		visit->root = false;
	}
}

static void prefetch_labels(const struct components *c, uint64_t edge, uint64_t end)
{
	uint32_t width = c->automaton->width;

	if (end - edge > MOST_PREFETCHES)
		end = edge + MOST_PREFETCHES;
	for (; edge < end; edge++) {
		uint64_t target = c->graph->target[edge];

		__builtin_prefetch(&c->label[target * width]);
		__builtin_prefetch(&c->graph->first[target]);
		if (c->automaton->reading)
			__builtin_prefetch(&c->graph->letter[target]);
	}
}

/* What the visits of the next nodes in the list will read first. */
static void prefetch_due(const struct components *c, uint64_t count)
{
	uint32_t width = c->automaton->width;

	if (count >= NEAR)
		__builtin_prefetch(&c->graph->target[c->graph->first[c->due.at[count - NEAR] / width]]);
	if (count < FAR)
		return;
	__builtin_prefetch(&c->label[c->due.at[count - FAR]]);
	__builtin_prefetch(&c->graph->first[c->due.at[count - FAR] / width]);
}

/* Look at all edges of the node that was entered last. */
static bool look(struct components *c, struct visit *visit)
{
	const struct run_graph *graph = c->graph;
	const struct run_automaton *automaton = c->automaton;
	uint32_t width = automaton->width, state = visit->node / width;
	const uint32_t *begin = run_moves_of(graph, automaton, &automaton->inner, state, visit->node % width);
	uint64_t edge = graph->first[state], end = graph->first[state + 1];
	struct run_list *due = &c->due;

	if (!run_list_reserve(due, due->count + (end - edge) * (begin[1] - begin[0])))
		return false;
	prefetch_labels(c, edge, end);
	for (; edge < end; edge++) {
		if (c->allowed && (graph->step[edge] >= c->steps || !c->allowed[graph->step[edge]]))
			continue;
		for (uint32_t move = begin[0]; move < begin[1]; move++) {
			uint32_t found = graph->target[edge] * width + automaton->inner.target[move];
			uint32_t seen = c->label[found];

			if (seen)
				lower(visit, seen);
			else
				due->at[due->count++] = found;
			visit->loops |= found == visit->node;
		}
	}
	return true;
}

static bool enter(struct components *c, uint32_t node)
{
	struct visits *path = &c->path;

	if (path->count == path->room) {
		uint64_t room = path->room ? 2 * path->room : 64;
		struct visit *at = realloc(path->at, room * sizeof(*at));

		if (!at)
			return false;
		path->at = at;
		path->room = room;
	}
	c->label[node] = ++c->visits;
	path->at[path->count] = (struct visit){
		.due = c->due.count,
		.waiting = (uint32_t)c->waiting.count,
		.node = node,
		.least = c->visits,
		.root = true,
	};
	return look(c, &path->at[path->count++]);
}

/* A node that is still to be visited from the last one on the path; NO_NODE if there is none. */
static uint32_t next_due(struct components *c)
{
	uint64_t begin = c->path.at[c->path.count - 1].due;

	while (c->due.count > begin) {
		uint32_t node = c->due.at[--c->due.count];

		prefetch_due(c, c->due.count);
		/* What was visited meanwhile was so from here: what it reaches is known already. */
		if (!c->label[node])
			return node;
	}
	return NO_NODE;
}

/* What waits since a root was entered is its component. */
static bool close_component(struct components *c, const struct visit *root)
{
	struct run_list *waiting = &c->waiting;
	uint64_t count = waiting->count - root->waiting;

	for (uint64_t i = root->waiting; i < waiting->count; i++)
		c->label[waiting->at[i]] = LABEL_CLOSED | root->node;
	waiting->count = root->waiting;
	return c->closed(c->context, waiting->at + root->waiting, count, count > 1 || root->loops);
}

/* All that the last node on the path leads to has been visited. */
static bool leave(struct components *c)
{
	struct visit done = c->path.at[--c->path.count];

	if (!run_list_push(&c->waiting, done.node))
		return false;
	if (done.root)
		return close_component(c, &done);
	c->label[done.node] = done.least;
	lower(&c->path.at[c->path.count - 1], done.least);
	return true;
}

int components_from(struct components *c, uint32_t root)
{
	bool good;

	c->visits = 0;
	for (good = enter(c, root); good && c->path.count;) {
		uint32_t node = next_due(c);

		good = node == NO_NODE ? leave(c) : enter(c, node);
		if (c->visits % RUNS_POLL == 0 && runs_stopped(c->stop))
			return RUNS_STOPPED;
	}
	if (good)
		return RUNS_DONE;
	return runs_stopped(c->stop) ? RUNS_STOPPED : RUNS_MEMORY;
}

void components_free(struct components *c)
{
	free(c->path.at);
	c->path = (struct visits){0};
	run_list_free(&c->due);
	run_list_free(&c->waiting);
}
