// SPDX-License-Identifier: MIT
/*
 * Somebody sits between the VM and its TPM, passes everything on and changes
 * one answer. Every change must show, or must not matter.
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
#include "seal/object/offline.h"
#include "tests/meddler.h"
#include "tests/swtpm.h"
#include "tests/tpm-power.h"

enum { no_p256 = 0x2e6 /* TPM_RC_CURVE, of the template */ };

/* What is done to the first good answer to a command. */
struct meddling {
	uint32_t command; /* TPM_CC */
	size_t from_end;  /* which byte of its answer is changed, 1 the last */
	TSS2_RC instead;  /* or, when that is 0: this code is the answer */
};

struct plan {
	struct meddling meddling;
	bool done;
};

static void meddle(struct meddler *m)
{
	struct plan *p = m->plan;
	bool hit = !p->done && message_code(&m->command) == p->meddling.command;

	if (hit && !p->meddling.from_end) {
		meddler_answer(m, p->meddling.instead);
		p->done = true;
		return;
	}
	meddler_pass(m);
	if (!hit || message_code(&m->answer))
		return;
	p->done = true;
	assert_in_range(p->meddling.from_end, 1, m->answer.len);
	m->answer.data[m->answer.len - p->meddling.from_end] ^= 1;
}

/* A key that was sealed away from its TPM, under an SRK that is known. */
static int use_offline(struct tpm *t, const struct seal_policy *policy,
		       struct fail *f)
{
	own_sealed_key struct sealed_key key = { 0 };
	own_secret struct secret secret = { 0 };
	own_secret struct secret unsealed = { 0 };
	own_bytes struct bytes file = { 0 };
	struct srk_public srk;
	int r = tpm_srk_public(t, &file, f);

	assert_int_equal(secret_alloc(32, &secret), 0);
	if (r == 0)
		r = srk_public_parse(&file, &srk, f);
	if (r == 0)
		r = sealed_key_begin(policy, &key);
	if (r == 0)
		r = offline_seal(&srk, &secret, &key, f);
	if (r == 0)
		r = tpm_unseal(t, &key, NULL, &unsealed, f);
	return r;
}

/* All that a boot does with a TPM; the first failure. */
static int use_tpm(struct tpm *t, struct fail *f)
{
	own_sealed_key struct sealed_key key = { 0 };
	own_secret struct secret secret = { 0 };
	own_secret struct secret unsealed = { 0 };
	struct seal_policy policy = { .pcrs = { .bank = DIGEST_SHA256,
						.mask = 1U << 14 } };
	struct digest_set set;
	digest_algs algs;
	int r = tpm_banks(t, &algs, f);

	assert_int_equal(secret_alloc(32, &secret), 0);
	if (r == 0)
		r = tpm_pcr_read(t, 14, algs, &set, f);
	if (r == 0)
		r = tpm_pcr_extend(t, 14, &set, f);
	if (r == 0)
		r = tpm_pcr_read(t, 14, algs, &set, f);
	if (r < 0)
		return r;
	memcpy(policy.pcrs.value[14], set.value[DIGEST_SHA256], 32);
	assert_int_equal(sealed_key_begin(&policy, &key), 0);
	r = tpm_seal(t, &secret, &key, f);
	if (r == 0)
		r = tpm_unseal(t, &key, NULL, &unsealed, f);
	if (r == 0)
		assert_memory_equal(unsealed.data, secret.data, 32);
	return r < 0 ? r : use_offline(t, &policy, f);
}

#define CHANGED                                                          \
	": somebody changed the answer on its way from the TPM; do not " \
	"trust this host with the VM"
#define RESTARTED                                                           \
	": the TPM was restarted during this boot; do not trust this host " \
	"with the VM"
#define ANOTHER_KEY                                                      \
	"cannot use the TPM's storage root key 0x81000001: its name is " \
	"that of another key; do not trust this host with the VM"

static const struct {
	struct meddling plan;
	const char *line; /* NULL: it goes well all the same */
} cases[] = {
	{ { TPM2_CC_GetCapability, 1, 0 },
	  "cannot list the PCR banks" CHANGED },
	{ { TPM2_CC_PCR_Read, 1, 0 }, "cannot read PCR 14" CHANGED },
	{ { TPM2_CC_PCR_Extend, 1, 0 }, "cannot extend PCR 14" CHANGED },
	{ { TPM2_CC_Create, 1, 0 }, "cannot seal the key" CHANGED },
	{ { TPM2_CC_Load, 1, 0 }, "cannot unseal the key" CHANGED },
	{ { TPM2_CC_Import, 1, 0 }, "cannot unseal the key" CHANGED },
	{ { TPM2_CC_Unseal, 1, 0 }, "cannot unseal the key" CHANGED },
	/* a byte of the name, of the public key: 36 are the other name */
	{ { TPM2_CC_ReadPublic, 37, 0 }, ANOTHER_KEY },
	{ { TPM2_CC_ReadPublic, 73, 0 }, ANOTHER_KEY },
	/* of the name; the password's 5 bytes follow */
	{ { TPM2_CC_CreatePrimary, 6, 0 },
	  "cannot create the TPM's storage root key 0x81000001: the TPM's "
	  "answer is malformed; attach a working TPM 2.0 to the VM" },
	/* a salt that the TPM did not get, the nonce it did not send */
	{ { TPM2_CC_StartAuthSession, 1, 0 },
	  "cannot read the TPM's clock: the TPM asks for a password; clear the "
	  "passwords of the TPM's hierarchies and SRK" },
	{ { TPM2_CC_CreatePrimary, 0, no_p256 }, NULL }, /* an RSA key does */
	{ { TPM2_CC_CreatePrimary, 0, 0x9a2 },
	  "cannot create the TPM's storage root key 0x81000001: the TPM asks "
	  "for a password; clear the passwords of the TPM's hierarchies and SRK" },
	/* PCRs changed between the check and the use: once is no harm */
	{ { TPM2_CC_Unseal, 0, 0x128 }, NULL },
	{ { TPM2_CC_PolicyPCR, 0, 0x128 }, NULL },
	{ { TPM2_CC_Unseal, 0, 0x99d },
	  "cannot unseal the key: the TPM holds it under another policy than "
	  "its token says; seal it again on this TPM with cvmctl seal" },
	{ { TPM2_CC_Unseal, 0, TPM2_RC_LOCKOUT },
	  "cannot unseal the key: the TPM is locked out after wrong passwords; "
	  "end the lockout with tpm2_dictionarylockout -c" },
	{ { TPM2_CC_PolicyPCR, 0, 0x101 },
	  "cannot unseal the key: the TPM is in failure mode; attach a working "
	  "TPM 2.0 to the VM" },
	{ { TPM2_CC_ReadClock, 0, 0x101 },
	  "cannot read the TPM's clock: the TPM is in failure mode; attach a "
	  "working TPM 2.0 to the VM" },
	{ { TPM2_CC_PCR_Extend, 0, 0 },
	  "cannot extend PCR 14: the TPM's answer is malformed; attach a "
	  "working TPM 2.0 to the VM" },
	{ { TPM2_CC_PCR_Extend, 0, 0x918 }, "cannot extend PCR 14" RESTARTED },
	{ { TPM2_CC_Unseal, 0, 0x910 }, "cannot unseal the key" RESTARTED },
	{ { 0, 0, 0 }, NULL },
};

/* An SRK that is found is read, one that is missing is made. */
static void make_srk(TSS2_TCTI_CONTEXT *device)
{
	own_tpm struct tpm *t = meddler_open(device, meddler_pass, NULL, 20000);
	struct fail f = { 0 };

	assert_ok(tpm_need_session(t, &f), &f);
}

static void assert_srk_type(const struct tpm *t, uint16_t type)
{
	struct srk_record srk;

	assert_int_equal(srk_record_parse(&t->srk_record, &srk), 0);
	assert_int_equal(srk.type, type);
}

static void test_every_change_shows(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		own_swtpm struct swtpm s = { 0 };
		own_tcti TSS2_TCTI_CONTEXT *device = NULL;
		own_tpm struct tpm *t = NULL;
		struct plan plan = { .meddling = cases[i].plan };
		struct fail f = { 0 };
		int r;

		swtpm_start(&s);
		device = meddler_open_tpm(s.tcti);
		power_tell(device, TPM2_CC_Startup, 0);
		if (cases[i].plan.command == TPM2_CC_ReadPublic)
			make_srk(device);
		t = meddler_open(device, meddle, &plan, 20000);
		r = use_tpm(t, &f);
		if (cases[i].line)
			assert_refusal(r, &f, cases[i].line);
		else
			assert_ok(r, &f);
		if (!cases[i].line)
			assert_srk_type(t, cases[i].plan.instead == no_p256
						   ? TPM2_ALG_RSA
						   : TPM2_ALG_ECC);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_change_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
