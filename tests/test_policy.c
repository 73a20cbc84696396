// SPDX-License-Identifier: MIT
/*
 * Policy digests and the names of release keys, against numbers of tpm2-tools
 * and of OpenSSL: written down, and asked for on the spot.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/object/release-key.h"
#include "tests/swtpm.h"

static void assert_policy(const struct policy *p, const char *hex)
{
	char said[2 * policy_digest_size + 1];

	hex_encode(p->digest, sizeof(p->digest), said);
	assert_string_equal(said, hex);
}

static void start(struct swtpm *s)
{
	swtpm_start(s);
	assert_int_equal(swtpm_tool(s, "tpm2_startup -c"), 0);
}

/* The file "name" of the test's own directory. */
static void read_tool(const struct swtpm *s, const char *name,
		      struct bytes *ret)
{
	bytes_free(ret);
	assert_int_equal(io_read_file(s->tree.fd, name, 8192, ret), 0);
}

/* tpm2_createpolicy --policy-pcr with the values in a file. */
static void test_pcr_values(void **state)
{
	static const struct {
		enum digest_alg bank;
		uint32_t mask;
		const char *policy;
	} cases[] = {
		{ DIGEST_SHA256, 1U << 14,
		  "5ca253c6fc36956b650fb4ddaa8e1105bb9db6b919f1eb9e355055224d4ac241" },
		{ DIGEST_SHA1, 1U << 4 | 1U << 14,
		  "0315934232cda384732b0f38c2c5fc5d9f3840ab96465e39a670e39d12f55210" },
		{ DIGEST_SHA384, 1U << 0 | 1U << 23,
		  "2a15bc4f04f41e9e5dd361b70b8bef9ee1edcf2ae712f9db323a3cc83aee91cf" },
	};
	struct pcr_values values;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct policy policy = { 0 };

		memset(&values, 0, sizeof(values));
		values.bank = cases[i].bank;
		values.mask = cases[i].mask;
		for (size_t n = 0; n < pcr_count; n++)
			memset(values.value[n], (int)n, digest_size_max);
		assert_int_equal(policy_add_pcrs(&policy, &values), 0);
		assert_policy(&policy, cases[i].policy);
	}
}

static const struct kind {
	const char *algorithm;
	const char *load; /* NULL: tpm2-tools and most TPMs know no such key */
} kinds[] = {
	{ "rsa -pkeyopt rsa_keygen_bits:2048", "rsa" },
	{ "rsa -pkeyopt rsa_keygen_bits:3072", NULL },
	{ "rsa -pkeyopt rsa_keygen_bits:4096", NULL },
	{ "ec -pkeyopt ec_paramgen_curve:P-256", "ecc" },
};

/* A key, its name as tpm2_loadexternal says it, and what is fingerprinted. */
static void make_key(const struct swtpm *s, const struct kind *kind, bool rsa)
{
	own_text struct text command = { 0 };

	text_add(&command,
		 "openssl genpkey -quiet -algorithm %s -out key && "
		 "openssl pkey -in key -pubout -out pub && %s",
		 kind->algorithm,
		 rsa ? "openssl rsa -pubin -in pub -RSAPublicKey_out -outform "
		       "DER -out der 2>/dev/null"
		     : "openssl pkey -pubin -in pub -outform DER | tail -c 65 "
		       ">der");
	if (kind->load)
		text_add(&command,
			 " && tpm2_loadexternal -C o -G %s -u pub -n name -c "
			 "ctx -a 'decrypt|sign|userwithauth' && "
			 "tpm2_flushcontext -t",
			 kind->load);
	assert_false(text_failed(&command));
	assert_int_equal(swtpm_tool(s, command.s), 0);
}

static void test_release_key(void **state)
{
	own_swtpm struct swtpm s = { 0 };

	(void)state;
	start(&s);
	for (size_t i = 0; i < array_size(kinds); i++) {
		own_release_key struct release_key key = { 0 };
		own_bytes struct bytes got = { 0 };
		struct digest_set digest;
		bool rsa = i < 3;

		make_key(&s, &kinds[i], rsa);
		read_tool(&s, "pub", &got);
		assert_int_equal(release_key_parse(&got, &key), 0);
		assert_int_equal(key.is_rsa, rsa);
		read_tool(&s, "der", &got);
		assert_int_equal(digest_data(1U << DIGEST_SHA256, got.data,
					     got.len, &digest),
				 0);
		assert_memory_equal(digest.value[DIGEST_SHA256],
				    key.fingerprint, 32);
		if (!kinds[i].load)
			continue;
		read_tool(&s, "name", &got);
		assert_int_equal(got.len, tpm_name_size);
		assert_memory_equal(got.data, key.name, got.len);
	}
}

/* A session that tpm2-tools leads through the same assertions. */
static void test_authorize(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_release_key struct release_key key = { 0 };
	own_bytes struct bytes got = { 0 };
	struct policy policy = { .digest = { 1 } };

	(void)state;
	start(&s);
	assert_int_equal(
		swtpm_tool(&s,
			   "openssl genpkey -quiet -algorithm rsa -out key && "
			   "openssl pkey -in key -pubout -out pub && "
			   "tpm2_loadexternal -Q -C o -G rsa -u pub -n name "
			   "-c ctx -a 'decrypt|sign|userwithauth' && "
			   "tpm2_flushcontext -t && "
			   "tpm2_startauthsession -S session && "
			   "tpm2_policyauthorize -S session -n name -L policy "
			   "&& tpm2_flushcontext session"),
		0);
	read_tool(&s, "pub", &got);
	assert_int_equal(release_key_parse(&got, &key), 0);
	assert_int_equal(policy_add_authorize(&policy, key.name), 0);
	read_tool(&s, "policy", &got);
	assert_int_equal(got.len, sizeof(policy.digest));
	assert_memory_equal(got.data, policy.digest, got.len);
}

static void test_release(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_bytes struct bytes got = { 0 };
	struct policy policy = { 0 };

	(void)state;
	start(&s);
	assert_int_equal(
		swtpm_tool(&s, "tpm2_nvdefine 0x01800e14 -C o -s 8 -a "
			       "'authread|authwrite|no_da|nt=counter' && "
			       "tpm2_nvincrement 0x01800e14 && "
			       "tpm2_startauthsession -S session && "
			       "printf '\\0\\0\\0\\0\\0\\0\\1\\2' | "
			       "tpm2_policynv -S session -i - -L policy "
			       "0x01800e14 ule && tpm2_flushcontext session"),
		0);
	assert_int_equal(policy_add_release(&policy, 0x102), 0);
	read_tool(&s, "policy", &got);
	assert_int_equal(got.len, sizeof(policy.digest));
	assert_memory_equal(got.data, policy.digest, got.len);
}

/* A sound PEM, one byte changed at a time: another key, or refused. */
static void test_refuses_other_pem(void **state)
{
	static const char pem[] =
		"-----BEGIN PUBLIC KEY-----\n"
		"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEJ1Nh1Gm6oKp5Z8QyPd3L0YxS8WkR\n"
		"bq8kRwq1dCkS6pXw3pXH4sC2m1jYB0h9r5QXb0m8n6Gd1P6zE2yT0kQzXA==\n"
		"-----END PUBLIC KEY-----\n";
	enum { head_end = 27 + 36 }; /* of the DER, in base64 */
	char text[sizeof(pem)];

	(void)state;
	for (size_t i = 0; i < sizeof(pem) - 1; i++) {
		own_release_key struct release_key key = { 0 };
		struct bytes in = { (uint8_t *)text, sizeof(pem) - 1 };
		int r;

		memcpy(text, pem, sizeof(pem));
		text[i] = text[i] == 'A' ? 'B' : 'A';
		r = release_key_parse(&in, &key);
		if (i < head_end || i > sizeof(pem) - 30)
			assert_int_equal(r, -EINVAL);
		in.len = i; /* cut */
		memcpy(text, pem, sizeof(pem));
		text[i] = '\0';
		release_key_free(&key);
		if (i < sizeof(pem) - 2)
			assert_int_equal(release_key_parse(&in, &key), -EINVAL);
	}
}

static void test_bounds_pem(void **state)
{
	static const char begin[] = "-----BEGIN PUBLIC KEY-----\n";
	char text[release_key_pem_max + 1];
	struct bytes in = { (uint8_t *)text, 0 };
	struct release_key key = { 0 };

	(void)state;
	assert_int_equal(release_key_parse(&(struct bytes){ 0 }, &key),
			 -EINVAL);
	memset(text, '\n', sizeof(text));
	memcpy(text, begin, sizeof(begin) - 1);
	for (in.len = release_key_pem_max - 1; in.len <= release_key_pem_max;
	     in.len++) {
		text[in.len] = '\0';
		assert_int_equal(release_key_parse(&in, &key), -EINVAL);
		text[in.len] = '\n';
	}
	assert_null(key.public.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcr_values),
		cmocka_unit_test(test_release_key),
		cmocka_unit_test(test_authorize),
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_refuses_other_pem),
		cmocka_unit_test(test_bounds_pem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
