// SPDX-License-Identifier: MIT
/*
 * See tpm.h; the parts are listed in internal.h. Here: open and close,
 * banks, and PCRs, whose values are read and extended in the salted session,
 * so that nobody between us and the TPM can change either unseen.
 */
#include "seal/tpm/tpm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/own.h"
#include "seal/tpm/internal.h"

int tpm_open_tcti(TSS2_TCTI_CONTEXT **device, unsigned timeout_ms,
		  struct tpm **ret, struct fail *f)
{
	own_tpm struct tpm *t = calloc(1, sizeof(*t));

	if (!t || link_open(*device, timeout_ms, &t->link) < 0)
		return fail_errno(f, ENOMEM, "give the VM more memory",
				  "open the TPM");
	t->timeout_ms = timeout_ms;
	t->srk = ESYS_TR_NONE;
	t->session = ESYS_TR_NONE;
	t->policy = ESYS_TR_NONE;
	if (Esys_Initialize(&t->esys, link_tcti(t->link), NULL))
		return fail_errno(f, ENOMEM, "give the VM more memory",
				  "open the TPM");
	t->device = take_ptr(*device);
	*ret = take_ptr(t);
	return 0;
}

static int send_startup(struct tpm *t, const char *tcti, struct fail *f)
{
	TSS2_RC rc = Esys_Startup(t->esys, TPM2_SU_CLEAR);

	/* INITIALIZE: it was started before */
	if (rc && rc != TPM2_RC_INITIALIZE)
		return tpm_fail(t, rc, f, "start TPM %s", tcti);
	return 0;
}

int tpm_open(const char *tcti, unsigned timeout_ms, struct tpm **ret,
	     struct fail *f)
{
	own_tcti TSS2_TCTI_CONTEXT *device = NULL;
	own_tpm struct tpm *t = NULL;
	bool startup = false;
	int r = tcti_open(tcti, timeout_ms, &device, &startup, f);

	if (r == 0)
		r = tpm_open_tcti(&device, timeout_ms, &t, f);
	if (r == 0 && t && startup)
		r = send_startup(t, tcti, f);
	if (r == 0)
		*ret = take_ptr(t);
	return r;
}

struct tpm_traffic tpm_finish(struct tpm **tpm)
{
	struct tpm_traffic traffic = { 0 };
	struct tpm *t = *tpm;

	if (!t)
		return traffic;
	if (t->esys) {
		tpm_flush(t, &t->policy);
		tpm_flush(t, &t->session);
	}
	if (t->link) {
		traffic = link_traffic(t->link);
		link_wipe(t->link);
	}
	Esys_Finalize(&t->esys);
	link_close(&t->link);
	tcti_close(&t->device);
	bytes_free(&t->srk_record);
	free(t);
	*tpm = NULL;
	return traffic;
}

void tpm_close(struct tpm **tpm)
{
	(void)tpm_finish(tpm);
}

static bool bank_in_use(const TPMS_PCR_SELECTION *bank)
{
	for (size_t i = 0; i < bank->sizeofSelect; i++)
		if (bank->pcrSelect[i])
			return true;
	return false;
}

int tpm_collect_banks(const TPML_PCR_SELECTION *list, digest_algs *ret,
		      struct fail *f)
{
	digest_algs algs = 0;

	for (uint32_t i = 0; i < list->count; i++) {
		int bank = pcr_bank_from_tpm_alg(list->pcrSelections[i].hash);

		if (!bank_in_use(&list->pcrSelections[i]))
			continue;
		if (bank < 0)
			return fail_because(
				f, "an active bank is none of SHA-1 and SHA-2",
				"switch it off with tpm2_pcrallocate",
				"extend PCR bank 0x%04x",
				(unsigned)list->pcrSelections[i].hash);
		algs |= 1U << bank;
	}
	if (!algs)
		return fail_because(f, "none is active",
				    "switch one on with tpm2_pcrallocate",
				    "extend PCR banks");
	*ret = algs;
	return 0;
}

int tpm_banks(struct tpm *t, digest_algs *ret_algs, struct fail *f)
{
	own_esys TPMS_CAPABILITY_DATA *caps = NULL;
	TPMI_YES_NO more = TPM2_NO;
	TSS2_RC rc;
	int r = tpm_need_session(t, f);

	if (r < 0)
		return r;
	rc = Esys_GetCapability(t->esys, tpm_session(t, TPMA_SESSION_AUDIT),
				ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_PCRS, 0,
				TPM2_MAX_TPM_PROPERTIES, &more, &caps);
	if (rc == TSS2_RC_SUCCESS && caps->capability != TPM2_CAP_PCRS)
		rc = TSS2_ESYS_RC_MALFORMED_RESPONSE;
	if (rc)
		return tpm_fail(t, rc, f, "list the PCR banks");
	return tpm_collect_banks(&caps->data.assignedPCR, ret_algs, f);
}

void tpm_select_pcrs(uint32_t mask, digest_algs algs, TPML_PCR_SELECTION *ret)
{
	*ret = (TPML_PCR_SELECTION){ 0 };
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		TPMS_PCR_SELECTION *bank = &ret->pcrSelections[ret->count];

		if (!(algs & 1U << a))
			continue;
		bank->hash = pcr_bank_tpm_alg(a);
		bank->sizeofSelect = pcr_count / 8;
		for (int i = 0; i < pcr_count / 8; i++)
			bank->pcrSelect[i] = (BYTE)(mask >> 8 * i);
		ret->count++;
	}
}

/* The TPM leaves out what it does not have: everything must be there. */
static bool collect_values(const TPML_PCR_SELECTION *asked,
			   const TPML_PCR_SELECTION *got,
			   const TPML_DIGEST *values, struct digest_set *ret)
{
	struct digest_set set = { 0 };

	if (got->count != asked->count || values->count != asked->count)
		return false;
	for (uint32_t i = 0; i < asked->count; i++) {
		const TPMS_PCR_SELECTION *a = &asked->pcrSelections[i];
		const TPMS_PCR_SELECTION *g = &got->pcrSelections[i];
		int bank = pcr_bank_from_tpm_alg(a->hash);

		if (bank < 0 || g->hash != a->hash ||
		    g->sizeofSelect != a->sizeofSelect ||
		    memcmp(g->pcrSelect, a->pcrSelect, a->sizeofSelect) != 0 ||
		    values->digests[i].size !=
			    digest_size((enum digest_alg)bank))
			return false;
		memcpy(set.value[bank], values->digests[i].buffer,
		       values->digests[i].size);
		set.algs |= 1U << bank;
	}
	*ret = set;
	return true;
}

static int refuse_pcr(uint32_t pcr, struct fail *f)
{
	return fail_because(f, "there is no such PCR", "name one of 0 to 23",
			    "use PCR %u", (unsigned)pcr);
}

int tpm_pcr_read(struct tpm *t, uint32_t pcr, digest_algs algs,
		 struct digest_set *ret, struct fail *f)
{
	own_esys TPML_PCR_SELECTION *got = NULL;
	own_esys TPML_DIGEST *values = NULL;
	TPML_PCR_SELECTION asked;
	TSS2_RC rc;
	int r;

	if (pcr >= pcr_count)
		return refuse_pcr(pcr, f);
	r = tpm_need_session(t, f);
	if (r < 0)
		return r;
	tpm_select_pcrs(1U << pcr, algs, &asked);
	rc = Esys_PCR_Read(t->esys, tpm_session(t, TPMA_SESSION_AUDIT),
			   ESYS_TR_NONE, ESYS_TR_NONE, &asked, NULL, &got,
			   &values);
	if (rc)
		return tpm_fail(t, rc, f, "read PCR %u", (unsigned)pcr);
	if (!collect_values(&asked, got, values, ret))
		return fail_because(f, "the TPM lacks it in one of the banks",
				    "switch the bank on with tpm2_pcrallocate",
				    "read PCR %u", (unsigned)pcr);
	return 0;
}

static void collect_digests(const struct digest_set *digests,
			    TPML_DIGEST_VALUES *ret)
{
	*ret = (TPML_DIGEST_VALUES){ 0 };
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		TPMT_HA *digest = &ret->digests[ret->count];

		if (!(digests->algs & 1U << a))
			continue;
		digest->hashAlg = pcr_bank_tpm_alg(a);
		memcpy(&digest->digest, digests->value[a], digest_size(a));
		ret->count++;
	}
}

int tpm_pcr_extend(struct tpm *t, uint32_t pcr,
		   const struct digest_set *digests, struct fail *f)
{
	TPML_DIGEST_VALUES values;
	TSS2_RC rc;
	int r;

	if (pcr >= pcr_count)
		return refuse_pcr(pcr, f);
	r = tpm_need_session(t, f);
	if (r < 0)
		return r;
	collect_digests(digests, &values);
	rc = Esys_PCR_Extend(t->esys, ESYS_TR_PCR0 + pcr, tpm_session(t, 0),
			     ESYS_TR_NONE, ESYS_TR_NONE, &values);
	return rc ? tpm_fail(t, rc, f, "extend PCR %u", (unsigned)pcr) : 0;
}

int tpm_pcr_spoil(struct tpm *t, uint32_t pcr, const struct digest_set *digests)
{
	/* of its own: ESYS takes no command after an answer that was wrong */
	ESYS_CONTEXT *esys = NULL;
	TPML_DIGEST_VALUES values;
	struct fail ignored;

	if (tpm_pcr_extend(t, pcr, digests, &ignored) == 0)
		return 0;
	if (Esys_Initialize(&esys, link_tcti(t->link), NULL))
		return -EIO;
	collect_digests(digests, &values);
	(void)Esys_PCR_Extend(esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD,
			      ESYS_TR_NONE, ESYS_TR_NONE, &values);
	link_wipe(t->link); /* it knows the buffer of this context */
	Esys_Finalize(&esys);
	return -EIO;
}
