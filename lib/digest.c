// SPDX-License-Identifier: MIT
/* See digest.h. The hashing is OpenSSL's; here is only the fan-out. */
#include "lib/digest.h"

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/own.h"

enum { read_block = 256 * 1024 };

static const struct {
	const char *name;
	size_t size;
	const EVP_MD *(*md)(void);
} algorithms[DIGEST_ALG_COUNT] = {
	[DIGEST_SHA1] = { "sha1", 20, EVP_sha1 },
	[DIGEST_SHA256] = { "sha256", 32, EVP_sha256 },
	[DIGEST_SHA384] = { "sha384", 48, EVP_sha384 },
	[DIGEST_SHA512] = { "sha512", 64, EVP_sha512 },
};

const char *digest_name(enum digest_alg alg)
{
	return algorithms[alg].name;
}

int digest_from_name(const char *name)
{
	for (int i = 0; i < DIGEST_ALG_COUNT; i++)
		if (strcmp(name, algorithms[i].name) == 0)
			return i;
	return -EINVAL;
}

size_t digest_size(enum digest_alg alg)
{
	return algorithms[alg].size;
}

void digest_state_free(struct digest_state *s)
{
	for (size_t i = 0; i < array_size(s->ctx); i++)
		EVP_MD_CTX_free(s->ctx[i]);
}

/* A context that was used already keeps the algorithm that it has fetched. */
static int begin_one(EVP_MD_CTX **ctx, const EVP_MD *md)
{
	if (*ctx)
		return EVP_DigestInit_ex(*ctx, NULL, NULL) == 1 ? 0 : -EIO;
	*ctx = EVP_MD_CTX_new();
	if (!*ctx)
		return -ENOMEM;
	if (EVP_DigestInit_ex(*ctx, md, NULL) == 1)
		return 0;
	EVP_MD_CTX_free(*ctx);
	*ctx = NULL;
	return -EIO;
}

int digest_begin(struct digest_state *s, digest_algs algs)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < DIGEST_ALG_COUNT; i++)
		if (algs & 1U << i)
			r = begin_one(&s->ctx[i], algorithms[i].md());
	return r;
}

int digest_update(struct digest_state *s, digest_algs algs, const void *data,
		  size_t len)
{
	for (size_t i = 0; i < DIGEST_ALG_COUNT; i++)
		if (algs & 1U << i &&
		    EVP_DigestUpdate(s->ctx[i], data, len) != 1)
			return -EIO;
	return 0;
}

int digest_end(struct digest_state *s, digest_algs algs, struct digest_set *ret)
{
	struct digest_set set = { .algs = algs };

	for (size_t i = 0; i < DIGEST_ALG_COUNT; i++)
		if (algs & 1U << i &&
		    EVP_DigestFinal_ex(s->ctx[i], set.value[i], NULL) != 1)
			return -EIO;
	*ret = set;
	return 0;
}

int digest_spans(digest_algs algs, const struct digest_span *spans, size_t n,
		 struct digest_set *ret)
{
	own_digest_state struct digest_state s = { 0 };
	int r = digest_begin(&s, algs);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = digest_update(&s, algs, spans[i].data, spans[i].len);
	return r < 0 ? r : digest_end(&s, algs, ret);
}

int digest_data(digest_algs algs, const void *data, size_t len,
		struct digest_set *ret)
{
	const struct digest_span span = { data, len };

	return digest_spans(algs, &span, 1, ret);
}

int digest_pair(enum digest_alg alg, const void *a, size_t a_len, const void *b,
		size_t b_len, uint8_t *ret)
{
	const struct digest_span spans[] = { { a, a_len }, { b, b_len } };
	struct digest_set set = { 0 };
	int r = digest_spans(1U << alg, spans, array_size(spans), &set);

	if (r == 0)
		memcpy(ret, set.value[alg], digest_size(alg));
	return r;
}

int digest_hmac(digest_algs algs, const void *key, size_t key_len,
		const void *data, size_t len, struct digest_set *ret)
{
	struct digest_set set = { .algs = algs };

	/* OpenSSL takes a key of NULL for the one of the call before */
	if (!key || !key_len || key_len > INT_MAX)
		return -EINVAL;
	for (size_t i = 0; i < DIGEST_ALG_COUNT; i++)
		if (algs & 1U << i &&
		    !HMAC(algorithms[i].md(), key, (int)key_len, data, len,
			  set.value[i], NULL))
			return -ENOMEM;
	*ret = set;
	return 0;
}

int digest_fd_start(digest_algs algs, int fd, uint64_t max,
		    struct digest_set *ret)
{
	own_digest_state struct digest_state s = { 0 };
	own_free uint8_t *block = malloc(read_block);
	off_t at = 0;
	int r = block ? digest_begin(&s, algs) : -ENOMEM;

	while (r == 0) {
		uint64_t left = max - (uint64_t)at;
		ssize_t n = pread(fd, block,
				  left < read_block ? left : read_block, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return digest_end(&s, algs, ret);
		at += n;
		r = digest_update(&s, algs, block, (size_t)n);
	}
	return r;
}

int digest_fd(digest_algs algs, int fd, struct digest_set *ret)
{
	return digest_fd_start(algs, fd, UINT64_MAX, ret);
}
