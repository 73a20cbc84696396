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

#include "cvmctl/sign-key.h"
#include "lib/io.h"
#include "lib/own.h"
#include "seal/tpm.h"
#include "tests/line.h"
#include "tests/meddler.h"
#include "tests/swtpm.h"

enum { timeout_ms = 20000, pcr_4 = 1U << 4, pcr_14 = 1U << 14 };

#define SIGN_AGAIN "sign the PCR values of this image with cvmctl sign"

/* A TPM, a release key in its directory, and a key sealed to it. */
struct scene {
	struct swtpm swtpm;
	struct tpm *tpm;
	struct sign_key *key;
	struct bytes pem;
	struct sealed_key sealed;
	struct signatures signatures;
};

static void scene_end(struct scene *s)
{
	signatures_free(&s->signatures);
	sealed_key_free(&s->sealed);
	bytes_free(&s->pem);
	sign_key_free(&s->key);
	tpm_close(&s->tpm);
	swtpm_stop(&s->swtpm);
}

#define own_scene __attribute__((cleanup(scene_end)))

static struct sign_key *make_key(struct scene *s, const char *algorithm)
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

static void seal(struct scene *s, const struct pcr_values *literal)
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

static void begin(struct scene *s, const char *algorithm)
{
	const struct pcr_values none = { .bank = DIGEST_SHA256 };
	struct fail f = { 0 };

	swtpm_start(&s->swtpm);
	assert_ok(tpm_open(s->swtpm.tcti, timeout_ms, &s->tpm, &f), &f);
	s->key = make_key(s, algorithm);
	assert_int_equal(io_read_file(s->swtpm.tree.fd, "pub", 8192, &s->pem),
			 0);
	seal(s, &none);
}

static void present_values(struct scene *s, uint32_t mask,
			   struct pcr_values *ret)
{
	*ret = (struct pcr_values){ .bank = DIGEST_SHA256, .mask = mask };
	for (uint32_t i = 0; i < pcr_count; i++) {
		struct digest_set set;
		struct fail f = { 0 };

		if (!(mask & 1U << i))
			continue;
		assert_ok(tpm_pcr_read(s->tpm, i, 1U << DIGEST_SHA256, &set,
				       &f),
			  &f);
		memcpy(ret->value[i], set.value[DIGEST_SHA256], 32);
	}
}

/* The key approves the PCRs as they are. */
static void approve(struct scene *s, const struct sign_key *key,
		    uint64_t release)
{
	struct signature e = { .bank = DIGEST_SHA256,
			       .mask = pcr_4 | pcr_14,
			       .release = release };
	struct fail f = { 0 };

	present_values(s, e.mask, &e.values);
	memcpy(e.fingerprint, sign_key_public(key)->fingerprint, 32);
	assert_int_equal(policy_add_pcrs(&e.policy, &e.values), 0);
	if (release)
		assert_int_equal(policy_add_release(&e.policy, release), 0);
	assert_ok(sign_key_sign(key, &e.policy, &e.sig, &f), &f);
	assert_int_equal(signatures_add(&s->signatures, &e), 0);
}

static void extend(struct scene *s, uint32_t pcr)
{
	struct digest_set digests;
	struct fail f = { 0 };
	digest_algs algs = 0;

	assert_ok(tpm_banks(s->tpm, &algs, &f), &f);
	assert_int_equal(digest_data(algs, "app", 3, &digests), 0);
	assert_ok(tpm_pcr_extend(s->tpm, pcr, &digests, &f), &f);
}

static void assert_opens(struct scene *s)
{
	own_secret struct secret secret = { 0 };
	struct fail f = { 0 };

	assert_ok(tpm_unseal(s->tpm, &s->sealed, &s->signatures, &secret, &f),
		  &f);
	assert_int_equal(secret.len, 32);
	assert_int_equal(secret.data[31], 0x5a);
}

static void assert_closed(struct scene *s, const char *line)
{
	own_secret struct secret secret = { 0 };
	struct fail f = { 0 };

	assert_refusal(tpm_unseal(s->tpm, &s->sealed, &s->signatures, &secret,
				  &f),
		       &f, line);
	assert_null(secret.data);
}

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
	assert_closed(&s, "cannot unseal the key: PCRs 4, 14 differ from what "
			  "its release key signed; " SIGN_AGAIN);
	s.signatures.entry[0].values.mask = 0;
	assert_closed(&s,
		      "cannot unseal the key: one of PCRs 4, 14 differs from "
		      "what its release key signed; " SIGN_AGAIN);
	s.signatures.entry[0].mask = pcr_4;
	assert_closed(&s,
		      "cannot unseal the key: its release key signed nothing "
		      "over PCRs 4, 14 of sha256; " SIGN_AGAIN);
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
	s.tpm = meddler_open(device, refuse_key, NULL, timeout_ms);
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
	present_values(&s, 1U << 7, &literal);
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

/* As the next boot does. */
static void open_again(struct scene *s)
{
	struct fail f = { 0 };

	tpm_close(&s->tpm);
	assert_ok(tpm_open(s->swtpm.tcti, timeout_ms, &s->tpm, &f), &f);
}

static void raise_to(struct scene *s, uint64_t least)
{
	struct fail f = { 0 };

	assert_ok(tpm_raise_release(s->tpm, least, &f), &f);
}

static void test_old_releases_are_shut_out(void **state)
{
	own_scene struct scene s = { 0 };
	struct fail f = { 0 };

	(void)state;
	begin(&s, "rsa");
	approve(&s, s.key, 3);
	assert_closed(&s, "cannot unseal the key: the TPM keeps no minimum "
			  "release; set [tpm] minimum-release in boot.conf");
	raise_to(&s, 1);
	assert_opens(&s);
	raise_to(&s, 3);
	raise_to(&s, 2); /* never goes down */
	assert_opens(&s);
	open_again(&s);
	raise_to(&s, 4);
	assert_closed(&s,
		      "cannot unseal the key: the TPM opens keys from release "
		      "4 on, and this one is 3; boot a later release, or sign "
		      "this one with a higher number");
	assert_refusal(tpm_raise_release(s.tpm, 1005, &f), &f,
		       "cannot raise the TPM's minimum release: from 4 to 1005 "
		       "is too far; choose numbers in steps of at most 1000");
}

/* A signature of release 3 is not enough for an image that asks for 4. */
static void test_does_not_shut_itself_out(void **state)
{
	own_scene struct scene s = { 0 };
	struct fail f = { 0 };

	(void)state;
	begin(&s, "rsa");
	raise_to(&s, 1);
	approve(&s, s.key, 3);
	assert_opens(&s);
	extend(&s, 14);
	approve(&s, s.key, 5);
	assert_opens(&s);
	assert_refusal(tpm_raise_release(s.tpm, 4, &f), &f,
		       "cannot raise the TPM's minimum release: this image is "
		       "signed with a lower release number; sign it with at "
		       "least [tpm] minimum-release");
	raise_to(&s, 3);
	assert_opens(&s);
}

/* Without a release number a signature stays good, whatever the minimum. */
static void test_unnumbered_signatures_stay(void **state)
{
	own_scene struct scene s = { 0 };

	(void)state;
	begin(&s, "rsa");
	approve(&s, s.key, 0);
	assert_opens(&s);
	raise_to(&s, 7);
	assert_opens(&s);
}

/* It starts above all counters that the TPM ever had. */
static void test_counter_starts_above_others(void **state)
{
	own_scene struct scene s = { 0 };

	(void)state;
	begin(&s, "rsa");
	tpm_close(&s.tpm);
	assert_int_equal(
		swtpm_tool(&s.swtpm,
			   "tpm2_nvdefine 0x01500001 -C o -s 8 -a "
			   "'authread|authwrite|ownerwrite|nt=counter' && "
			   "for i in 1 2 3; do "
			   "tpm2_nvincrement -C o 0x01500001; done && "
			   "tpm2_nvundefine -C o 0x01500001"),
		0);
	open_again(&s);
	raise_to(&s, 1);
	approve(&s, s.key, 3);
	assert_closed(&s,
		      "cannot unseal the key: the TPM opens keys from release "
		      "4 on, and this one is 3; boot a later release, or sign "
		      "this one with a higher number");
	approve(&s, s.key, 4);
	assert_opens(&s);
}

/* Who may define indices cannot start the count again. */
static void test_counter_does_not_start_again(void **state)
{
	own_scene struct scene s = { 0 };

	(void)state;
	begin(&s, "rsa");
	approve(&s, s.key, 3);
	raise_to(&s, 4);
	assert_int_equal(swtpm_tool(&s.swtpm, "tpm2_nvundefine 0x01800e14"), 0);
	open_again(&s);
	raise_to(&s, 1);
	assert_closed(&s,
		      "cannot unseal the key: the TPM opens keys from release "
		      "5 on, and this one is 3; boot a later release, or sign "
		      "this one with a higher number");
}

static void test_another_index_is_refused(void **state)
{
	own_scene struct scene s = { 0 };
	struct fail f = { 0 };

	(void)state;
	begin(&s, "rsa");
	assert_int_equal(swtpm_tool(&s.swtpm,
				    "tpm2_nvdefine 0x01800e14 -C o -s 8 -a "
				    "'authread|authwrite|no_da'"),
			 0);
	assert_refusal(tpm_raise_release(s.tpm, 1, &f), &f,
		       "cannot find the TPM's minimum release: index "
		       "0x01800e14 is something else; remove it with "
		       "tpm2_nvundefine 0x01800e14");
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
		cmocka_unit_test(test_old_releases_are_shut_out),
		cmocka_unit_test(test_does_not_shut_itself_out),
		cmocka_unit_test(test_unnumbered_signatures_stay),
		cmocka_unit_test(test_counter_does_not_start_again),
		cmocka_unit_test(test_counter_starts_above_others),
		cmocka_unit_test(test_another_index_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
