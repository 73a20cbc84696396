// SPDX-License-Identifier: MIT
/*
 * Keys whose PCR values a release key signs, against swtpm: new values open
 * old keys, and nothing else does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/meddler.h"
#include "tests/signed.h"

#define SIGN_AGAIN "sign the PCR values of this image with cvmctl sign"

static void opens_for_each(const char *algorithm)
{
	own_scene struct scene s = { 0 };

	begin(&s, algorithm);
	for (int i = 0; i < 3; i++) {
		approve(&s, s.key, 0);
		assert_opens(&s);
		assert_opens(&s);
		extend(&s, 14);
		assert_closed(&s,
			      "cannot unseal the key: PCR 14 differs from what "
			      "its release key signed; " SIGN_AGAIN);
	}
}

static void test_rsa_opens_each_approved_state(void **state)
{
	(void)state;
	opens_for_each("rsa");
}

static void test_ecdsa_opens_each_approved_state(void **state)
{
	(void)state;
	opens_for_each("ec -pkeyopt ec_paramgen_curve:P-256");
}

static void test_says_which_differ(void **state)
{
	own_scene struct scene s = { 0 };

	(void)state;
	begin(&s, "rsa");
	assert_closed(&s, "cannot unseal the key: there is no signature by its "
			  "release key; " SIGN_AGAIN);
	approve(&s, s.key, 0);
	extend(&s, 4);
	extend(&s, 14);
	assert_closed(&s,
		      "cannot unseal the key: PCRs 4 and 14 differ from what "
		      "its release key signed; " SIGN_AGAIN);
	s.signatures.entry[0].values.mask = 0;
	assert_closed(
		&s, "cannot unseal the key: one of PCRs 4 and 14 differs from "
		    "what its release key signed; " SIGN_AGAIN);
	s.signatures.entry[0].mask = pcr_4;
	assert_closed(&s,
		      "cannot unseal the key: its release key signed nothing "
		      "over PCRs 4 and 14 of sha256; " SIGN_AGAIN);
}

static void test_refuses_foreign_signatures(void **state)
{
	own_scene struct scene s = { 0 };
	own_sign_key struct sign_key *other = NULL;

	(void)state;
	begin(&s, "rsa");
	other = make_key(&s, "rsa");
	approve(&s, other, 0);
	assert_closed(&s, "cannot unseal the key: there is no signature by its "
			  "release key; " SIGN_AGAIN);
	/* it says it is by the right key */
	memcpy(s.signatures.entry[0].fingerprint,
	       sign_key_public(s.key)->fingerprint, 32);
	assert_closed(&s,
		      "cannot unseal the key: the signature of its release key "
		      "is wrong; " SIGN_AGAIN);
	s.signatures.entry[0].sig.len = 1;
	assert_closed(&s,
		      "cannot unseal the key: the signature of its release key "
		      "is wrong; " SIGN_AGAIN);
}

/* A token that names another release key than the object was sealed to. */
static void test_refuses_another_release_key(void **state)
{
	own_scene struct scene s = { 0 };
	own_sign_key struct sign_key *other = NULL;

	(void)state;
	begin(&s, "rsa");
	other = make_key(&s, "rsa");
	bytes_free(&s.sealed.signer);
	assert_int_equal(io_read_file(s.swtpm.tree.fd, "pub", 8192,
				      &s.sealed.signer),
			 0);
	approve(&s, other, 0);
	assert_closed(&s,
		      "cannot unseal the key: its policy is another than its "
		      "token says; seal it again for these apps with cvmctl "
		      "seal");
}

/* As one without RSA-4096 answers to such a key. */
static void refuse_key(struct meddler *m)
{
	if (message_code(&m->command) == TPM2_CC_LoadExternal)
		meddler_answer(m, 0x2c4); /* TPM_RC_VALUE of parameter 2 */
	else
		meddler_pass(m);
}

static void test_key_that_the_tpm_does_not_take(void **state)
{
	own_scene struct scene s = { 0 };
	own_tcti TSS2_TCTI_CONTEXT *device = NULL;

	(void)state;
	begin(&s, "rsa");
	approve(&s, s.key, 0);
	tpm_close(&s.tpm);
	device = meddler_open_tpm(s.swtpm.tcti);
	s.tpm = meddler_open(device, refuse_key, NULL, swtpm_timeout_ms);
	assert_closed(&s, "cannot unseal the key: this TPM does not take its "
			  "release key; seal it to a key of RSA-2048 or P-256");
	tpm_close(&s.tpm);
}

static void test_signed_and_literal_values(void **state)
{
	own_scene struct scene s = { 0 };
	struct pcr_values literal;

	(void)state;
	begin(&s, "rsa");
	sealed_key_free(&s.sealed);
	swtpm_values(s.tpm, DIGEST_SHA256, 1U << 7, &literal);
	seal(&s, &literal);
	extend(&s, 14);
	approve(&s, s.key, 0);
	assert_opens(&s);
	extend(&s, 7);
	assert_closed(&s,
		      "cannot unseal the key: PCR 7 differs from the policy it "
		      "was sealed under; seal it again for these apps with "
		      "cvmctl seal");
}

/* The policy that systemd 255.0 made: the key's name is that of exponent 0. */
static void seal_zero_exponent(struct scene *s,
			       const struct pcr_values *literal)
{
	own_release_key struct release_key key = { 0 };
	own_secret struct secret secret = { 0 };
	struct policy policy = { 0 };
	struct fail f = { 0 };

	assert_int_equal(release_key_parse(&s->pem, &key), 0);
	assert_int_equal(release_key_zero_exponent(&key), 0);
	assert_int_equal(policy_add_authorize(&policy, key.name), 0);
	if (literal->mask)
		assert_int_equal(policy_add_pcrs(&policy, literal), 0);
	memcpy(s->sealed.policy_digest, policy.digest, sizeof(policy.digest));
	s->sealed.pcr_mask = literal->mask;
	/* systemd does not say what the values were */
	s->sealed.expected = (struct pcr_values){ .bank = DIGEST_SHA256 };
	assert_int_equal(secret_alloc(32, &secret), 0);
	memset(secret.data, 0x5a, 32);
	assert_ok(tpm_seal(s->tpm, &secret, &s->sealed, &f), &f);
}

static void test_either_name_of_an_rsa_key(void **state)
{
	own_scene struct scene s = { 0 };
	struct pcr_values none = { .bank = DIGEST_SHA256 };
	struct pcr_values literal;

	(void)state;
	begin(&s, "rsa");
	approve(&s, s.key, 0);
	assert_opens(&s);
	seal_zero_exponent(&s, &none);
	assert_opens(&s);
	swtpm_values(s.tpm, DIGEST_SHA256, 1U << 7, &literal);
	seal_zero_exponent(&s, &literal);
	assert_opens(&s);
	/* the other name, with literal values that only the TPM knows */
	sealed_key_free(&s.sealed);
	seal(&s, &literal);
	s.sealed.expected = none;
	assert_opens(&s);
	extend(&s, 7);
	assert_closed(&s,
		      "cannot unseal the key: PCR 7 differs from the policy it "
		      "was sealed under; seal it again for these apps with "
		      "cvmctl seal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rsa_opens_each_approved_state),
		cmocka_unit_test(test_ecdsa_opens_each_approved_state),
		cmocka_unit_test(test_says_which_differ),
		cmocka_unit_test(test_refuses_foreign_signatures),
		cmocka_unit_test(test_refuses_another_release_key),
		cmocka_unit_test(test_key_that_the_tpm_does_not_take),
		cmocka_unit_test(test_signed_and_literal_values),
		cmocka_unit_test(test_either_name_of_an_rsa_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
