/* SPDX-License-Identifier: MIT */
/*
 * Digests of one input under several algorithms at once: the input is read
 * once, each algorithm sees every block.
 */
#ifndef LIB_DIGEST_H
#define LIB_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum digest_alg {
	DIGEST_SHA1,
	DIGEST_SHA256,
	DIGEST_SHA384,
	DIGEST_SHA512,
	DIGEST_ALG_COUNT
};

enum { digest_size_max = 64 };

/* A set of algorithms: bit 1 << alg. */
typedef unsigned digest_algs;

/* One value for each algorithm in algs; the others are not defined. */
struct digest_set {
	digest_algs algs;
	uint8_t value[DIGEST_ALG_COUNT][digest_size_max];
};

/* "sha256" and so on. */
const char *digest_name(enum digest_alg alg);

/* The algorithm of that name, or -EINVAL. */
int digest_from_name(const char *name);

/* Bytes of a digest: 20, 32, 48 or 64. */
size_t digest_size(enum digest_alg alg);

/*
 * Digests in the making, for an input that comes in pieces; { 0 } at first.
 * Each call acts on the algorithms in algs alone, so that two threads may work
 * on different algorithms of one state at the same time. What is begun again
 * costs no allocation. 0, -ENOMEM or -EIO.
 */
struct digest_state {
	struct evp_md_ctx_st *ctx[DIGEST_ALG_COUNT];
};

int digest_begin(struct digest_state *s, digest_algs algs);
int digest_update(struct digest_state *s, digest_algs algs, const void *data,
		  size_t len);

/* Puts the values of algs into *ret. */
int digest_end(struct digest_state *s, digest_algs algs,
	       struct digest_set *ret);

void digest_state_free(struct digest_state *s);

#define own_digest_state __attribute__((cleanup(digest_state_free)))

/* Digests under each of algs of data in memory. 0, -ENOMEM or -EIO. */
int digest_data(digest_algs algs, const void *data, size_t len,
		struct digest_set *ret);

/* A piece of an input that is not in one place. */
struct digest_span {
	const void *data;
	size_t len;
};

/* Digests of n pieces put together. 0, -ENOMEM or -EIO. */
int digest_spans(digest_algs algs, const struct digest_span *spans, size_t n,
		 struct digest_set *ret);

/* One digest of two pieces put together: the form of PCR arithmetic. */
int digest_pair(enum digest_alg alg, const void *a, size_t a_len, const void *b,
		size_t b_len, uint8_t *ret);

/*
 * HMACs (RFC 2104) of data in memory under each of algs. The key has at least
 * one byte. 0, -ENOMEM or -EINVAL.
 */
int digest_hmac(digest_algs algs, const void *key, size_t key_len,
		const void *data, size_t len, struct digest_set *ret);

/*
 * Digests of the content of fd from its start to its end. Memory is bounded
 * whatever the size. 0 or -errno.
 */
int digest_fd(digest_algs algs, int fd, struct digest_set *ret);

/* The same of its first max bytes, or of all if there are fewer. */
int digest_fd_start(digest_algs algs, int fd, uint64_t max,
		    struct digest_set *ret);

#endif
