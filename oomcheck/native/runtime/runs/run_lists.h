/* Lists of numbers that grow, and the look at the flag that ends a computation. */
#ifndef OOMCHECK_RUN_LISTS_H
#define OOMCHECK_RUN_LISTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define RUNS_POLL 4096u /* steps between two looks at the flag */

static inline bool runs_stopped(int *stop)
{
	return __atomic_load_n(stop, __ATOMIC_RELAXED) != 0;
}

/* Nodes or transitions. */
struct run_list {
	uint32_t *at;
	uint64_t count, room;
};

static inline bool run_list_reserve(struct run_list *list, uint64_t room)
{
	if (room <= list->room)
		return true;
	if (room < 2 * list->room)
		room = 2 * list->room;
	if (room < 64)
		room = 64;
	uint32_t *at = realloc(list->at, room * sizeof(*at));

	if (!at)
		return false;
	list->at = at;
	list->room = room;
	return true;
}

static inline bool run_list_push(struct run_list *list, uint32_t number)
{
	if (list->count == list->room && !run_list_reserve(list, list->count + 1))
		return false;
	list->at[list->count++] = number;
	return true;
}

static inline void run_list_free(struct run_list *list)
{
	free(list->at);
	*list = (struct run_list){0};
}

#endif
