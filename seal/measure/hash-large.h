/* SPDX-License-Identifier: MIT */
/*
 * One large file whose digests are made window by window. Its windows are read
 * ahead, and those of a file above large_keep_max are dropped behind, unless
 * most of it was in the page cache before. Any thread can do the next step:
 * usually one does all digests of a window in one pass, but idle threads can
 * share, each with digests of its own, since that is all that is parallel in
 * one file.
 *
 * Calls marked "locked" are made with the pool's lock held and do not block.
 */
#ifndef SEAL_MEASURE_HASH_LARGE_H
#define SEAL_MEASURE_HASH_LARGE_H

#include "seal/measure/content.h"
#include "seal/measure/hash-window.h"

enum {
	/* A page cache that is smaller than that has no room for the app. */
	large_keep_max = 32 * 1024 * 1024,
};

/* How a large file is cut. */
struct large_shape {
	size_t window; /* bytes of each */
	unsigned
		reach; /* windows between the slowest digest and what is read */
	size_t cached_window; /* of a file that need not be read ahead */
	bool guarded;	      /* a window_guard stands */
};

struct large {
	struct content *file; /* NULL: none */
	int fd;		      /* -1: none */
	bool keep;	      /* drop nothing */
	bool cached;	      /* read nothing ahead */
	bool ready;	      /* locked; it has steps */
	bool begun;	      /* locked; the first step is done */
	struct large_shape shape;
	uint64_t windows;	       /* in the file */
	uint64_t at[DIGEST_ALG_COUNT]; /* each digest's next window */
	digest_algs busy;	       /* digests that a thread works on */
	uint64_t read;		       /* windows read ahead */
	uint64_t dropped;	       /* windows all digests have passed */
	struct digest_state state;
	int error;
};

/* What one thread does next: digests of one window, and what goes with it. */
struct large_step {
	digest_algs algs;
	uint64_t window;
	uint64_t read_from, read_to; /* read these ahead before */
	uint64_t drop_from, drop_to; /* drop these */
	int r;			     /* what came of it */
};

/* Opens l->file. 0: it may become ready; -errno: only large_close is left. */
int large_open(struct large *l, const struct large_shape *shape);

/*
 * Locked: picks the next step; false when there is none for now. With share it
 * leaves digests to others.
 */
bool large_next(struct large *l, bool share, struct large_step *ret);

/* Does the step. */
void large_do(struct large *l, struct large_step *step,
	      uint8_t buffer[static window_buffer]);

/* Locked: notes what was done. True when it was the last: then large_close. */
bool large_done(struct large *l, const struct large_step *step);

/* Fills the file's digests or, of r or what steps came to, its error. */
void large_close(struct large *l, int r);

#endif
