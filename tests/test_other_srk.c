// SPDX-License-Identifier: MIT
/*
 * Whose the storage root key is that a token or boot.conf names, when the one
 * at 0x81000001 is another: each refusal, and that its remedy helps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/own.h"
#include "seal/tpm.h"
#include "tests/line.h"
#include "tests/swtpm.h"

enum { timeout_ms = 20000 };

#define EVICT "tpm2_evictcontrol -C o -c 0x81000001"
/* as init(8) has it */
#define RSA                                                                \
	"tpm2_createprimary -C o -G rsa2048:aes128cfb -a 'fixedtpm|"       \
	"fixedparent|sensitivedataorigin|userwithauth|noda|restricted"     \
	"|decrypt' -c rsa && tpm2_evictcontrol -C o -c rsa 0x81000001 && " \
	"tpm2_flushcontext -t"
/* a storage key, from another template */
#define WRONG                                                          \
	"tpm2_createprimary -C o -G ecc256 -c w && tpm2_evictcontrol " \
	"-C o -c w 0x81000001 && tpm2_flushcontext -t"

#define UNSEAL "cannot unseal the key: "
#define USE    "cannot use the TPM's storage root key 0x81000001: "
#define BY_THIS_TPM \
	UNSEAL "it was sealed by this TPM, but 0x81000001 holds another key now; "
#define REMOVE "remove the wrong key with tpm2_evictcontrol -C o -c 0x81000001"

static void seal(const struct swtpm *s, struct sealed_key *ret,
		 uint8_t ret_name[static tpm_name_size])
{
	const struct seal_policy policy = { .pcrs = { .bank = DIGEST_SHA256,
						      .mask = 1U << 14 } };
	own_secret struct secret secret = { 0 };
	own_tpm struct tpm *t = NULL;
	struct srk_record srk;
	struct fail f = { 0 };

	assert_ok(tpm_open(s->tcti, timeout_ms, &t, &f), &f);
	assert_int_equal(secret_alloc(32, &secret), 0);
	assert_int_equal(sealed_key_begin(&policy, ret), 0);
	assert_ok(tpm_seal(t, &secret, ret, &f), &f);
	assert_int_equal(srk_record_parse(&ret->srk, &srk), 0);
	memcpy(ret_name, srk.name, tpm_name_size);
}

/* Twice, since the TPM is asked only once. */
static void assert_refused(const struct swtpm *s, const struct sealed_key *key,
			   const char *line)
{
	own_secret struct secret secret = { 0 };
	own_tpm struct tpm *t = NULL;
	struct fail f = { 0 };

	assert_ok(tpm_open(s->tcti, timeout_ms, &t, &f), &f);
	assert_refusal(tpm_unseal(t, key, NULL, &secret, &f), &f, line);
	assert_refusal(tpm_unseal(t, key, NULL, &secret, &f), &f, line);
	assert_null(secret.data);
}

static void assert_unseals(const struct swtpm *s, const struct sealed_key *key)
{
	own_secret struct secret secret = { 0 };
	own_tpm struct tpm *t = NULL;
	struct fail f = { 0 };

	assert_ok(tpm_open(s->tcti, timeout_ms, &t, &f), &f);
	assert_ok(tpm_unseal(t, key, NULL, &secret, &f), &f);
}

/* With name in boot.conf. line NULL: it is used. */
static void assert_pinned(const struct swtpm *s, const uint8_t *name,
			  const char *line)
{
	own_tpm struct tpm *t = NULL;
	struct fail f = { 0 };
	digest_algs algs = 0;
	int r;

	assert_ok(tpm_open(s->tcti, timeout_ms, &t, &f), &f);
	tpm_pin_srk(t, name);
	r = tpm_banks(t, &algs, &f);
	if (line)
		assert_refusal(r, &f, line);
	else
		assert_ok(r, &f);
}

static void says_that_another_key_is_there(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_sealed_key struct sealed_key key = { 0 };
	uint8_t name[tpm_name_size];

	(void)state;
	swtpm_start(&s);
	seal(&s, &key, name);
	assert_int_equal(swtpm_tool(&s, EVICT " && " WRONG), 0);
	assert_refused(&s, &key, BY_THIS_TPM REMOVE);
	assert_pinned(&s, name,
		      USE "boot.conf names another key of this TPM; " REMOVE);
	assert_int_equal(swtpm_tool(&s, EVICT), 0);
	assert_pinned(&s, name, NULL);
	assert_unseals(&s, &key);
}

/* What is missing would be made again as P-256. */
static void has_a_remedy_for_rsa(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_sealed_key struct sealed_key key = { 0 };
	uint8_t name[tpm_name_size];

	(void)state;
	swtpm_start(&s);
	assert_int_equal(swtpm_tool(&s, "tpm2_startup -c && " RSA), 0);
	seal(&s, &key, name);
	assert_int_equal(swtpm_tool(&s, EVICT), 0);
	assert_refused(&s, &key,
		       BY_THIS_TPM
		       "put the RSA key back there as init(8) says");
	assert_pinned(&s, name,
		      USE "boot.conf names another key of this TPM; put the "
			  "RSA key back there as init(8) says");
	assert_int_equal(swtpm_tool(&s, EVICT " && " RSA), 0);
	assert_pinned(&s, name, NULL);
	assert_unseals(&s, &key);
}

static void knows_when_the_tpm_was_cleared(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_sealed_key struct sealed_key key = { 0 };
	uint8_t name[tpm_name_size];

	(void)state;
	swtpm_start(&s);
	seal(&s, &key, name);
	assert_int_equal(swtpm_tool(&s, "tpm2_clear"), 0);
	assert_refused(&s, &key,
		       UNSEAL "it was sealed by another TPM, or before this "
			      "one was cleared; seal it again on this TPM with "
			      "cvmctl seal");
	assert_pinned(&s, name,
		      USE "boot.conf names that of another TPM, or of this one "
			  "before it was cleared; give the VM the TPM that has "
			  "the [tpm] srk of boot.conf");
}

/* An owner's password: no primary is made for us. */
static void does_not_guess(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_sealed_key struct sealed_key key = { 0 };
	uint8_t name[tpm_name_size];

	(void)state;
	swtpm_start(&s);
	seal(&s, &key, name);
	assert_int_equal(swtpm_tool(&s,
				    EVICT " && " WRONG " && "
					  "tpm2_changeauth -c owner secret"),
			 0);
	assert_refused(&s, &key,
		       UNSEAL "it was sealed by another TPM or SRK; seal it "
			      "again on this TPM with cvmctl seal");
	assert_pinned(&s, name,
		      USE "its name is not the one in boot.conf; give the VM "
			  "the TPM that has the [tpm] srk of boot.conf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_that_another_key_is_there),
		cmocka_unit_test(has_a_remedy_for_rsa),
		cmocka_unit_test(knows_when_the_tpm_was_cleared),
		cmocka_unit_test(does_not_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
