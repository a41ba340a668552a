/* Each call of the system fails once, in turn: the search is refused, or is exact all the same. Argument: a folder. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "core_toys.h"

static long left = -1; /* calls until one fails */
static bool lasting;   /* and all after it */
static bool failed;

static bool fails(int problem)
{
	if (left < 0)
		return false;
	if (left > 0) {
		left--;
		return false;
	}
	failed = true;
	if (!lasting)
		left = -1;
	errno = problem;
	return true;
}

#define WRAP(result, name, error, value, parameters, arguments)        \
	result __real_##name parameters;                               \
	result __wrap_##name parameters;                               \
	result __wrap_##name parameters                                \
	{                                                              \
		return fails(error) ? value : __real_##name arguments; \
	}

WRAP(void *, malloc, ENOMEM, NULL, (size_t bytes), (bytes))
WRAP(void *, calloc, ENOMEM, NULL, (size_t count, size_t bytes), (count, bytes))
WRAP(void *, realloc, ENOMEM, NULL, (void *old, size_t bytes), (old, bytes))
WRAP(void *, mmap, ENOMEM, MAP_FAILED, (void *place, size_t bytes, int protection, int flags, int file, off_t offset),
     (place, bytes, protection, flags, file, offset))
WRAP(int, posix_fallocate, ENOSPC, ENOSPC, (int file, off_t offset, off_t bytes), (file, offset, bytes))
WRAP(int, pthread_create, EAGAIN, EAGAIN,
     (pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument),
     (thread, attributes, start, argument))

/* What came of it: 'o' not opened, 'r' refused, 'm' stopped as if at a limit, 't' no paths, 'd' done. */
static char attempt(const struct toy *toy, const struct plain *plain, struct search_options options)
{
	uint64_t set[2] = { 1 };
	struct target target = { (uint64_t)plain->item_depth[0], set };
	struct search *search = search_new(toy->model, &options);
	struct tracing *tracing;
	char end = 'd';
	int status;

	if (!search) {
		check(errno == ENOMEM || errno == ENOSPC);
		return 'o';
	}
	status = run(search);
	if (status == SEARCH_REFUSED) {
		check(search_facts(search)->error == ENOMEM || search_facts(search)->error == ENOSPC);
		check(search_facts(search)->states <= plain->states);
		end = 'r';
	} else if (status == SEARCH_MEMORY) {
		check(search_facts(search)->states < plain->states);
		end = 'm';
	} else {
		check(status == SEARCH_DONE);
		check(search_facts(search)->states == plain->states);
		check(search_facts(search)->transitions == plain->transitions);
		tracing = tracing_new(search, &target, 1);
		while (tracing && tracing_run(tracing, 1) == SEARCH_SLICE)
			;
		if (!tracing || tracing->status != SEARCH_DONE)
			end = 't';
		tracing_free(tracing);
	}
	search_free(search);
	return end;
}

/* All attempts until one in which there were fewer calls; the last one shows that the others could have been well. */
static void attempt_all(const struct toy *toy, const struct plain *plain, struct search_options options)
{
	char end;

	for (long number = 0;; number++) {
		failed = false;
		left = number;
		end = attempt(toy, plain, options);
		left = -1;
		if (!failed)
			break;
		putchar(end);
	}
	check(end == 'd');
	putchar('\n');
}

/* A search that goes on has failing calls as well. */
static void resume_all(const struct toy *toy, struct search_options options)
{
	struct search *search = search_new(toy->model, &options);
	uint64_t *words;
	size_t count;

	check(search && run(search) == SEARCH_DONE);
	count = checkpoint_take(search, NULL);
	words = malloc(count * sizeof(*words));
	checkpoint_take(search, words);
	search_free(search);
	options.threads = 1;
	for (long number = 0;; number++) {
		failed = false;
		left = number;
		search = checkpoint_resume(toy->model, &options, words, count);
		left = -1;
		check(search || (failed && (errno == ENOMEM || errno == ENOSPC)));
		if (!failed)
			break;
		search_free(search); /* there is one if less address space was enough */
	}
	search_free(search);
	free(words);
}

int main(int argc, char **argv)
{
	struct plain plain = plain_search(maze);
	struct search_options options = plain_options(maze, 2);
	static char path[4096];

	check(argc == 2);
	snprintf(path, sizeof(path), "%s/log", argv[1]);
	for (int k = 0; k < 4; k++) {
		lasting = k & 1;
		options.log_path = k & 2 ? path : NULL;
		attempt_all(maze, &plain, options);
	}
	lasting = false;
	resume_all(maze, options);
	plain_free(&plain);
	return 0;
}
