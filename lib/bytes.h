/* SPDX-License-Identifier: MIT */
/*
 * A buffer that owns its memory. Data read into one is followed by a NUL that
 * does not count, so that text can be used as a string after its embedded
 * NULs were ruled out.
 */
#ifndef LIB_BYTES_H
#define LIB_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *data; /* NULL when empty */
	size_t len;    /* bytes, without the closing NUL */
};

/* Copies len bytes; 0 or -ENOMEM. The caller frees with bytes_free. */
int bytes_copy(const void *data, size_t len, struct bytes *ret);

/* Frees and empties; accepts an empty one. */
void bytes_free(struct bytes *b);

#define own_bytes __attribute__((cleanup(bytes_free)))

/* The content, which the caller frees; *b becomes empty. */
struct bytes take_bytes(struct bytes *b);

#endif
