/* Handing out the states of a level in chunks, and the threads that take them. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "store.h"

#define MOST_CHUNK 512 /* states that a thread takes at once */
#define BUSY 4         /* chunks for each thread that are worth starting it */

double search_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool segments_push(struct segments *segments, uint64_t first, uint64_t last)
{
	if (segments->count == segments->room) {
		size_t room = segments->room ? 2 * segments->room : 4;
		struct segment *at = realloc(segments->at, room * sizeof(*at));

		if (!at)
			return false;
		segments->at = at;
		segments->room = room;
	}
	segments->at[segments->count++] = (struct segment){ first, last };
	return true;
}

uint64_t segments_states(const struct segments *segments)
{
	uint64_t states = 0;

	for (size_t k = 0; k < segments->count; k++)
		states += segments->at[k].last - segments->at[k].first;
	return states;
}

/* States in a chunk: so few that what they add does not fill the table before the next look at it. */
static uint64_t chunk_size(const struct search *search)
{
	uint64_t slots = search->visited.mask + 1;
	uint64_t size = slots / 16 / ((uint64_t)search->model->most_moves * search->options.threads);
	uint64_t most = store_chunk(search);

	if (size > most)
		size = most;
	return size > MOST_CHUNK ? MOST_CHUNK : size ? size : 1;
}

bool search_deal(struct search *search, const struct segments *segments)
{
	uint64_t size = chunk_size(search);

	search->cursor = 0;
	search->chunks.count = 0;
	for (size_t k = 0; k < segments->count; k++) {
		uint64_t last = segments->at[k].last;

		for (uint64_t first = segments->at[k].first; first < last; first += size) {
			if (!segments_push(&search->chunks, first, last - first < size ? last : first + size))
				return false;
		}
	}
	return true;
}

const struct segment *search_chunk(struct worker *worker)
{
	struct search *search = worker->search;

	/* The first worker alone looks at the clock. */
	if (worker == search->workers && search_clock() >= search->deadline)
		__atomic_store_n(&search->pause, 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&search->pause, __ATOMIC_RELAXED))
		return NULL;
	uint64_t index = __atomic_fetch_add(&search->cursor, 1, __ATOMIC_RELAXED);

	return index < search->chunks.count ? &search->chunks.at[index] : NULL;
}

struct task {
	void (*work)(struct worker *);
	struct worker *worker;
	pthread_t thread;
};

static void *start(void *argument)
{
	struct task *task = argument;

	task->work(task->worker);
	return NULL;
}

void search_work(struct search *search, void (*work)(struct worker *))
{
	uint32_t started = 1, threads = search->options.threads;
	struct task tasks[threads];
	uint64_t left = search->chunks.count - search->cursor;

	search->pause = 0;
	/* Starting a thread for a small level costs more than it brings. */
	while (started < threads && left >= (uint64_t)BUSY * (started + 1)) {
		tasks[started] = (struct task){ work, &search->workers[started], 0 };
		if (pthread_create(&tasks[started].thread, NULL, start, &tasks[started]))
			break; /* fewer threads give the same result */
		started++;
	}
	work(&search->workers[0]);
	for (uint32_t k = 1; k < started; k++)
		pthread_join(tasks[k].thread, NULL);
}
