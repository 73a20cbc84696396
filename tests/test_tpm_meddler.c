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
#include "seal/offline.h"
#include "seal/tpm-internal.h"
#include "tests/line.h"
#include "tests/swtpm.h"

/* What is done to the first good answer to a command. */
struct meddling {
	uint32_t command; /* TPM_CC */
	size_t from_end;  /* which byte of its answer is changed, 1 the last */
	TSS2_RC instead;  /* or: this error is the answer */
};

struct meddler {
	TSS2_TCTI_CONTEXT_COMMON_V2 tcti;
	TSS2_TCTI_CONTEXT *tpm;
	struct meddling plan;
	bool hit;
	bool done;
};

static struct meddler *meddler_of(TSS2_TCTI_CONTEXT *tcti)
{
	return (struct meddler *)(void *)tcti;
}

static TSS2_RC meddler_transmit(TSS2_TCTI_CONTEXT *tcti, size_t len,
				const uint8_t *data)
{
	struct meddler *m = meddler_of(tcti);
	uint32_t command = (uint32_t)data[6] << 24 | (uint32_t)data[7] << 16 |
			   (uint32_t)data[8] << 8 | data[9];

	m->hit = !m->done && command == m->plan.command;
	if (m->hit && m->plan.instead)
		return TSS2_RC_SUCCESS;
	return Tss2_Tcti_Transmit(m->tpm, len, data);
}

static TSS2_RC meddler_receive(TSS2_TCTI_CONTEXT *tcti, size_t *len,
			       uint8_t *data, int32_t timeout)
{
	static const uint8_t no_error[4] = { 0 };
	uint8_t error[10] = { 0x80, 0x01, 0, 0, 0, sizeof(error) };
	struct meddler *m = meddler_of(tcti);
	TSS2_RC rc;

	if (m->hit && m->plan.instead) {
		error[8] = (uint8_t)(m->plan.instead >> 8);
		error[9] = (uint8_t)m->plan.instead;
		memcpy(data, error, sizeof(error));
		*len = sizeof(error);
		m->done = true;
		return TSS2_RC_SUCCESS;
	}
	rc = Tss2_Tcti_Receive(m->tpm, len, data, timeout);
	if (rc || !m->hit || memcmp(data + 6, no_error, 4) != 0)
		return rc;
	m->done = true;
	assert_true(m->plan.from_end <= *len);
	data[*len - m->plan.from_end] ^= 1;
	return rc;
}

static void meddler_finalize(TSS2_TCTI_CONTEXT *tcti)
{
	tcti_close(&meddler_of(tcti)->tpm);
}

static struct tpm *open_meddled(const struct swtpm *s,
				const struct meddling *plan)
{
	own_tcti TSS2_TCTI_CONTEXT *device = NULL;
	struct meddler *m = calloc(1, sizeof(*m));
	struct tpm *t = NULL;
	struct fail f = { 0 };
	bool startup;

	assert_non_null(m);
	assert_ok(tcti_open(s->tcti, 20000, &m->tpm, &startup, &f), &f);
	m->tcti.v1.version = 2;
	m->tcti.v1.transmit = meddler_transmit;
	m->tcti.v1.receive = meddler_receive;
	m->tcti.v1.finalize = meddler_finalize;
	m->plan = *plan;
	device = (TSS2_TCTI_CONTEXT *)(void *)m;
	assert_ok(tpm_open_tcti(&device, 20000, &t, &f), &f);
	assert_int_equal(Esys_Startup(t->esys, TPM2_SU_CLEAR), 0);
	return t;
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
	/* a salt that the TPM did not get, the nonce it did not send */
	{ { TPM2_CC_StartAuthSession, 1, 0 },
	  "cannot list the PCR banks: the TPM asks for a password; clear the "
	  "passwords of the TPM's owner and SRK" },
	/* the policy digest only chooses the words of a failure */
	{ { TPM2_CC_PolicyGetDigest, 1, 0 },
	  "cannot unseal the key: PCR 14 differs from the policy it was sealed "
	  "under; seal it again for these apps with cvmctl seal" },
	/* no P-256: an RSA key does */
	{ { TPM2_CC_CreatePrimary, 0, 0x2e6 }, NULL },
	{ { TPM2_CC_CreatePrimary, 0, 0x9a2 },
	  "cannot create the TPM's storage root key 0x81000001: the TPM asks "
	  "for a password; clear the passwords of the TPM's owner and SRK" },
	/* PCRs changed between the check and the use: once is no harm */
	{ { TPM2_CC_Unseal, 0, 0x128 }, NULL },
	{ { TPM2_CC_Unseal, 0, 0x99d },
	  "cannot unseal the key: the TPM holds it under another policy than "
	  "its token says; seal it again on this TPM with cvmctl seal" },
	{ { 0, 0, 0 }, NULL },
};

static void test_every_change_shows(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		own_swtpm struct swtpm s = { 0 };
		own_tpm struct tpm *t = NULL;
		struct fail f = { 0 };
		int r;

		swtpm_start(&s);
		t = open_meddled(&s, &cases[i].plan);
		r = use_tpm(t, &f);
		if (cases[i].line)
			assert_refusal(r, &f, cases[i].line);
		else
			assert_ok(r, &f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_change_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
