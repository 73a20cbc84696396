// SPDX-License-Identifier: MIT
/*
 * The TPM code against swtpm, one fresh simulator for each test. Where
 * swtpm or tpm2-tools are missing the tests are skipped, which shows.
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

/* What a command with tpm2-tools writes to the file "out". */
static void read_tool(const struct swtpm *s, const char *command,
		      struct bytes *ret)
{
	assert_int_equal(swtpm_tool(s, command), 0);
	assert_int_equal(io_read_file(s->tree.fd, "out", 4096, ret), 0);
}

static void digests_of(const char *text, digest_algs algs,
		       struct digest_set *ret)
{
	assert_int_equal(digest_data(algs, text, strlen(text), ret), 0);
}

static void extend(struct tpm *t, uint32_t pcr, const char *text)
{
	struct digest_set digests;
	struct fail f = { 0 };
	digest_algs algs = 0;

	assert_ok(tpm_banks(t, &algs, &f), &f);
	digests_of(text, algs, &digests);
	assert_ok(tpm_pcr_extend(t, pcr, &digests, &f), &f);
}

static void seal(struct tpm *t, const struct pcr_values *values,
		 struct sealed_key *ret)
{
	const struct seal_policy policy = { .pcrs = *values };
	own_secret struct secret secret = { 0 };
	struct fail f = { 0 };

	make_secret(32, &secret);
	assert_int_equal(sealed_key_begin(&policy, ret), 0);
	assert_ok(tpm_seal(t, &secret, ret, &f), &f);
}

/* Sealed for a value that the PCR gets later; opened by another process. */
static void test_unseals_under_predicted_values(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_sealed_key struct sealed_key key = { 0 };

	(void)state;
	swtpm_start(&s);
	for (enum digest_alg b = DIGEST_SHA1; b < DIGEST_ALG_COUNT; b++) {
		own_tpm struct tpm *t = swtpm_open(&s);
		struct digest_set value;
		struct digest_set event;
		struct pcr_values values;

		swtpm_values(t, b, 1U << 14 | 1U << 4, &values);
		value.algs = 1U << b;
		memcpy(value.value[b], values.value[14], digest_size_max);
		digests_of("app", 1U << b, &event);
		assert_int_equal(pcr_extend_value(&value, &event), 0);
		memcpy(values.value[14], value.value[b], digest_size_max);
		sealed_key_free(&key);
		seal(t, &values, &key);
		extend(t, 14, "app");
		assert_unseals(t, &key, 32);
		assert_unseals(t, &key, 32);
		tpm_close(&t);
		t = swtpm_open(&s);
		assert_unseals(t, &key, 32);
	}
}

static void test_refuses_other_values(void **state)
{
	static const struct {
		uint32_t mask;
		const char *line;
	} cases[] = {
		{ 1U << 14, "cannot unseal the key: PCR 14 differs from the "
			    "policy it was sealed under; seal it again for "
			    "these apps with cvmctl seal" },
		{ 1U << 4 | 1U << 9 | 1U << 14,
		  "cannot unseal the key: PCR 14 differs from "
		  "the policy it was sealed under; seal it again for these "
		  "apps with cvmctl seal" },
	};
	own_swtpm struct swtpm s = { 0 };

	(void)state;
	swtpm_start(&s);
	for (size_t i = 0; i < array_size(cases); i++) {
		own_sealed_key struct sealed_key key = { 0 };
		own_tpm struct tpm *t = swtpm_open(&s);
		struct pcr_values values;

		swtpm_values(t, DIGEST_SHA256, cases[i].mask, &values);
		seal(t, &values, &key);
		assert_unseals(t, &key, 32);
		extend(t, 14, "cap");
		assert_refused(t, &key, cases[i].line);
	}
}

static void test_extends_every_bank(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_tpm struct tpm *t = NULL;
	own_bytes struct bytes out = { 0 };
	struct digest_set value;
	struct digest_set event;
	struct fail f = { 0 };
	digest_algs algs = 0;
	size_t at = 0;

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	assert_ok(tpm_banks(t, &algs, &f), &f);
	assert_int_equal(algs, (1U << DIGEST_ALG_COUNT) - 1);
	pcr_start_value(algs, &value);
	for (int i = 0; i < 3; i++) {
		digests_of("event", algs, &event);
		assert_int_equal(pcr_extend_value(&value, &event), 0);
		extend(t, 14, "event");
	}
	assert_ok(tpm_pcr_read(t, 14, algs, &event, &f), &f);
	read_tool(&s,
		  "tpm2_pcrread -o out "
		  "sha1:14+sha256:14+sha384:14+sha512:14",
		  &out);
	for (enum digest_alg a = DIGEST_SHA1; a < DIGEST_ALG_COUNT; a++) {
		size_t size = digest_size(a);

		assert_memory_equal(event.value[a], value.value[a], size);
		assert_in_range(at + size, 0, out.len);
		assert_memory_equal(out.data + at, value.value[a], size);
		at += size;
	}
	assert_int_equal(at, out.len);
}

static void test_policy_digest_is_tpm2_tools(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_tpm struct tpm *t = NULL;
	own_bytes struct bytes out = { 0 };
	struct pcr_values values;
	struct policy policy = { 0 };

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	extend(t, 4, "kernel");
	extend(t, 14, "app");
	swtpm_values(t, DIGEST_SHA384, 1U << 4 | 1U << 14 | 1U << 23, &values);
	assert_int_equal(policy_add_pcrs(&policy, &values), 0);
	read_tool(&s,
		  "tpm2_createpolicy --policy-pcr -L out "
		  "-l sha384:4,14,23",
		  &out);
	assert_int_equal(out.len, 32);
	assert_memory_equal(out.data, policy.digest, 32);
}

static void test_refuses_another_tpm(void **state)
{
	own_swtpm struct swtpm s0 = { 0 };
	own_swtpm struct swtpm s1 = { 0 };
	own_sealed_key struct sealed_key key = { 0 };
	own_tpm struct tpm *first = NULL;
	own_tpm struct tpm *second = NULL;
	struct pcr_values values;

	(void)state;
	swtpm_start(&s0);
	swtpm_start(&s1);
	first = swtpm_open(&s0);
	second = swtpm_open(&s1);
	swtpm_values(first, DIGEST_SHA256, 1U << 14, &values);
	seal(first, &values, &key);
	assert_refused(second, &key,
		       "cannot unseal the key: it was sealed by another TPM, "
		       "or before this one was cleared; seal it again on this "
		       "TPM with cvmctl seal");
}

/* Each byte that a host could change on the disk. */
static void test_refuses_damaged_keys(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_sealed_key struct sealed_key key = { 0 };
	own_tpm struct tpm *t = NULL;
	struct pcr_values values;

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	swtpm_values(t, DIGEST_SHA256, 1U << 14, &values);
	seal(t, &values, &key);
	key.blob.data[40] ^= 1;
	assert_refused(
		t, &key,
		"cannot unseal the key: its blob is damaged; restore the "
		"volume's header from a copy, or seal it again with cvmctl "
		"seal");
	key.blob.data[40] ^= 1;
	key.blob.data[2] ^= 1; /* a size */
	assert_refused(
		t, &key,
		"cannot unseal the key: its blob is damaged; restore the "
		"volume's header from a copy, or seal it again with cvmctl "
		"seal");
	key.blob.data[2] ^= 1;
	key.policy_digest[0] ^= 1;
	assert_refused(
		t, &key,
		"cannot unseal the key: its blob has another policy than "
		"its token says; restore the volume's header from a copy, or "
		"seal it again with cvmctl seal");
	key.policy_digest[0] ^= 1;
	key.srk.data[20] ^= 1;
	assert_refused(t, &key,
		       "cannot unseal the key: its token does not name the "
		       "storage root key 0x81000001; seal it again on this TPM "
		       "with cvmctl seal");
	key.srk.data[20] ^= 1;
	key.blob.len--;
	assert_refused(t, &key,
		       "cannot unseal the key: its blob is damaged; restore "
		       "the volume's header from a copy, or seal it again with "
		       "cvmctl seal");
	key.blob.len++;
	assert_unseals(t, &key, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unseals_under_predicted_values),
		cmocka_unit_test(test_refuses_other_values),
		cmocka_unit_test(test_extends_every_bank),
		cmocka_unit_test(test_policy_digest_is_tpm2_tools),
		cmocka_unit_test(test_refuses_another_tpm),
		cmocka_unit_test(test_refuses_damaged_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
