#define _GNU_SOURCE
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define BACKING_STEP ((size_t)64 << 20) /* disk is allocated in pieces of this size */

static void *map(size_t bytes, int file)
{
	int flags = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;

	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, file, 0);
}

bool region_open(struct region *region, size_t least, size_t most, const char *path, bool keep)
{
	region->file = -1;
	region->backed = 0;
	if (path) {
		region->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (keep ? 0 : O_TRUNC), 0600);
		if (region->file < 0)
			return false;
	}
	for (size_t bytes = most; bytes >= least; bytes /= 2) {
		void *base = map(bytes, region->file);

		if (base != MAP_FAILED) {
			region->base = base;
			region->reserved = bytes;
			if (!path)
				madvise(base, bytes, MADV_HUGEPAGE);
			return true;
		}
	}
	if (path) {
		int problem = errno;

		close(region->file);
		region->file = -1;
		errno = problem;
	}
	return false;
}

/* Disk for the first `bytes` bytes: 0 or an errno. What is there is kept; in a file of old there may be holes. */
static int allocate(const struct region *region, size_t bytes)
{
	int problem;

	do
		problem = posix_fallocate(region->file, (off_t)region->backed, (off_t)(bytes - region->backed));
	while (problem == EINTR);
	return problem;
}

bool region_back(struct region *region, size_t bytes)
{
	if (bytes > region->reserved) {
		errno = ENOMEM;
		return false;
	}
	if (region->file < 0 || bytes <= region->backed)
		return true;
	size_t wanted = (bytes + BACKING_STEP - 1) / BACKING_STEP * BACKING_STEP;

	if (wanted > region->reserved)
		wanted = region->reserved;
	/* Writing to a mapped hole on a full disk would be SIGBUS. */
	int problem = allocate(region, wanted);

	if (problem && wanted > bytes) {
		wanted = bytes; /* the last corner of the disk */
		problem = allocate(region, wanted);
	}
	if (problem) {
		errno = problem;
		return false;
	}
	region->backed = wanted;
	return true;
}

bool region_sync(struct region *region, size_t bytes)
{
	return region->file < 0 || !bytes || !msync(region->base, bytes, MS_SYNC);
}

void region_close(struct region *region)
{
	if (!region->base)
		return; /* was never open */
	munmap(region->base, region->reserved);
	if (region->file >= 0)
		close(region->file);
	region->base = NULL;
	region->file = -1;
}

void *pages_new(size_t bytes)
{
	void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		return NULL;
	madvise(pages, bytes, MADV_HUGEPAGE);
	return pages;
}

void pages_free(void *pages, size_t bytes)
{
	if (pages)
		munmap(pages, bytes);
}
