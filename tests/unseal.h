/* SPDX-License-Identifier: MIT */
/* What a TPM makes of a sealed key. Include cmocka.h first. */
#ifndef TESTS_UNSEAL_H
#define TESTS_UNSEAL_H

#include <string.h>

#include "lib/own.h"
#include "seal/tpm/tpm.h"
#include "tests/line.h"

/* A secret to know again. */
static inline void make_secret(size_t len, struct secret *ret)
{
	assert_int_equal(secret_alloc(len, ret), 0);
	memset(ret->data, 0x5a, len);
}

/* To one of make_secret. */
static inline void assert_unseals(struct tpm *t, const struct sealed_key *key,
				  size_t len)
{
	own_secret struct secret secret = { 0 };
	struct fail f = { 0 };

	assert_ok(tpm_unseal(t, key, NULL, &secret, &f), &f);
	assert_int_equal(secret.len, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(secret.data[i], 0x5a);
}

static inline void assert_refused(struct tpm *t, const struct sealed_key *key,
				  const char *line)
{
	own_secret struct secret secret = { 0 };
	struct fail f = { 0 };

	assert_refusal(tpm_unseal(t, key, NULL, &secret, &f), &f, line);
	assert_null(secret.data);
}

#endif
