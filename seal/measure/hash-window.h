/* SPDX-License-Identifier: MIT */
/*
 * One window of a file, a piece of some MiB at most: is it in the page cache,
 * read it ahead, digest it, drop it again. It is digested where it lies in the
 * page cache, since to copy it out costs a sixth of what SHA-256 costs on a
 * CPU that has instructions for it.
 *
 * What is mapped may be cut short by another process or be unreadable, for
 * which the kernel sends SIGBUS. While a guard stands, such a window is an
 * error like any other.
 */
#ifndef SEAL_MEASURE_HASH_WINDOW_H
#define SEAL_MEASURE_HASH_WINDOW_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/digest.h"

enum { window_buffer = 64 * 1024 };

struct window {
	int fd;	     /* borrowed */
	off_t at;    /* a multiple of window_buffer, thus of a page */
	size_t size; /* not 0 */
};

/* Keeps what was done about SIGBUS. One guard stands at a time. */
struct window_guard {
	struct sigaction before;
	bool stands;
};

/* Without it, windows are copied, which no SIGBUS can come of. */
void window_guard_raise(struct window_guard *g);
void window_guard_drop(struct window_guard *g);

/*
 * How many of that many pages, spread over it, are in the page cache: to ask
 * for every page would cost a fiftieth of the digest. All of them when the
 * kernel does not tell, which it does only to who may write to the file or
 * owns it.
 */
unsigned window_cached(const struct window *w, unsigned samples);

/* Begins to read it, and does not wait. */
void window_read_ahead(const struct window *w);

/* Gives its place in the page cache back. */
void window_drop(const struct window *w);

/*
 * Adds it to the digests of algs. buffer is for what cannot be mapped, or for
 * all when guarded is false. 0, -errno as of read(2), or -ESTALE when the file
 * ends in it.
 */
int window_digest(const struct window *w, bool guarded,
		  struct digest_state *state, digest_algs algs,
		  uint8_t buffer[static window_buffer]);

#endif
