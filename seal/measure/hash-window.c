// SPDX-License-Identifier: MIT
/* See hash-window.h. */
#include "seal/measure/hash-window.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ /* <asm-generic/mman-common.h>, since Linux 5.14 */
#define MADV_POPULATE_READ 22
#endif

enum {
	page = 4096,
	cache_line = 64,

	/*
	 * Memory is slower than SHA instructions, and the CPU does not look
	 * beyond a page by itself: it is shown the beginning of the next one,
	 * as many lines as it can wait for at once, and finds the others.
	 */
	fetched = 16 * cache_line,

	/* the kernel may cut a longer request to read ahead short */
	read_ahead_step = 128 * 1024,
};

/*
 * What this thread digests now. File-scope, as a handler has no other way to
 * know; written outside the handler only while nothing of it is touched.
 */
static _Thread_local struct {
	uint8_t *volatile at; /* NULL: nothing */
	volatile size_t size;
	volatile sig_atomic_t broken;
} guarded_now;

/*
 * The rest of a broken window reads as zeros, so that who digests it comes to
 * its end. mmap as a plain system call is safe in a handler.
 */
static void on_bus_error(int signal_number, siginfo_t *info, void *context)
{
	uint8_t *at = guarded_now.at;
	uint8_t *fault = info->si_addr;
	const struct sigaction fatal = { .sa_handler = SIG_DFL };

	(void)context;
	if (at && fault >= at && fault < at + guarded_now.size &&
	    syscall(SYS_mmap, at, guarded_now.size, PROT_READ,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) >= 0)
		guarded_now.broken = 1;
	else /* not ours: it faults again, and dies of it */
		(void)sigaction(signal_number, &fatal, NULL);
}

void window_guard_raise(struct window_guard *g)
{
	struct sigaction action = { .sa_sigaction = on_bus_error,
				    .sa_flags = SA_SIGINFO };

	g->stands = sigaction(SIGBUS, &action, &g->before) == 0;
}

void window_guard_drop(struct window_guard *g)
{
	if (g->stands)
		(void)sigaction(SIGBUS, &g->before, NULL); /* was there */
	g->stands = false;
}

static uint8_t *map(const struct window *w)
{
	void *at = mmap(NULL, w->size, PROT_READ, MAP_SHARED, w->fd, w->at);

	return at == MAP_FAILED ? NULL : at;
}

static void unmap(uint8_t *at, const struct window *w)
{
	(void)munmap(at, w->size); /* it was mapped like that */
}

unsigned window_cached(const struct window *w, unsigned samples)
{
	uint8_t *at = map(w);
	unsigned cached = 0;

	for (unsigned i = 0; at && i < samples; i++) {
		size_t pages = (w->size + page - 1) / page;
		unsigned char resident = 1; /* if the kernel does not say */

		(void)mincore(at + pages * i / samples * page, 1, &resident);
		cached += resident & 1;
	}
	if (!at)
		return samples;
	unmap(at, w);
	return cached;
}

void window_read_ahead(const struct window *w)
{
	/* advice: what is not read ahead is read when it is needed */
	for (size_t i = 0; i < w->size; i += read_ahead_step)
		(void)posix_fadvise(w->fd, w->at + (off_t)i, read_ahead_step,
				    POSIX_FADV_WILLNEED);
}

void window_drop(const struct window *w)
{
	(void)posix_fadvise(w->fd, w->at, (off_t)w->size,
			    POSIX_FADV_DONTNEED); /* advice */
}

static void fetch(const uint8_t *at)
{
	for (size_t i = 0; i < fetched; i += cache_line)
		__builtin_prefetch(at + i);
}

static int digest_memory(const uint8_t *at, size_t size,
			 struct digest_state *state, digest_algs algs)
{
	int r = 0;

	for (size_t done = 0; r == 0 && done < size; done += page) {
		size_t left = size - done;

		if (left >= page + fetched)
			fetch(at + done + page);
		r = digest_update(state, algs, at + done,
				  left < page ? left : page);
	}
	return r;
}

/* Digests what at maps and is all there, or was. */
static int digest_guarded(uint8_t *at, size_t size, struct digest_state *state,
			  digest_algs algs)
{
	int r;

	guarded_now.broken = 0;
	guarded_now.size = size;
	guarded_now.at = at;
	r = digest_memory(at, size, state, algs);
	guarded_now.at = NULL;
	return guarded_now.broken ? -EIO : r;
}

static int digest_copied(const struct window *w, struct digest_state *state,
			 digest_algs algs, uint8_t *buffer)
{
	size_t done = 0;
	int r = 0;

	while (r == 0 && done < w->size) {
		size_t left = w->size - done;
		ssize_t n = pread(w->fd, buffer,
				  left < window_buffer ? left : window_buffer,
				  w->at + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ESTALE;
		done += (size_t)n;
		r = digest_update(state, algs, buffer, (size_t)n);
	}
	return r;
}

int window_digest(const struct window *w, bool guarded,
		  struct digest_state *state, digest_algs algs,
		  uint8_t buffer[static window_buffer])
{
	uint8_t *at = guarded ? map(w) : NULL;
	int r;

	/* fails where reading fails: there read(2) says what is the matter */
	if (at && madvise(at, w->size, MADV_POPULATE_READ) == 0)
		r = digest_guarded(at, w->size, state, algs);
	else
		r = digest_copied(w, state, algs, buffer);
	if (at)
		unmap(at, w);
	return r;
}
