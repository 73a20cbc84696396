/* SPDX-License-Identifier: MIT */
/*
 * Blanks in a text, which are filled in with the SHA-256 of files: some
 * thousand files at a time, so that all CPUs have work, and memory is bounded
 * whatever the number of files. A long file waits for other long ones, or for
 * the end, so that no CPU is left alone with it each time.
 */
#ifndef SEAL_MEASURE_BLANKS_H
#define SEAL_MEASURE_BLANKS_H

#include <stddef.h>
#include <sys/stat.h>

#include "lib/text.h"
#include "seal/measure/content.h"

enum {
	blanks_max = 4096,	       /* at a time */
	blanks_long_max = 2048,	       /* long ones among them */
	blanks_paths_max = 1024 * 1024 /* bytes of their paths, and one more */
};

struct blank {
	char *path;
	size_t at; /* in the text */
};

/* { 0 } but for the text and dir_fd, both borrowed. */
struct blanks {
	struct text *text; /* which may grow meanwhile */
	int dir_fd;
	struct content *file; /* short ones from the start, long from the end */
	struct blank *blank;  /* of the same file */
	size_t short_n;
	size_t long_n;
	size_t paths_len;
	const struct content *failed; /* borrowed until blanks_free */
};

/*
 * Appends a blank to the text, for the regular file at path below dir_fd,
 * found as *st. 0; -errno, and if failed is not NULL that file cannot be
 * digested.
 */
int blanks_add(struct blanks *b, const char *path, const struct stat *st);

/* Fills in all blanks. 0 or -errno, as above. */
int blanks_fill(struct blanks *b);

void blanks_free(struct blanks *b);

#endif
