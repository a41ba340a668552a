#include "checkpoint.h"

#include <errno.h>
#include <stdlib.h>

#include "search.h"

#define MOST_TAILS 65536

/* ---------------------------------------------------------------- marks */

void checkpoint_mark(struct search *search, uint64_t complete)
{
	struct mark *mark = &search->mark;

	mark->levels = search->level_count;
	mark->complete = complete;
	mark->states = mark->transitions = 0;
	for (uint32_t t = 0; t < search->options.threads; t++) {
		mark->states += search->workers[t].states;
		mark->transitions += search->workers[t].transitions;
		mark->tails[t] = search->workers[t].tail;
	}
	mark->numbers = search->visited.numbers;
	memcpy(mark->fired, search->fired, search->model->steps);
}

/* Sum over the states of a level. It depends on their places, so that no two can have changed them. */
static uint64_t level_sum(const struct search *search, const struct segments *level)
{
	uint64_t sum = 0, state[WORDS];

	for (size_t k = 0; k < level->count; k++) {
		for (uint64_t number = level->at[k].first; number < level->at[k].last; number++) {
			visited_load(&search->visited, number, state);
			sum += fold(state_hash(state) ^ number, 0xe7037ed1a0b428db);
		}
	}
	return sum;
}

bool checkpoint_sync(struct search *search)
{
	return region_sync(&search->visited.log, search->mark.numbers * search->visited.packing.stride);
}

/* ---------------------------------------------------------------- records */

/* Numbers to be written, or only counted. */
struct sink {
	uint64_t *at;
	size_t count;
};

static void put(struct sink *sink, uint64_t number)
{
	if (sink->at)
		sink->at[sink->count] = number;
	sink->count++;
}

/* What must be the same for whoever goes on. */
static void put_kind(struct sink *sink, const struct search *search)
{
	put(sink, CHECKPOINT_FORMAT);
	put(sink, WORDS);
	put(sink, search->model->bits);
	put(sink, search->visited.packing.stride);
	put(sink, search->model->steps);
	put(sink, search->model->items);
	put(sink, search->options.reduce);
	put(sink, search->options.fuse);
	put(sink, search->options.fuse);
	put(sink, search->options.canonical);
}

size_t checkpoint_take(struct search *search, uint64_t *words)
{
	struct sink sink = { words, 0 };
	struct mark *mark = &search->mark;

	for (; words && mark->summed < mark->levels; mark->summed++)
		mark->sum += level_sum(search, &search->levels[mark->summed]);
	put_kind(&sink, search);
	put(&sink, mark->complete);
	put(&sink, mark->levels);
	put(&sink, mark->states);
	put(&sink, mark->transitions);
	put(&sink, mark->numbers);
	put(&sink, mark->sum);
	put(&sink, mark->tail_count);
	for (uint32_t t = 0; t < mark->tail_count; t++) {
		put(&sink, mark->tails[t].next);
		put(&sink, mark->tails[t].end);
	}
	for (uint64_t k = 0; k < mark->levels; k++) {
		put(&sink, search->levels[k].count);
		for (size_t i = 0; i < search->levels[k].count; i++) {
			put(&sink, search->levels[k].at[i].first);
			put(&sink, search->levels[k].at[i].last);
		}
	}
	for (uint32_t item = 0; item < search->model->items; item++) /* later levels will be looked at again */
		put(&sink, (uint64_t)(search->item_depth[item] < (int64_t)mark->complete ? search->item_depth[item] : -1));
	for (uint32_t step = 0; step < search->model->steps; step++)
		put(&sink, mark->fired[step]);
	return sink.count;
}

/* ---------------------------------------------------------------- going on */

/* Numbers to be read; `bad` once there were too few, or one made no sense. */
struct source {
	const uint64_t *at;
	size_t left;
	bool bad;
};

/* The next number, which is at most `most`; 0 if there is no such number. */
static uint64_t take(struct source *source, uint64_t most)
{
	if (source->bad || !source->left || *source->at > most) {
		source->bad = true;
		return 0;
	}
	source->left--;
	return *source->at++;
}

static void take_kind(struct source *source, const struct search *search)
{
	uint64_t kind[16];
	struct sink sink = { kind, 0 };

	put_kind(&sink, search);
	for (size_t k = 0; k < sink.count; k++) {
		if (take(source, UINT64_MAX) != kind[k])
			source->bad = true;
	}
}

static void take_counts(struct source *source, struct mark *mark)
{
	mark->complete = take(source, INT64_MAX);
	mark->levels = take(source, source->left);
	mark->states = take(source, INT64_MAX);
	mark->transitions = take(source, UINT64_MAX);
	mark->numbers = take(source, INT64_MAX);
	mark->sum = take(source, UINT64_MAX);
	if (!mark->levels || mark->complete > mark->levels || mark->complete + 1 < mark->levels)
		source->bad = true;
}

/* All parts that workers ever had, so that a part is lost at most once for each worker there can be. */
static bool take_tails(struct source *source, struct search *search)
{
	struct mark *mark = &search->mark;
	uint32_t recorded = (uint32_t)take(source, MOST_TAILS);

	if (recorded > mark->tail_count) {
		struct tail *tails = realloc(mark->tails, recorded * sizeof(*tails));

		if (!tails)
			return false;
		mark->tails = tails;
		mark->tail_count = recorded;
	}
	for (uint32_t t = 0; t < recorded; t++) {
		mark->tails[t].next = take(source, mark->numbers);
		mark->tails[t].end = take(source, mark->numbers);
		if (mark->tails[t].next > mark->tails[t].end || mark->tails[t].end - mark->tails[t].next > BLOCK)
			source->bad = true;
	}
	for (uint32_t t = 0; t < search->options.threads; t++)
		search->workers[t].tail = mark->tails[t];
	return true;
}

static bool take_level(struct source *source, struct search *search)
{
	struct segments level = { 0 };
	uint64_t count = take(source, source->left / 2);
	bool done = true;

	for (uint64_t k = 0; done && !source->bad && k < count; k++) {
		uint64_t first = take(source, search->mark.numbers), last = take(source, search->mark.numbers);

		if (first >= last)
			source->bad = true;
		else
			done = segments_push(&level, first, last);
	}
	return search_push_level(search, level) && done;
}

static int by_place(const void *a, const void *b)
{
	const struct segment *one = a, *other = b;

	return (one->first > other->first) - (one->first < other->first);
}

/* Whether the levels are so many different states of the log; -1 without memory. */
static int are_apart(const struct search *search)
{
	struct segments all = { 0 };
	bool done = true, apart = true;
	uint64_t states;

	for (size_t k = 0; k < search->level_count; k++) {
		for (size_t i = 0; done && i < search->levels[k].count; i++)
			done = segments_push(&all, search->levels[k].at[i].first, search->levels[k].at[i].last);
	}
	states = segments_states(&all);
	if (all.count)
		qsort(all.at, all.count, sizeof(*all.at), by_place);
	for (size_t i = 1; i < all.count; i++)
		apart = apart && all.at[i - 1].last <= all.at[i].first;
	free(all.at);
	return done ? apart && states == search->mark.states && search->levels[0].count : -1;
}

static void take_findings(struct source *source, struct search *search)
{
	for (uint32_t item = 0; item < search->model->items; item++) {
		int64_t depth = (int64_t)take(source, UINT64_MAX);

		if (depth < -1 || depth >= (int64_t)search->mark.complete)
			source->bad = true;
		search->item_depth[item] = depth;
		if (depth >= 0)
			search->items[item / 64] |= (uint64_t)1 << item % 64;
	}
	for (uint32_t step = 0; step < search->model->steps; step++)
		search->fired[step] = search->mark.fired[step] = (uint8_t)take(source, 1);
}

/* Whether the log is what it was. */
static bool is_intact(struct search *search)
{
	struct mark *mark = &search->mark;
	uint64_t sum = 0;

	for (size_t k = 0; k < search->level_count; k++)
		sum += level_sum(search, &search->levels[k]);
	mark->summed = mark->levels;
	return sum == mark->sum;
}

/* Everything but the table; 0 or an errno. */
static int restore(struct search *search, struct source *source)
{
	struct mark *mark = &search->mark;

	take_kind(source, search);
	take_counts(source, mark);
	if (!take_tails(source, search))
		return ENOMEM;
	for (uint64_t k = 0; !source->bad && k < mark->levels; k++) {
		if (!take_level(source, search))
			return ENOMEM;
	}
	take_findings(source, search);
	if (source->bad || source->left)
		return EINVAL;
	int apart = are_apart(search);

	if (apart <= 0)
		return apart < 0 ? ENOMEM : EINVAL;
	if (mark->numbers > search->visited.log.reserved / search->visited.packing.stride)
		return ENOMEM;
	if (!region_back(&search->visited.log, mark->numbers * search->visited.packing.stride))
		return errno;
	return is_intact(search) ? 0 : EINVAL;
}

/* Counts and the level to go on with; 0 or an errno. */
static int go_on(struct search *search)
{
	const struct mark *mark = &search->mark;
	struct worker *worker = &search->workers[0];

	search->visited.numbers = mark->numbers;
	worker->states = worker->reported = search->found = mark->states;
	worker->transitions = mark->transitions;
	search->depth = mark->levels - 1;
	if (!search_refill(search))
		return ENOMEM;
	if (mark->complete == mark->levels) {
		search->status = SEARCH_DONE;
		return 0;
	}
	return search_deal(search, &search->levels[search->depth]) ? 0 : ENOMEM;
}

struct search *checkpoint_resume(const struct model *model, const struct search_options *options, const uint64_t *words,
				 size_t count)
{
	struct search *search = search_open(model, options, true);
	struct source source = { words, count, false };
	int problem;

	if (!search)
		return NULL;
	problem = restore(search, &source);
	if (!problem)
		problem = go_on(search);
	if (!problem)
		return search;
	search_free(search);
	errno = problem;
	return NULL;
}
