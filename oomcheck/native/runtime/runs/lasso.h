/* A loop through a node of a fair component: the second half of the search for a lasso. */
#ifndef OOMCHECK_LASSO_H
#define OOMCHECK_LASSO_H

#include "run_hops.h"
#include "run_lists.h"

struct hop_list {
	struct hop *at;
	uint64_t count, room;
};

bool hop_list_push(struct hop_list *list, struct hop hop);
void hop_list_free(struct hop_list *list);

/*
 * Append a way from `entry` to a node, and a fair accepting loop there, to
 * `way` and `loop`. `label` tells the component. Returns a runs_status.
 */
int lasso_loop(const struct run_query *query, const uint32_t *label, uint32_t entry, struct hop_list *way,
	       struct hop_list *loop);

#endif
