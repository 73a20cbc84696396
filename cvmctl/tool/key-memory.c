// SPDX-License-Identifier: MIT
/*
 * See key-memory.h. OpenSSL has a heap for the numbers of a private key, but
 * reads them by way of buffers that it frees as they are (decode_der2key.c of
 * 3.0 to 3.5), and keeps the factors of an RSA key that has signed beside it.
 */
#include "cvmctl/tool/key-memory.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/secret.h"

enum {
	heap_size = 64 * 1024, /* a power of 2; RSA-4096 takes 3 KiB */
	heap_piece_min = 32,   /* the same */
	stack_size = 32 * 1024,
};

static void *allocate(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size ? malloc(size) : NULL;
}

static void wipe_and_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (p)
		secret_wipe(p, malloc_usable_size(p));
	free(p);
}

/* Never in place: what is cut off has to be wiped, too. */
static void *move(void *p, size_t size, const char *file, int line)
{
	void *moved = allocate(size, file, line);
	size_t old = p ? malloc_usable_size(p) : 0;

	if (!moved && size)
		return NULL;
	if (old && size)
		memcpy(moved, p, old < size ? old : size);
	wipe_and_free(p, file, line);
	return moved;
}

bool key_memory_protect(void)
{
	bool wipes =
		CRYPTO_set_mem_functions(allocate, move, wipe_and_free) == 1;

	/* 2: it is not locked; as in secret.c, no reason to stop */
	return CRYPTO_secure_malloc_init(heap_size, heap_piece_min) > 0 &&
	       wipes;
}

static bool is_in_heap(uintptr_t at)
{
	return CRYPTO_secure_allocated((const void *)at);
}

/* OpenSSL does not say where its heap is, but of each address if it is there.
 */
bool key_memory_lock_again(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	void *piece = OPENSSL_secure_malloc(1);
	uintptr_t first = (uintptr_t)piece & ~(page - 1);
	uintptr_t end = first + page;

	while (is_in_heap(first - page))
		first -= page;
	while (is_in_heap(end))
		end += page;
	OPENSSL_secure_free(piece);
	/* as OpenSSL does it: each page when it is used */
	return is_in_heap(first) &&
	       mlock2((const void *)first, end - first, MLOCK_ONFAULT) == 0;
}

/*
 * Never inlined, nor moved to a heap by a sanitizer: its own frame has to be
 * where theirs were.
 */
__attribute__((noinline, no_sanitize("address"))) void
key_memory_wipe_stack(void)
{
	uint8_t dead[stack_size];

	secret_wipe(dead, sizeof(dead));
}
