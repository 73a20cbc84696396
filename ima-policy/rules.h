/* SPDX-License-Identifier: MIT */
/* The text of an IMA policy: its lines, and a check against the grammar. */
#ifndef IMA_RULES_H
#define IMA_RULES_H

#include <stddef.h>

#include "lib/fail.h"

enum { ima_line_max = 4095 }; /* PAGE_SIZE - 1, one write */

struct ima_line {
	const char *text; /* not NUL-terminated */
	size_t len;	  /* without the newline */
	unsigned number;  /* from 1 */
};

/*
 * Steps through text: *at starts at 0 and moves on. 1 and *ret for a line
 * that holds a rule, 0 at the end, -EFBIG (line too long) or -EINVAL (NUL or
 * control byte) with the line in *ret. Blank lines and comments are left out.
 */
int ima_next_rule(const char *text, size_t len, size_t *at, unsigned *number,
		  struct ima_line *ret);

/*
 * Checks every rule against the grammar of Linux 6.1
 * (Documentation/ABI/testing/ima_policy), which all later kernels accept.
 * source is its name in messages.
 */
int ima_check_policy(const char *source, const char *text, size_t len,
		     struct fail *f);

#endif
