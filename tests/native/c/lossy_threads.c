/* Four searches of one model at once, to be run under the thread sanitizer: they share nothing that is written. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "lossy.h"

const struct model *toy_grid(void);

static const uint64_t wanted[2] = {3, 0};

struct job {
	pthread_t thread;
	uint64_t seed, length;
	struct lossy_counts counts;
};

static void *run(void *argument)
{
	struct job *job = argument;
	struct lossy_options options = {
		.table = 1 << 16, .stack = 1 << 20, .seed = job->seed, .depth = UINT64_MAX, .states = UINT64_MAX,
		.wanted = wanted, .flags = LOSSY_SHUFFLE | (job->seed % 2 ? LOSSY_COMPACT : 0), .strength = 3,
	};
	struct lossy *search = lossy_open(toy_grid(), &options);
	uint32_t status = LOSSY_RUNNING;

	if (!search)
		exit(2);
	while (status == LOSSY_RUNNING || status == LOSSY_NEWS)
		status = lossy_run(search, 100);
	lossy_count(search, &job->counts);
	job->length = lossy_path_length(search, 0);
	lossy_close(search);
	return NULL;
}

int main(void)
{
	struct job jobs[4] = {{.seed = 1}, {.seed = 1}, {.seed = 2}, {.seed = 2}};

	for (int i = 0; i < 4; i++)
		if (pthread_create(&jobs[i].thread, NULL, run, &jobs[i]))
			return 2;
	for (int i = 0; i < 4; i++)
		pthread_join(jobs[i].thread, NULL);
	for (int i = 0; i < 4; i += 2)
		if (jobs[i].counts.states != jobs[i + 1].counts.states || jobs[i].counts.set != jobs[i + 1].counts.set ||
		    jobs[i].length != 36 || jobs[i + 1].length != 36) {
			printf("seed %d: the searches differ\n", (int)jobs[i].seed);
			return 1;
		}
	return 0;
}
