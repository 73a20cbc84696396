/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail: fault_at = n lets the n-th of this thread return
 * NULL. For one file of a program under ASan: the functions below stand
 * before those of libc and ASan in every library.
 */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

#include <dlfcn.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

extern void *__interceptor_malloc(size_t size);
extern void *__interceptor_calloc(size_t n, size_t size);
extern void *__interceptor_realloc(void *p, size_t size);

/* Allocations until the one that fails; 0: none does, as in a new thread. */
static _Thread_local size_t fault_at;
static bool fault_only_ours;

/* Not instrumented: the first calls come before ASan has its shadow memory. */
__attribute__((noinline, no_sanitize("address", "undefined"))) static bool
fault_is_ours(const void *caller)
{
	Dl_info ours;
	Dl_info info;

	return dladdr(&fault_only_ours, &ours) && dladdr(caller, &info) &&
	       info.dli_fbase == ours.dli_fbase;
}

static inline bool fault_hits(const void *caller)
{
	if (!fault_at || (fault_only_ours && !fault_is_ours(caller)) ||
	    --fault_at)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fault_hits(__builtin_return_address(0))
		       ? NULL
		       : __interceptor_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fault_hits(__builtin_return_address(0))
		       ? NULL
		       : __interceptor_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return fault_hits(__builtin_return_address(0))
		       ? NULL
		       : __interceptor_realloc(p, size);
}

void *reallocarray(void *p, size_t n, size_t size)
{
	return fault_hits(__builtin_return_address(0))
		       ? NULL
		       : __interceptor_realloc(p, n * size);
}

char *strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = fault_hits(__builtin_return_address(0))
			     ? NULL
			     : __interceptor_malloc(size);

	return copy ? memcpy(copy, s, size) : NULL;
}

static inline void *fault_sound_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return __interceptor_malloc(size);
}

static inline void *fault_sound_realloc(void *p, size_t size, const char *file,
					int line)
{
	(void)file;
	(void)line;
	return __interceptor_realloc(p, size);
}

static inline void fault_sound_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* Leaves OpenSSL's alone. Before its first allocation; true when done. */
static inline bool fault_spare_openssl(void)
{
	return CRYPTO_set_mem_functions(fault_sound_malloc, fault_sound_realloc,
					fault_sound_free) == 1;
}

#endif
