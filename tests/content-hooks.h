/* SPDX-License-Identifier: MIT */
/*
 * The system as test_content wants it: how many CPUs, which calls fail, what
 * happens to a file just before its window is digested; and what was asked of
 * it. For one file of a program under ASan: these functions stand before those
 * of libc. The tests write hooks while no other thread runs.
 */
#ifndef TESTS_CONTENT_HOOKS_H
#define TESTS_CONTENT_HOOKS_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

extern long __sysconf(int name);
extern int __interceptor_pthread_create(pthread_t *thread,
					const pthread_attr_t *attr,
					void *(*start)(void *), void *arg);
extern void *__interceptor_calloc(size_t n, size_t size);

static struct hooks {
	long cpus;   /* 0: those there are */
	int threads; /* that can be made; -1: any number */
	enum { CACHE_AS_IS, CACHE_EMPTY, CACHE_FULL } cache;
	bool no_populate;    /* nothing can be mapped: an old kernel */
	off_t unreadable_at; /* from there on, if not 0 */
	/* called when a window was made ready, and is digested next */
	void (*ready)(void *at, size_t size);
} hooks = { .threads = -1 };

/* What was asked for, in bytes. */
static struct asked {
	atomic_size_t ahead;
	atomic_size_t dropped;
	atomic_size_t outstanding_max; /* of what was ahead, not dropped */
	atomic_size_t memory;	       /* mapped now, and allocated at all */
	atomic_size_t memory_max;
} asked;

static inline void hooks_reset(void)
{
	hooks = (struct hooks){ .threads = -1 };
	asked = (struct asked){ 0 };
}

/* Adds, and returns the sum. */
static inline size_t add(atomic_size_t *sum, size_t size)
{
	return atomic_fetch_add(sum, size) + size;
}

static inline void note_max(atomic_size_t *max, size_t now)
{
	size_t seen = atomic_load(max);

	while (now > seen && !atomic_compare_exchange_weak(max, &seen, now))
		;
}

/* Not instrumented: the first calls come before ASan has its shadow memory. */
#define early __attribute__((no_sanitize("address", "undefined")))

early long sysconf(int name)
{
	return name == _SC_NPROCESSORS_ONLN && hooks.cpus ? hooks.cpus
							  : __sysconf(name);
}

early void *calloc(size_t n, size_t size)
{
	note_max(&asked.memory_max, add(&asked.memory, n * size));
	return __interceptor_calloc(n, size);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
		   void *(*start)(void *), void *arg)
{
	if (hooks.threads == 0)
		return EAGAIN;
	if (hooks.threads > 0)
		hooks.threads--;
	return __interceptor_pthread_create(thread, attr, start, arg);
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t from)
{
	long mapped = syscall(SYS_mmap, at, size, protection, flags, fd, from);

	note_max(&asked.memory_max, add(&asked.memory, size));
	return (void *)mapped;
}

int munmap(void *at, size_t size)
{
	(void)atomic_fetch_sub(&asked.memory, size);
	return (int)syscall(SYS_munmap, at, size);
}

int mincore(void *at, size_t size, unsigned char *ret)
{
	if (hooks.cache == CACHE_AS_IS)
		return (int)syscall(SYS_mincore, at, size, ret);
	for (size_t i = 0; i < (size + 4095) / 4096; i++)
		ret[i] = hooks.cache == CACHE_FULL;
	return 0;
}

int madvise(void *at, size_t size, int advice)
{
	if (hooks.no_populate) {
		errno = EINVAL;
		return -1;
	}
	if (syscall(SYS_madvise, at, size, advice) < 0)
		return -1;
	if (hooks.ready)
		hooks.ready(at, size);
	return 0;
}

int posix_fadvise(int fd, off_t at, off_t size, int advice)
{
	(void)fd;
	(void)at;
	if (advice == POSIX_FADV_WILLNEED)
		(void)add(&asked.ahead, (size_t)size);
	if (advice == POSIX_FADV_DONTNEED)
		(void)add(&asked.dropped, (size_t)size);
	if (asked.ahead > asked.dropped)
		note_max(&asked.outstanding_max, asked.ahead - asked.dropped);
	return 0;
}

ssize_t pread(int fd, void *buffer, size_t size, off_t at)
{
	if (hooks.unreadable_at && at >= hooks.unreadable_at) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pread64, fd, buffer, size, at);
}

ssize_t preadv2(int fd, const struct iovec *part, int n, off_t at, int flags)
{
	(void)flags;
	if (n == 1 && hooks.cache != CACHE_EMPTY)
		return pread(fd, part->iov_base, part->iov_len, at);
	errno = EAGAIN;
	return -1;
}

#endif
