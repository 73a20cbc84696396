/* SPDX-License-Identifier: MIT */
/*
 * Digests of many files at once, on all CPUs. A file is found first, without
 * opening it for reading, since opening a device or a fifo may act or block;
 * what is read later must be what was found.
 */
#ifndef SEAL_MEASURE_CONTENT_H
#define SEAL_MEASURE_CONTENT_H

#include <stddef.h>
#include <sys/stat.h>

#include "lib/digest.h"
#include "lib/fail.h"

struct content {
	int dir_fd;	  /* borrowed */
	const char *path; /* borrowed; resolved as if dir_fd were "/" */
	struct stat st;	  /* as found */
	digest_algs algs;
	struct digest_set digests; /* when error is 0 */
	int error;		   /* -errno; -ESTALE: not what was found */
};

/* Finds path, following links below dir_fd, and fills st. 0 or -errno. */
int content_find(int dir_fd, const char *path, struct content *ret);

/*
 * Fills digests and error of n files; each must be a regular one. Its memory
 * is bounded, whatever the files, but for one pointer a file (hash-pool.c).
 * Not from two threads at once: it handles SIGBUS while it works.
 */
void content_digest(struct content *list, size_t n);

/* Opens what was found, to read it. A descriptor, or -errno as in error. */
int content_open(const struct content *c);

/* Is fd still what was found? 0, -ESTALE, or another -errno. */
int content_check(const struct content *c, int fd);

/* "cannot measure name: ..." for a file with an error; returns the error. */
int content_failed(const struct content *c, const char *name,
		   const char *remedy, struct fail *f);

/* What a file that cannot be measured is: "it is a fifo" and so on. */
const char *content_refusal(mode_t mode);

#endif
