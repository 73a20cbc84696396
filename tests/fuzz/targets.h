/* SPDX-License-Identifier: MIT */
/*
 * One function for each parser of what others wrote: it feeds the parser
 * any bytes, and aborts when a promise of the header is broken. make fuzz
 * searches for such bytes; the unit tests replay tests/corpus/NAME.
 */
#ifndef TESTS_FUZZ_TARGETS_H
#define TESTS_FUZZ_TARGETS_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_target {
	const char *name;
	void (*run)(const uint8_t *data, size_t len);
	size_t len_max; /* what the parser is given at most, and one more */
};

/* Ends with a NULL name. */
extern const struct fuzz_target fuzz_targets[];

/* Targets with a file of their own. */
void fuzz_erofs(const uint8_t *data, size_t len);
void fuzz_init_program(const uint8_t *data, size_t len);

#endif
