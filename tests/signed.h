/* SPDX-License-Identifier: MIT */
/*
 * A key that is sealed to a release key, on a simulator, and the signatures
 * that open it. Include cmocka.h first.
 */
#ifndef TESTS_SIGNED_H
#define TESTS_SIGNED_H

#include <stdlib.h>
#include <string.h>

#include "cvmctl/seal/sign-key.h"
#include "lib/io.h"
#include "lib/own.h"
#include "seal/tpm/tpm.h"
#include "tests/line.h"
#include "tests/swtpm.h"

enum { pcr_4 = 1U << 4, pcr_14 = 1U << 14 };

/* A TPM, a release key in its directory, and a key sealed to it. */
struct scene {
	struct swtpm swtpm;
	struct tpm *tpm;
	struct sign_key *key;
	struct bytes pem;
	struct sealed_key sealed;
	struct signatures signatures;
};

static inline void scene_end(struct scene *s)
{
	signatures_free(&s->signatures);
	sealed_key_free(&s->sealed);
	bytes_free(&s->pem);
	sign_key_free(&s->key);
	tpm_close(&s->tpm);
	swtpm_stop(&s->swtpm);
}

#define own_scene __attribute__((cleanup(scene_end)))

static inline struct sign_key *make_key(struct scene *s, const char *algorithm)
{
	char command[512];
	char path[PATH_MAX + 8];
	struct sign_key *key = NULL;
	struct fail f = { 0 };

	(void)snprintf(command, sizeof(command),
		       "openssl genpkey -quiet -algorithm %s -out key && "
		       "openssl pkey -in key -pubout -out pub",
		       algorithm);
	assert_int_equal(swtpm_tool(&s->swtpm, command), 0);
	(void)snprintf(path, sizeof(path), "%s/key", s->swtpm.tree.path);
	assert_ok(sign_key_read(path, &key, &f), &f);
	return key;
}

static inline void seal(struct scene *s, const struct pcr_values *literal)
{
	struct seal_policy policy = { .signed_mask = pcr_4 | pcr_14,
				      .signer = &s->pem };
	own_secret struct secret secret = { 0 };
	struct fail f = { 0 };

	policy.pcrs = *literal;
	assert_int_equal(secret_alloc(32, &secret), 0);
	memset(secret.data, 0x5a, 32);
	assert_int_equal(sealed_key_begin(&policy, &s->sealed), 0);
	assert_ok(tpm_seal(s->tpm, &secret, &s->sealed, &f), &f);
}

static inline void begin(struct scene *s, const char *algorithm)
{
	const struct pcr_values none = { .bank = DIGEST_SHA256 };

	swtpm_start(&s->swtpm);
	s->tpm = swtpm_open(&s->swtpm);
	s->key = make_key(s, algorithm);
	assert_int_equal(io_read_file(s->swtpm.tree.fd, "pub", 8192, &s->pem),
			 0);
	seal(s, &none);
}

/* The key approves the PCRs as they are. */
static inline void approve(struct scene *s, const struct sign_key *key,
			   uint64_t release)
{
	struct signature e = { .bank = DIGEST_SHA256,
			       .mask = pcr_4 | pcr_14,
			       .release = release };
	struct fail f = { 0 };

	swtpm_values(s->tpm, DIGEST_SHA256, e.mask, &e.values);
	memcpy(e.fingerprint, sign_key_public(key)->fingerprint, 32);
	assert_int_equal(policy_add_pcrs(&e.policy, &e.values), 0);
	if (release)
		assert_int_equal(policy_add_release(&e.policy, release), 0);
	assert_ok(sign_key_sign(key, &e.policy, &e.sig, &f), &f);
	assert_int_equal(signatures_add(&s->signatures, &e), 0);
}

static inline void extend(struct scene *s, uint32_t pcr)
{
	struct digest_set digests;
	struct fail f = { 0 };
	digest_algs algs = 0;

	assert_ok(tpm_banks(s->tpm, &algs, &f), &f);
	assert_int_equal(digest_data(algs, "app", 3, &digests), 0);
	assert_ok(tpm_pcr_extend(s->tpm, pcr, &digests, &f), &f);
}

static inline void assert_opens(struct scene *s)
{
	own_secret struct secret secret = { 0 };
	struct fail f = { 0 };

	assert_ok(tpm_unseal(s->tpm, &s->sealed, &s->signatures, &secret, &f),
		  &f);
	assert_int_equal(secret.len, 32);
	assert_int_equal(secret.data[31], 0x5a);
}

static inline void assert_closed(struct scene *s, const char *line)
{
	own_secret struct secret secret = { 0 };
	struct fail f = { 0 };

	assert_refusal(tpm_unseal(s->tpm, &s->sealed, &s->signatures, &secret,
				  &f),
		       &f, line);
	assert_null(secret.data);
}

#endif
