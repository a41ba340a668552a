/* Memory that grows in place: address space is reserved once and filled page by page. */
#ifndef OOMCHECK_MEMORY_H
#define OOMCHECK_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A range of address space; `file` is -1 for memory, else the descriptor of the file behind it, which needs no memory. */
struct region {
	uint8_t *base;
	size_t reserved; /* bytes of address space */
	size_t backed;   /* bytes of the file that are known to exist on disk */
	int file;
};

/*
 * Reserve as much as possible, at least `least` and at most `most` bytes, of
 * zeroes. With a `path` the bytes live in that file, new and only its owner's,
 * or kept as it is. False, with errno, if not even `least` bytes can be had.
 */
bool region_open(struct region *region, size_t least, size_t most, const char *path, bool keep);

/* Make sure that the first `bytes` bytes can be written: disk is allocated ahead, so a full disk shows here. */
bool region_back(struct region *region, size_t bytes);

/* Wait until the first `bytes` bytes are on disk, if they are in a file; false with errno. */
bool region_sync(struct region *region, size_t bytes);

void region_close(struct region *region);

/* Fresh zeroed memory in huge pages if the kernel has some; NULL with errno. */
void *pages_new(size_t bytes);
void pages_free(void *pages, size_t bytes);

#endif
