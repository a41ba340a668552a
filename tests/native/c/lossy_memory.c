/* Each allocation of a search fails once, in turn: nothing is leaked or misused, and the end is what it should be. */
#include <stdio.h>
#include <stdlib.h>

#include "lossy.h"

const struct model *toy_chain(void);

static const uint64_t wanted[1] = {1};
static int left = -1; /* allocations until one fails */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__real_pages_new(size_t bytes);

static int fails(void)
{
	return left >= 0 && left-- == 0;
}

void *__wrap_malloc(size_t bytes)
{
	return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
	return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
	return fails() ? NULL : __real_realloc(old, bytes);
}

void *__wrap_pages_new(size_t bytes)
{
	return fails() ? NULL : __real_pages_new(bytes);
}

/*
 * What came of a search whose allocation number `number` fails: not opened, no
 * memory for a path, stack cut, or no state cut after all because the one at
 * hand had no new successor; 'a' if there are not so many allocations.
 */
static char attempt(int number)
{
	struct lossy_options options = {
		.table = 1 << 16, .stack = 1 << 20, .seed = 1, .depth = UINT64_MAX, .states = UINT64_MAX,
		.wanted = wanted, .strength = 3,
	};
	struct lossy_counts counts;
	struct lossy *search;
	uint32_t status = LOSSY_RUNNING;

	left = number;
	search = lossy_open(toy_chain(), &options);
	if (!search)
		return 'o';
	while (status == LOSSY_RUNNING || status == LOSSY_NEWS)
		status = lossy_run(search, 100);
	lossy_count(search, &counts);
	lossy_close(search);
	if (status == LOSSY_NO_MEMORY)
		return 'p';
	return counts.cut_stack ? 's' : left < 0 ? 'n' : 'a';
}

/* The same for a path: not made shorter, or not as short as it could be. */
static char attempt_to_shorten(int number)
{
	uint32_t steps[1000] = {0};
	uint64_t length;

	left = number;
	length = lossy_shorten(toy_chain(), steps, 1000, NULL);
	if (length == UINT64_MAX)
		return 'o';
	return left < 0 ? 's' : 'a';
}

int main(void)
{
	char end;

	for (int number = 0; (end = attempt(number)) != 'a'; number++)
		putchar(end);
	putchar('\n');
	for (int number = 0; (end = attempt_to_shorten(number)) != 'a'; number++)
		putchar(end);
	putchar('\n');
	return 0;
}
