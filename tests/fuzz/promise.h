/* SPDX-License-Identifier: MIT */
/* What every fuzz target needs: its input as text, and how to complain. */
#ifndef TESTS_FUZZ_PROMISE_H
#define TESTS_FUZZ_PROMISE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/bytes.h"
#include "lib/fail.h"

/* Ends the program, where a fuzzer or a test notices. */
static inline void expect(bool promise, const char *what)
{
	if (promise)
		return;
	(void)fprintf(stderr, "fuzz: broken promise: %s\n", what);
	abort();
}

/* A refusal is one line of printable text with all of its parts. */
static inline void expect_failure(const struct fail *f)
{
	char line[fail_line_max];

	expect(f->what[0] && f->reason[0] && f->remedy[0], "all parts");
	fail_format(f, "init", "fuzz", line, sizeof(line));
	for (const char *c = line; *c; c++)
		expect(*c >= 0x20 && *c < 0x7f, "a printable line");
}

/* The bytes with a NUL behind them, in memory of exactly that size. */
static inline struct bytes as_text(const uint8_t *data, size_t len)
{
	struct bytes b = { 0 };

	expect(bytes_copy(data, len, &b) == 0, "memory");
	return b;
}

#endif
