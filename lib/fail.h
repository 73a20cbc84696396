/* SPDX-License-Identifier: MIT */
/*
 * One failure, one line: what could not be done, to which object, why, and
 * what to do about it.
 *
 *	init: root: cannot open verity device /dev/vdb: No such device; check
 *	[root] device in boot.conf
 *
 * The function that knows the object and the remedy fills a struct fail and
 * returns the negative errno it was given; helpers that know neither return
 * plain -errno and say nothing. Only main() prints.
 */
#ifndef LIB_FAIL_H
#define LIB_FAIL_H

#include <stddef.h>

enum { fail_text_max = 512, fail_line_max = 2048 };

struct fail {
	char what[fail_text_max];   /* "open verity device /dev/vdb" */
	char reason[fail_text_max]; /* "No such device" */
	char remedy[fail_text_max]; /* "check [root] device in boot.conf" */
};

/*
 * A system call failed: the reason is strerror(err). err is an errno, of
 * either sign. Returns -|err|, never 0 (an err of 0 becomes EIO).
 */
__attribute__((format(printf, 4, 5))) int
fail_errno(struct fail *f, int err, const char *remedy, const char *what, ...);

/* No call failed: reason says in words what is wrong. Returns -EINVAL. */
__attribute__((format(printf, 4, 5))) int
fail_because(struct fail *f, const char *reason, const char *remedy,
	     const char *what, ...);

/*
 * Replaces what could not be done, for a caller that knows the object by a
 * better name than who failed. The reason and the remedy stay.
 */
__attribute__((format(printf, 2, 3))) void fail_what(struct fail *f,
						     const char *what, ...);

/*
 * Replaces the reason of a failure already filled in, for reasons that need
 * values. Returns -EINVAL.
 */
__attribute__((format(printf, 2, 3))) int fail_reason(struct fail *f,
						      const char *reason, ...);

/*
 * Replaces the remedy, for a caller whose user can do something else about
 * it. Returns -EINVAL.
 */
int fail_remedy(struct fail *f, const char *remedy);

/*
 * Writes "program: stage: cannot what: reason; remedy" with control and
 * non-ASCII bytes as \xNN, so that text chosen by the host cannot forge a
 * line or steer a terminal. A NULL or empty stage is left out. No newline;
 * always NUL-terminated.
 */
void fail_format(const struct fail *f, const char *program, const char *stage,
		 char *ret_line, size_t size);

#endif
