/* SPDX-License-Identifier: MIT */
/* Lower-case hexadecimal. */
#ifndef LIB_HEX_H
#define LIB_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Writes 2 * len digits and a NUL to ret. */
void hex_encode(const uint8_t *data, size_t len, char *ret);

/*
 * Reads an even number of lower-case digits, at least two. 0; -EINVAL for
 * anything else; -ERANGE when it is more than max bytes.
 */
int hex_decode(const char *hex, size_t max, uint8_t *ret, size_t *ret_len);

#endif
