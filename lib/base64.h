/* SPDX-License-Identifier: MIT */
/* Standard base64 with padding, without line breaks (RFC 4648, 4). */
#ifndef LIB_BASE64_H
#define LIB_BASE64_H

#include <stddef.h>

#include "lib/bytes.h"

/* Characters that len bytes take, without the closing NUL. */
size_t base64_length(size_t len);

/* A string the caller frees; NULL without memory. */
char *base64_encode(const struct bytes *data);

/*
 * Decodes one to max characters of exactly the form that base64_encode
 * writes. The caller frees *ret. 0; -EINVAL for any other text; -ENOMEM.
 */
int base64_decode(const char *s, size_t max, struct bytes *ret);

#endif
