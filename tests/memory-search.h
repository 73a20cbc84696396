/* SPDX-License-Identifier: MIT */
/*
 * Copies of a key in this process, wherever it can write: in freed memory, on
 * stacks, in libraries. The searcher has none itself: it knows the key by its
 * complement. Include cmocka.h first.
 */
#ifndef TESTS_MEMORY_SEARCH_H
#define TESTS_MEMORY_SEARCH_H

#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "lib/own.h"

enum { hidden_size = 32, search_chunk = 1 << 20 };

/* The complement of a key, or of the first bytes of one. */
struct hidden_key {
	uint8_t masked[hidden_size];
};

static inline void hidden_key_make(const uint8_t *key, struct hidden_key *ret)
{
	for (size_t i = 0; i < hidden_size; i++)
		ret->masked[i] = (uint8_t)~key[i];
}

static inline bool hidden_key_is(const struct hidden_key *h, const uint8_t *p)
{
	for (size_t i = 0; i < hidden_size; i++)
		if ((p[i] ^ h->masked[i]) != 0xff)
			return false;
	return true;
}

/* How often it is in len bytes; those before begin are of an earlier chunk. */
static inline unsigned search_bytes(const struct hidden_key *h,
				    const uint8_t *p, size_t len)
{
	const uint8_t *at = p;
	const uint8_t *end = p + len;
	unsigned n = 0;

	/* libc's search for its first byte is much faster than ours */
	while (end - at >= hidden_size &&
	       (at = memchr(at, (uint8_t)~h->masked[0],
			    (size_t)(end - at) - hidden_size + 1)))
		n += hidden_key_is(h, at++);
	return n;
}

/* A mapping, page by page as they can be read, through BUF. */
static inline unsigned search_mapping(const struct hidden_key *h, int mem,
				      size_t from, size_t to, uint8_t *buf)
{
	unsigned found = 0;
	size_t kept = 0;

	while (from < to) {
		size_t want =
			to - from < search_chunk ? to - from : search_chunk;
		ssize_t n = pread(mem, buf + kept, want, (off_t)from);

		if (n <= 0)
			return found;
		found += search_bytes(h, buf, kept + (size_t)n);
		from += (size_t)n;
		kept = hidden_size - 1;
		memmove(buf, buf + (size_t)n, kept);
	}
	return found;
}

/*
 * Copies in all writable memory but the searcher's own buffer and, if not
 * SECURE, OpenSSL's secure heap; ASan's own books are too large to be one.
 */
static inline unsigned search_memory(const struct hidden_key *h, bool secure)
{
	own_file FILE *maps = fopen("/proc/self/maps", "re");
	own_fd int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	own_free uint8_t *buf = malloc(search_chunk + hidden_size);
	unsigned found = 0;
	char line[512];
	char mode[8];
	size_t from;
	size_t to;

	assert_true(maps && mem >= 0 && buf);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%zx-%zx %7s", &from, &to, mode) != 3 ||
		    mode[1] != 'w' || to - from > (size_t)1 << 30 ||
		    ((size_t)buf >= from && (size_t)buf < to) ||
		    (!secure && CRYPTO_secure_allocated((void *)from)))
			continue;
		found += search_mapping(h, mem, from, to, buf);
	}
	explicit_bzero(buf, search_chunk + hidden_size);
	return found;
}

#endif
