#include "lossy_table.h"

#include "memory.h"

#define LOSSY_TAIL sizeof(uint64_t) /* read and written with the last slot */

bool lossy_table_open(struct lossy_table *table, uint64_t bytes, uint64_t seed)
{
	for (uint32_t i = 0; i < sizeof(table->keys) / sizeof(table->keys[0]); i++)
		table->keys[i] = lossy_random(&seed);
	table->bytes = bytes + LOSSY_TAIL;
	table->places = table->compacts ? bytes / table->strength : bytes * 8;
	table->mask = UINT64_MAX >> (64 - 8 * (table->compacts ? table->strength : 8));
	table->data = pages_new(table->bytes);
	return table->data;
}

void lossy_table_close(struct lossy_table *table)
{
	pages_free(table->data, table->bytes);
}
