/* Memory that grows in place: address space is reserved once and filled page by page. */
#ifndef OOMCHECK_MEMORY_H
#define OOMCHECK_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A range of address space; `file` is -1 for memory, else the descriptor of the file behind it. */
struct region {
	uint8_t *base;
	size_t reserved; /* bytes of address space */
	size_t backed;   /* bytes of the file that exist on disk */
	int file;
};

/*
 * Reserve as much as possible, at least `least` and at most `most` bytes, of
 * zeroes. With a `path` the bytes live in that file, new or kept as it is.
 * False, with errno, if not even `least` bytes can be had.
 */
bool region_open(struct region *region, size_t least, size_t most, const char *path, bool keep);

/* Make sure that the first `bytes` bytes can be written: disk is allocated ahead, so a full disk shows here. */
bool region_back(struct region *region, size_t bytes);

/* Let the kernel drop from memory what lies in these bytes, if it is in a file. */
void region_cool(struct region *region, size_t begin, size_t end);

void region_close(struct region *region);

/* Fresh zeroed memory in huge pages if the kernel has some; NULL with errno. */
void *pages_new(size_t bytes);
void pages_free(void *pages, size_t bytes);

#endif
