/* SPDX-License-Identifier: MIT */
/*
 * Small files, each of which fits the buffer. What costs is not their bytes:
 * a file in the page cache takes one call to read; those that are not are
 * read ahead together before the first of them is waited for.
 */
#ifndef SEAL_MEASURE_HASH_SMALL_H
#define SEAL_MEASURE_HASH_SMALL_H

#include "seal/measure/content.h"
#include "seal/measure/hash-window.h"

enum { small_max = window_buffer, small_batch = 16 };

/* Fills digests and error of up to small_batch files. */
void small_digest(struct content *const *files, size_t n,
		  struct digest_state *state, uint8_t buffer[static small_max]);

#endif
