/* SPDX-License-Identifier: MIT */
/* Failure lines as tests compare them. Include cmocka.h first. */
#ifndef TESTS_LINE_H
#define TESTS_LINE_H

#include <stdio.h>

#include "lib/fail.h"

/* For a call that must succeed: says the failure line otherwise. */
#define assert_ok(r, f)                                                       \
	do {                                                                  \
		if ((r) != 0)                                                 \
			fail_msg("cannot %s: %s; %s", (f)->what, (f)->reason, \
				 (f)->remedy);                                \
	} while (0)

/* For a call that must fail, with "cannot what: reason; remedy". */
#define assert_refusal(r, f, line)                                        \
	do {                                                              \
		char said_[fail_line_max];                                \
		assert_true((r) < 0);                                     \
		(void)snprintf(said_, sizeof(said_), "cannot %s: %s; %s", \
			       (f)->what, (f)->reason, (f)->remedy);      \
		assert_string_equal(said_, line);                         \
	} while (0)

#endif
