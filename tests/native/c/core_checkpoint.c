/* Searches that go on from their records are the search that was never interrupted. The argument is a folder. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core_toys.h"

#define SHORT 0.0003 /* seconds: some chunks of a level */

static const uint32_t threads_of_round[] = { 1, 5, 2, 5, 1, 2 };
static char path[4096];

struct record {
	uint64_t *words;
	size_t count;
};

static struct search_options options_of(const struct toy *toy, uint32_t threads)
{
	struct search_options options = plain_options(toy, threads);

	options.log_path = path;
	options.log_bytes *= 2; /* numbers that are left behind */
	return options;
}

static struct record record_of(struct search *search)
{
	struct record record = { NULL, checkpoint_take(search, NULL) };

	record.words = malloc(record.count * sizeof(uint64_t));
	check(checkpoint_take(search, record.words) == record.count);
	check(checkpoint_sync(search));
	return record;
}

static struct search *resume(const struct toy *toy, uint32_t threads, struct record record)
{
	struct search_options options = options_of(toy, threads);

	return checkpoint_resume(toy->model, &options, record.words, record.count);
}

static struct search *start(const struct toy *toy, uint32_t threads)
{
	struct search_options options = options_of(toy, threads);
	struct search *search = search_new(toy->model, &options);

	check(search);
	return search;
}

static int run_short(struct search *search, int slices)
{
	int status;

	do
		status = search_run(search, SHORT);
	while ((status == SEARCH_SLICE || status == SEARCH_LEVEL) && --slices > 0);
	return status;
}

/* Each process does a little and is gone; what it did after its last record is lost. */
static void check_relay(const struct toy *toy, const struct plain *plain)
{
	struct search *search = start(toy, 2);
	int status = SEARCH_SLICE;

	for (unsigned round = 0; status != SEARCH_DONE; round++) {
		status = run_short(search, 1 + (int)round / 4); /* more and more, as a level may take long */
		struct record record = record_of(search);

		if (status != SEARCH_DONE && round % 3 == 0)
			run_short(search, 2);
		search_free(search);
		search = resume(toy, threads_of_round[round % 6], record);
		check(search);
		free(record.words);
	}
	check(run(search) == SEARCH_DONE);
	check(search->visited.numbers <= plain->states + 5 * BLOCK);
	check_same(search, toy, plain);
	search_free(search);
}

static void check_file(const struct toy *toy)
{
	struct search *search = start(toy, 1);
	struct stat facts;

	check(!stat(path, &facts));
	check((facts.st_mode & 0777) == 0600);
	check(search_bytes(search) < 1 << 20); /* the log is no memory */
	search_free(search);
}

/* Other limits than before: a deeper one, and one of states that are there already. */
static void check_limits(const struct toy *toy, const struct plain *plain)
{
	struct search_options options = options_of(toy, 2);
	struct search *search;
	struct record record;

	options.depth = 5;
	search = search_new(toy->model, &options);
	check(search);
	check(run(search) == SEARCH_DEPTH);
	record = record_of(search);
	search_free(search);
	options.most_states = 50;
	search = checkpoint_resume(toy->model, &options, record.words, record.count);
	check(search);
	options.most_states = 0;
	options.depth = 6;
	search->options.depth = 6;
	check(run(search) == SEARCH_STATES);
	search_free(search);
	options.most_bytes = 1000;
	check(!checkpoint_resume(toy->model, &options, record.words, record.count) && errno == ENOMEM);
	search = resume(toy, 2, record);
	check(search);
	check(run(search) == SEARCH_DONE);
	check_same(search, toy, plain);
	search_free(search);
	free(record.words);
}

/* What a memory limit ended is as large when somebody goes on under the same limit. */
static void check_memory(const struct toy *toy)
{
	struct search_options options = options_of(toy, 1);
	struct search *search;
	struct record record;
	uint64_t states;
	uint32_t log2 = 12;

	while (((uint64_t)1 << log2) / 8 * 7 < GRID)
		log2++;
	log2--; /* the largest table that all states do not fit into */
	options.most_bytes = visited_table_bytes(log2, log2 > NARROW_LOG2) * 5 / 4;
	search = search_new(toy->model, &options);
	check(search);
	check(run(search) == SEARCH_MEMORY);
	states = search_facts(search)->states;
	record = record_of(search);
	search_free(search);
	search = checkpoint_resume(toy->model, &options, record.words, record.count);
	check(search);
	check(run(search) == SEARCH_MEMORY);
	check(search_facts(search)->states + 6 * 512 >= states && search_facts(search)->states <= states + 6 * 512);
	search_free(search);
	free(record.words);
}

static void check_unfit(const struct toy *toy, struct record record)
{
	struct search *search = resume(toy, 2, record);

	check(!search && errno == EINVAL);
}

/* Any number of a record may be wrong. Not all of that shows, but nothing is read or written that should not be. */
static void check_wrong_numbers(const struct toy *toy, struct record record)
{
	static const uint64_t wrong[] = { 0, (uint64_t)1 << 40, UINT64_MAX };
	size_t step = record.count / 20 + 1;

	for (size_t k = 0; k < record.count; k += k < 24 ? 1 : step) {
		for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
			uint64_t right = record.words[k];

			record.words[k] = wrong[i];
			struct search *search = resume(toy, 2, record);

			check(search || errno == EINVAL || errno == ENOMEM);
			check(k >= 8 || !search || wrong[i] == right); /* what kind of search it is */
			search_free(search);
			record.words[k] = right;
		}
	}
}

/* The last byte in the log of a state that was found; a worker may leave numbers of its part of the log unused. */
static size_t byte_of_state(const struct search *search)
{
	uint64_t level = search->level_count;

	while (!search->levels[--level].count)
		;
	return search->levels[level].at[0].last * search->visited.packing.stride - 1;
}

static void check_damage(const struct toy *toy)
{
	struct search *search = start(toy, 2);
	size_t last;
	struct record record;
	FILE *log;
	int byte;

	check(run(search) == SEARCH_DONE);
	record = record_of(search);
	last = byte_of_state(search);
	search_free(search);
	check_wrong_numbers(toy, record);
	check_unfit(toy, (struct record){ record.words, record.count - 1 });
	check_unfit(toy, (struct record){ record.words, 0 });
	check_unfit(toy == grid ? maze : grid, record);
	log = fopen(path, "r+");
	check(log);
	check(!fseek(log, (long)last, SEEK_SET) && (byte = fgetc(log)) != EOF);
	check(!fseek(log, (long)last, SEEK_SET) && fputc(byte ^ 1, log) != EOF && !fflush(log));
	check_unfit(toy, record);
	check(!fseek(log, (long)last, SEEK_SET) && fputc(byte, log) != EOF && !fclose(log));
	search = resume(toy, 1, record);
	check(search && run(search) == SEARCH_DONE);
	search_free(search);
	check(!truncate(path, (off_t)last / 2));
	check_unfit(toy, record);
	check(!unlink(path));
	check_unfit(toy, record);
	free(record.words);
}

int main(int argc, char **argv)
{
	check(argc == 2);
	snprintf(path, sizeof(path), "%s/log", argv[1]);
	for (unsigned k = 0; k < toy_count; k++) {
		struct plain plain = plain_search(&toys[k]);

		check_relay(&toys[k], &plain);
		if (&toys[k] == grid || &toys[k] == maze)
			check_limits(&toys[k], &plain);
		plain_free(&plain);
	}
	check_file(grid);
	check_memory(grid);
	check_damage(maze);
	return 0;
}
