/* SPDX-License-Identifier: MIT */
/*
 * Memory for keys: in pages of its own that are locked, left out of dumps,
 * and wiped before they are given back. A secret is never copied to the
 * stack and never printed.
 */
#ifndef LIB_SECRET_H
#define LIB_SECRET_H

#include <stddef.h>
#include <stdint.h>

enum { secret_max = 64 * 1024 };

struct secret {
	uint8_t *data; /* NULL when empty */
	size_t len;    /* bytes in use, may be lowered by the owner */
	size_t mapped; /* bytes of the mapping, private */
};

/* len zero bytes, 1 to secret_max. 0, -EINVAL or -errno. */
int secret_alloc(size_t len, struct secret *ret);

/* Wipes and unmaps; accepts an empty one; *s becomes empty. */
void secret_free(struct secret *s);

#define own_secret __attribute__((cleanup(secret_free)))

/* Wipes memory that is not in a secret, in a way the compiler keeps. */
void secret_wipe(void *data, size_t len);

#endif
