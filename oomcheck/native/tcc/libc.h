/*
 * What the core uses of the C library, declared for tcc.
 *
 * The tcc of a Python wheel comes without the headers of a C library, and a
 * machine without another compiler has none. This file stands in for each of
 * them. All of it is the stable binary interface of Linux on x86-64, the same in
 * glibc and musl. tcc also lacks some builtins of gcc: here they
 * are made from those that it has.
 */
#ifndef OOMCHECK_LIBC_H
#define OOMCHECK_LIBC_H

#if !defined(__linux__) || !defined(__x86_64__)
#error "these declarations are those of Linux on x86-64"
#endif

/* stddef.h, stdbool.h, stdint.h */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
#define NULL ((void *)0)
#undef offsetof
#define offsetof(type, field) ((size_t)&((type *)0)->field)

#define bool _Bool
#define true 1
#define false 0

typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long int64_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long uint64_t;
typedef long intptr_t;
typedef unsigned long uintptr_t;
#define INT32_MAX 0x7fffffff
#define INT32_MIN (-INT32_MAX - 1)
#define INT64_MAX 0x7fffffffffffffffL
#define INT64_MIN (-INT64_MAX - 1)
#define UINT8_MAX 0xff
#define UINT16_MAX 0xffff
#define UINT32_MAX 0xffffffffU
#define UINT64_MAX 0xffffffffffffffffUL
#define SIZE_MAX UINT64_MAX
#define INT8_C(value) value
#define INT16_C(value) value
#define INT32_C(value) value
#define INT64_C(value) value##L
#define UINT8_C(value) value
#define UINT16_C(value) value
#define UINT32_C(value) value##U
#define UINT64_C(value) value##UL

/* Builtins: a name ends in `_` so that no argument can mean it. */

#define __ATOMIC_RELAXED 0
#define __ATOMIC_CONSUME 1
#define __ATOMIC_ACQUIRE 2
#define __ATOMIC_RELEASE 3
#define __ATOMIC_ACQ_REL 4
#define __ATOMIC_SEQ_CST 5
/* On x86-64 every aligned read is an acquire, and tcc moves none; this one also takes a pointer to const. */
#define __atomic_load_n(place, order) (*(volatile __typeof__(*(place)) *)(place))
#define __atomic_store_n(place, value, order)               \
	({                                                  \
		__typeof__(*(place)) value_ = (value);      \
		__atomic_store((place), &value_, (order));  \
	})
#define __atomic_exchange_n(place, value, order)                      \
	({                                                            \
		__typeof__(*(place)) value_ = (value), old_;          \
		__atomic_exchange((place), &value_, &old_, (order));  \
		old_;                                                 \
	})
#define __atomic_compare_exchange_n(place, old, value, weak, success, failure)               \
	({                                                                                   \
		__typeof__(*(place)) value_ = (value);                                       \
		__atomic_compare_exchange((place), (old), &value_, (weak), (success), (failure)); \
	})
void atomic_thread_fence(int order);
#define __atomic_thread_fence(order) atomic_thread_fence(order)
#define __builtin_prefetch(...) ((void)0)

/* endian.h: tcc builds for little-endian machines only. */

#define htole64(value) ((uint64_t)(value))
#define le64toh(value) ((uint64_t)(value))
#define htole32(value) ((uint32_t)(value))
#define le32toh(value) ((uint32_t)(value))

/* string.h, stdlib.h */

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void *realloc(void *old, size_t bytes);
void *aligned_alloc(size_t alignment, size_t bytes);
void free(void *old);
void abort(void);
void qsort(void *base, size_t count, size_t bytes, int (*compare)(const void *, const void *));

/* errno.h */

int *__errno_location(void);
#define errno (*__errno_location())
#define EINTR 4
#define EIO 5
#define EAGAIN 11
#define ENOMEM 12
#define EINVAL 22
#define EFBIG 27
#define ENOSPC 28

/* time.h, unistd.h */

typedef long time_t;
typedef long off_t;
typedef int clockid_t;
struct timespec {
	time_t tv_sec;
	long tv_nsec;
};
#define CLOCK_MONOTONIC 1
#define _SC_PAGESIZE 30
#define SEEK_SET 0
#define SEEK_END 2
int clock_gettime(clockid_t clock, struct timespec *now);
int nanosleep(const struct timespec *time, struct timespec *rest);
int close(int file);
int ftruncate(int file, off_t bytes);
int unlink(const char *path);
off_t lseek(int file, off_t offset, int whence);
ssize_t pread(int file, void *to, size_t bytes, off_t offset);
ssize_t pwrite(int file, const void *from, size_t bytes, off_t offset);
ssize_t read(int file, void *to, size_t bytes);
ssize_t write(int file, const void *from, size_t bytes);
long sysconf(int name);

/* sched.h, pthread.h: the threads' own attributes stay opaque. */

typedef unsigned long pthread_t;
int sched_yield(void);
int pthread_create(pthread_t *thread, const void *attributes, void *(*start)(void *), void *argument);
int pthread_join(pthread_t thread, void **result);

/* fcntl.h */

#define O_RDONLY 00
#define O_RDWR 02
#define O_CREAT 0100
#define O_EXCL 0200
#define O_TRUNC 01000
#define O_NOFOLLOW 0400000
#define O_CLOEXEC 02000000
int open(const char *path, int flags, ...);
int posix_fallocate(int file, off_t offset, off_t bytes);

/* sys/stat.h */

struct stat {
	uint64_t st_dev, st_ino, st_nlink;
	uint32_t st_mode, st_uid, st_gid, unused_0;
	uint64_t st_rdev;
	int64_t st_size, st_blksize, st_blocks;
	struct timespec st_atim, st_mtim, st_ctim;
	int64_t unused_1[3];
};
int fstat(int file, struct stat *facts);

/* sys/mman.h */

#define PROT_NONE 0
#define PROT_READ 1
#define PROT_WRITE 2
#define MAP_SHARED 1
#define MAP_PRIVATE 2
#define MAP_ANONYMOUS 0x20
#define MAP_NORESERVE 0x4000
#define MAP_FAILED ((void *)-1)
#define MADV_RANDOM 1
#define MADV_DONTNEED 4
#define MADV_HUGEPAGE 14
#define MADV_PAGEOUT 21
#define MS_ASYNC 1
#define MS_SYNC 4
void *mmap(void *wanted, size_t bytes, int protection, int flags, int file, off_t offset);
int munmap(void *base, size_t bytes);
int madvise(void *base, size_t bytes, int advice);
int msync(void *base, size_t bytes, int flags);
void *mremap(void *base, size_t bytes, size_t wanted, int flags, ...);

#endif
