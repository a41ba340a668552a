#include "visited.h"

#define BATCH 64

bool visited_open(struct visited *set, uint32_t bits, uint32_t log2, size_t log_bytes, const char *path, bool keep)
{
	memset(set, 0, sizeof(*set));
	set->packing = packing_of(bits);
	if (!region_open(&set->log, (size_t)1 << 20, log_bytes, path, keep))
		return false;
	if (!visited_table(set, log2)) {
		region_close(&set->log);
		return false;
	}
	return true;
}

void visited_close(struct visited *set)
{
	if (set->table)
		pages_free(set->table, visited_table_bytes(set->log2, set->wide));
	set->table = NULL;
	region_close(&set->log);
}

bool visited_table(struct visited *set, uint32_t log2)
{
	bool wide = log2 > NARROW_LOG2;

	if (set->table)
		pages_free(set->table, visited_table_bytes(set->log2, set->wide));
	set->table = pages_new(visited_table_bytes(log2, wide));
	set->log2 = log2;
	set->mask = ((uint64_t)1 << log2) - 1;
	set->wide = wide;
	return set->table != NULL;
}

void visited_enter(struct visited *set, uint64_t first, uint64_t last)
{
	uint64_t hashes[BATCH], state[WORDS];

	for (uint64_t start = first; start < last; start += BATCH) {
		uint32_t count = last - start < BATCH ? (uint32_t)(last - start) : BATCH;

		for (uint32_t k = 0; k < count; k++) {
			visited_load(set, start + k, state);
			hashes[k] = state_hash(state);
			visited_prefetch(set, hashes[k]);
		}
		for (uint32_t k = 0; k < count; k++) {
			if (set->wide)
				enter_wide(set, hashes[k], start + k);
			else
				enter_narrow(set, hashes[k], start + k);
		}
	}
}
