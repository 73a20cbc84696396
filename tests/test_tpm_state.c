// SPDX-License-Identifier: MIT
/*
 * TPMs that others set up before us: banks switched off, an RSA SRK, another
 * key in its place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/io.h"
#include "lib/own.h"
#include "seal/tpm/tpm.h"
#include "tests/line.h"
#include "tests/swtpm.h"
#include "tests/unseal.h"

/* Seals len bytes for PCR 14 at zero. */
static int seal(struct tpm *t, enum digest_alg bank, size_t len,
		struct sealed_key *ret, struct fail *f)
{
	const struct seal_policy policy = { .pcrs = { .bank = bank,
						      .mask = 1U << 14 } };
	own_secret struct secret secret = { 0 };

	make_secret(len, &secret);
	sealed_key_free(ret);
	assert_int_equal(sealed_key_begin(&policy, ret), 0);
	return tpm_seal(t, &secret, ret, f);
}

static void test_uses_the_active_banks(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_tpm struct tpm *t = NULL;
	struct sealed_key key = { 0 };
	struct digest_set set;
	struct fail f = { 0 };
	digest_algs algs = 0;

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	tpm_close(&t);
	assert_int_equal(swtpm_tool(&s, "tpm2_pcrallocate sha1:none+sha256:all+"
					"sha384:none+sha512:none"),
			 0);
	swtpm_restart(&s);
	t = swtpm_open(&s);
	assert_ok(tpm_banks(t, &algs, &f), &f);
	assert_int_equal(algs, 1U << DIGEST_SHA256);
	assert_refusal(tpm_pcr_read(t, 14, 1U << DIGEST_SHA384, &set, &f), &f,
		       "cannot read PCR 14: the TPM lacks it in one of the "
		       "banks; switch the bank on with tpm2_pcrallocate");
	assert_refusal(seal(t, DIGEST_SHA384, 32, &key, &f), &f,
		       "cannot seal the key: the TPM has no sha384 bank; "
		       "switch it on with tpm2_pcrallocate");
	assert_null(key.blob.data);
}

static void test_seals_under_an_rsa_key(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_sealed_key struct sealed_key key = { 0 };
	own_tpm struct tpm *t = NULL;
	struct srk_record srk;
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	swtpm_make_srk(&s, "-G rsa");
	t = swtpm_open(&s);
	assert_ok(seal(t, DIGEST_SHA256, 32, &key, &f), &f);
	assert_int_equal(srk_record_parse(&key.srk, &srk), 0);
	assert_int_equal(srk.type, 0x0001); /* TPM_ALG_RSA */
	assert_unseals(t, &key, 32);
}

static void test_refuses_what_is_no_srk(void **state)
{
	static const char *const options[] = {
		"-G ecc -a 'fixedtpm|fixedparent|sensitivedataorigin|"
		"userwithauth|sign'",
		"-G ecc -a 'sensitivedataorigin|userwithauth|restricted|"
		"decrypt'",
		"-G ecc -g sha384",
	};

	(void)state;
	for (size_t i = 0; i < array_size(options); i++) {
		own_swtpm struct swtpm s = { 0 };
		own_tpm struct tpm *t = NULL;
		struct fail f = { 0 };
		digest_algs algs;

		swtpm_start(&s);
		swtpm_make_srk(&s, options[i]);
		t = swtpm_open(&s);
		assert_refusal(
			tpm_banks(t, &algs, &f), &f,
			"cannot use the TPM's storage root key "
			"0x81000001: it is not a storage root key; "
			"remove it with tpm2_evictcontrol -c 0x81000001");
	}
}

/* Under the name that tpm2-tools print; created anew after it was removed. */
static void test_speaks_to_the_pinned_srk_alone(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_bytes struct bytes name = { 0 };
	own_tpm struct tpm *t = NULL;
	struct digest_set set;
	struct fail f = { 0 };
	digest_algs algs;

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	assert_ok(tpm_banks(t, &algs, &f), &f);
	tpm_close(&t);
	assert_int_equal(
		swtpm_tool(&s, "tpm2_readpublic -c 0x81000001 -n name"), 0);
	assert_int_equal(io_read_file(s.tree.fd, "name", 64, &name), 0);
	assert_int_equal(name.len, tpm_name_size);
	assert_int_equal(swtpm_tool(&s, "tpm2_evictcontrol -c 0x81000001"), 0);
	t = swtpm_open(&s);
	tpm_pin_srk(t, name.data);
	assert_ok(tpm_pcr_read(t, 14, algs, &set, &f), &f);
	assert_ok(tpm_pcr_extend(t, 14, &set, &f), &f);
	tpm_close(&t);
	for (size_t i = 0; i < tpm_name_size; i += tpm_name_size - 1) {
		name.data[i] ^= 1;
		t = swtpm_open(&s);
		tpm_pin_srk(t, name.data);
		assert_refusal(tpm_pcr_extend(t, 14, &set, &f), &f,
			       "cannot use the TPM's storage root key "
			       "0x81000001: boot.conf names that of another "
			       "TPM, or of this one before it was cleared; "
			       "give the VM the TPM that has the [tpm] srk of "
			       "boot.conf");
		tpm_close(&t);
		name.data[i] ^= 1;
	}
}

static void test_asks_for_an_empty_owner_password(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_tpm struct tpm *t = NULL;
	struct fail f = { 0 };
	digest_algs algs;

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	tpm_close(&t);
	assert_int_equal(swtpm_tool(&s, "tpm2_changeauth -c o secret"), 0);
	t = swtpm_open(&s);
	assert_refusal(tpm_banks(t, &algs, &f), &f,
		       "cannot create the TPM's storage root key 0x81000001: "
		       "the TPM asks for a password; clear the passwords of "
		       "the TPM's hierarchies and SRK");
}

/* The size of a secret at the limit and over it; the number of a PCR. */
static void test_bounds_its_input(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_sealed_key struct sealed_key key = { 0 };
	own_tpm struct tpm *t = NULL;
	struct digest_set set = { 0 };
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	assert_refusal(seal(t, DIGEST_SHA256, 129, &key, &f), &f,
		       "cannot seal the key: it is longer than a TPM can hold; "
		       "seal at most 128 bytes");
	assert_ok(seal(t, DIGEST_SHA256, 128, &key, &f), &f);
	assert_unseals(t, &key, 128);
	assert_refusal(tpm_pcr_read(t, 24, 1U << DIGEST_SHA256, &set, &f), &f,
		       "cannot use PCR 24: there is no such PCR; name one of 0 "
		       "to 23");
	assert_refusal(tpm_pcr_extend(t, 24, &set, &f), &f,
		       "cannot use PCR 24: there is no such PCR; name one of 0 "
		       "to 23");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uses_the_active_banks),
		cmocka_unit_test(test_seals_under_an_rsa_key),
		cmocka_unit_test(test_refuses_what_is_no_srk),
		cmocka_unit_test(test_speaks_to_the_pinned_srk_alone),
		cmocka_unit_test(test_asks_for_an_empty_owner_password),
		cmocka_unit_test(test_bounds_its_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
