// SPDX-License-Identifier: MIT
/*
 * Keys that are not made by the TPM that opens them: sealed for its storage
 * root key elsewhere, or below a key that it makes anew. Against swtpm.
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
#include "seal/object/offline.h"
#include "seal/object/sealed-object.h"
#include "seal/tpm/tpm.h"
#include "tests/line.h"
#include "tests/swtpm.h"
#include "tests/unseal.h"

/* PCR 14 of a TPM that was just started. */
static const struct seal_policy policy = { .pcrs = { .bank = DIGEST_SHA256,
						     .mask = 1U << 14 } };

/* For the TPM's own storage root key, as it is exported. */
static void seal_offline(struct tpm *t, size_t len, struct sealed_key *ret)
{
	own_secret struct secret secret = { 0 };
	own_bytes struct bytes file = { 0 };
	struct srk_public srk;
	struct fail f = { 0 };

	make_secret(len, &secret);
	assert_ok(tpm_srk_public(t, &file, &f), &f);
	assert_ok(srk_public_parse(&file, &srk, &f), &f);
	assert_int_equal(sealed_key_begin(&policy, ret), 0);
	assert_ok(offline_seal(&srk, &secret, ret, &f), &f);
}

static void extend_14(struct tpm *t)
{
	struct digest_set digests;
	struct fail f = { 0 };
	digest_algs algs;

	assert_ok(tpm_banks(t, &algs, &f), &f);
	assert_int_equal(digest_data(algs, "cap", 3, &digests), 0);
	assert_ok(tpm_pcr_extend(t, 14, &digests, &f), &f);
}

/* Each time with another seed; for ECC also with another ephemeral key. */
static void test_tpm_imports_it(void **state)
{
	static const char *const primaries[] = { "-G ecc", "-G rsa" };

	(void)state;
	for (size_t i = 0; i < array_size(primaries); i++) {
		own_swtpm struct swtpm s = { 0 };
		own_sealed_key struct sealed_key key = { 0 };
		own_tpm struct tpm *t = NULL;

		swtpm_start(&s);
		swtpm_make_srk(&s, primaries[i]);
		t = swtpm_open(&s);
		for (size_t len = 1; len <= tpm_secret_max; len += 31 + i) {
			sealed_key_free(&key);
			seal_offline(t, len, &key);
			assert_unseals(t, &key, len);
		}
		sealed_key_free(&key);
		seal_offline(t, tpm_secret_max, &key);
		assert_unseals(t, &key, tpm_secret_max);
		extend_14(t);
		assert_refused(t, &key,
			       "cannot unseal the key: PCR 14 differs from the "
			       "policy it was sealed under; seal it again for "
			       "these apps with cvmctl seal");
	}
}

static void test_exported_key_is_tpm2_tools(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_tpm struct tpm *t = NULL;
	own_bytes struct bytes ours = { 0 };
	own_bytes struct bytes theirs = { 0 };
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	assert_ok(tpm_srk_public(t, &ours, &f), &f);
	assert_int_equal(swtpm_tool(&s, "tpm2_readpublic -c 0x81000001 -f tss "
					"-o srk"),
			 0);
	assert_int_equal(io_read_file(s.tree.fd, "srk", 1024, &theirs), 0);
	assert_int_equal(ours.len, theirs.len);
	assert_memory_equal(ours.data, theirs.data, ours.len);
}

static void test_another_tpm_refuses_it(void **state)
{
	own_swtpm struct swtpm s0 = { 0 };
	own_swtpm struct swtpm s1 = { 0 };
	own_sealed_key struct sealed_key key = { 0 };
	own_tpm struct tpm *first = NULL;
	own_tpm struct tpm *second = NULL;
	own_bytes struct bytes file = { 0 };
	struct srk_public srk;
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s0);
	swtpm_start(&s1);
	first = swtpm_open(&s0);
	second = swtpm_open(&s1);
	seal_offline(first, 32, &key);
	assert_refused(second, &key,
		       "cannot unseal the key: it was sealed by another TPM, "
		       "or before this one was cleared; seal it again on this "
		       "TPM with cvmctl seal");
	/* a token that names the other TPM: its seed is for the first */
	assert_ok(tpm_srk_public(second, &file, &f), &f);
	assert_ok(srk_public_parse(&file, &srk, &f), &f);
	bytes_free(&key.srk);
	assert_int_equal(srk_public_record(&srk, &key.srk), 0);
	assert_refused(second, &key,
		       "cannot unseal the key: its blob is damaged; restore "
		       "the volume's header from a copy, or seal it again with "
		       "cvmctl seal");
}

/* One byte in each part; what comes before the TPM is in test_sealed_object. */
static void test_refuses_damage(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_sealed_key struct sealed_key key = { 0 };
	own_tpm struct tpm *t = NULL;
	struct sealed_object o;
	size_t parts[3];

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	seal_offline(t, 32, &key);
	assert_null(sealed_object_parse(&key, &o));
	parts[0] = (size_t)(o.private.at - key.blob.data) + o.private.len - 1;
	parts[1] = (size_t)(o.public.at - key.blob.data) + o.public.len - 1;
	parts[2] = (size_t)(o.seed.at - key.blob.data) + o.seed.len - 1;
	for (size_t i = 0; i < array_size(parts); i++) {
		own_secret struct secret secret = { 0 };
		struct fail f = { 0 };

		key.blob.data[parts[i]] ^= 1;
		assert_true(tpm_unseal(t, &key, NULL, &secret, &f) < 0);
		assert_null(secret.data);
		key.blob.data[parts[i]] ^= 1;
	}
	assert_unseals(t, &key, 32);
}

/* TPMA_OBJECT in the public area: TCG Part 2, 12.2.4. */
static void assert_attributes(const struct sealed_key *key, uint32_t want)
{
	struct sealed_object o;

	assert_null(sealed_object_parse(key, &o));
	assert_true(o.public.len >= 8);
	assert_int_equal(o.public.at[6] << 8 | o.public.at[7], want);
}

/* Wrong passwords of others lock out what has one, and nothing of ours. */
static void test_no_lockout(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_sealed_key struct sealed_key online = { 0 };
	own_sealed_key struct sealed_key offline = { 0 };
	own_secret struct secret secret = { 0 };
	own_tpm struct tpm *t = NULL;
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	make_secret(32, &secret);
	assert_int_equal(sealed_key_begin(&policy, &online), 0);
	assert_ok(tpm_seal(t, &secret, &online, &f), &f);
	seal_offline(t, 32, &offline);
	/* noDA; what was sealed here besides fixedTPM, fixedParent */
	assert_attributes(&online, 0x412);
	assert_attributes(&offline, 0x400);
	tpm_close(&t);
	assert_int_equal(
		swtpm_tool(&s,
			   "tpm2_dictionarylockout -s -n 1 -t 1000 -l 1000 && "
			   "echo a | tpm2_create -C 0x81000001 -p right -i - "
			   "-u u -r r -c c && tpm2_flushcontext -t && "
			   "! tpm2_unseal -c c -p wrong 2>e && "
			   "tpm2_flushcontext -t && "
			   "! tpm2_unseal -c c -p right 2>e && "
			   "tpm2_flushcontext -t && grep -q 0x921 e"),
		0);
	t = swtpm_open(&s);
	assert_unseals(t, &online, 32);
	assert_unseals(t, &offline, 32);
}

static void test_bounds_the_secret(void **state)
{
	own_secret struct secret secret = { 0 };
	own_sealed_key struct sealed_key key = { 0 };
	const struct srk_public srk = { .key.type = tpm_alg_ecc };
	struct fail f = { 0 };

	(void)state;
	make_secret(tpm_secret_max + 1, &secret);
	assert_refusal(offline_seal(&srk, &secret, &key, &f), &f,
		       "cannot seal the key: it is longer than a TPM can hold; "
		       "seal at most 128 bytes");
	assert_null(key.blob.data);
}

/* An object as systemd 252 makes it, by tpm2-tools. */
static void make_legacy(const struct swtpm *s, bool rsa, struct sealed_key *ret)
{
	own_bytes struct bytes blob = { 0 };
	char command[1024];

	assert_int_equal(sealed_key_begin(&policy, ret), 0);
	ret->rsa_primary = rsa;
	(void)snprintf(command, sizeof(command),
		       "tpm2_createprimary -C o -G %s -c p -a 'fixedtpm|"
		       "fixedparent|sensitivedataorigin|userwithauth|"
		       "restricted|decrypt' && "
		       "tpm2_createpolicy --policy-pcr -l sha256:14 -L pol && "
		       "head -c 32 /dev/zero | tr '\\0' Z | tpm2_create -C p "
		       "-i - -L pol -a 'fixedtpm|fixedparent' -u u -r r && "
		       "tpm2_flushcontext -t && tpm2_flushcontext -l && "
		       "cat r u > blob",
		       rsa ? "rsa2048" : "ecc256");
	assert_int_equal(swtpm_tool(s, command), 0);
	assert_int_equal(io_read_file(s->tree.fd, "blob", 4096, &blob), 0);
	assert_int_equal(bytes_copy(blob.data, blob.len, &ret->blob), 0);
}

static void test_legacy_parent(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_bytes struct bytes file = { 0 };
	struct srk_public srk;

	(void)state;
	swtpm_start(&s);
	for (int rsa = 0; rsa < 2; rsa++) {
		own_sealed_key struct sealed_key key = { 0 };
		own_tpm struct tpm *t = swtpm_open(&s);
		struct fail f = { 0 };

		tpm_close(&t);
		make_legacy(&s, rsa, &key);
		t = swtpm_open(&s);
		assert_refused(t, &key,
			       "cannot unseal the key: its token does not name "
			       "the storage root key, and nothing else does; "
			       "set [tpm] srk in boot.conf, or seal it again "
			       "with cvmctl seal");
		bytes_free(&file);
		assert_ok(tpm_srk_public(t, &file, &f), &f);
		assert_ok(srk_public_parse(&file, &srk, &f), &f);
		tpm_close(&t);
		t = swtpm_open(&s);
		srk.key.name[33] ^= 1;
		tpm_pin_srk(t, srk.key.name);
		assert_refused(t, &key,
			       "cannot use the TPM's storage root key "
			       "0x81000001: boot.conf names that of another "
			       "TPM, or of this one before it was cleared; "
			       "give the VM the TPM that has the [tpm] srk of "
			       "boot.conf");
		srk.key.name[33] ^= 1;
		tpm_pin_srk(t, srk.key.name);
		/* more often than a TPM has room for the parent */
		for (int i = 0; i < 4; i++)
			assert_unseals(t, &key, 32);
		key.rsa_primary = !key.rsa_primary;
		assert_refused(t, &key,
			       "cannot unseal the key: it was sealed by "
			       "another TPM, or is damaged; seal it again on "
			       "this TPM with cvmctl seal");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tpm_imports_it),
		cmocka_unit_test(test_exported_key_is_tpm2_tools),
		cmocka_unit_test(test_another_tpm_refuses_it),
		cmocka_unit_test(test_refuses_damage),
		cmocka_unit_test(test_no_lockout),
		cmocka_unit_test(test_bounds_the_secret),
		cmocka_unit_test(test_legacy_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
