// SPDX-License-Identifier: MIT
/*
 * Seal and unseal, as systemd does it: a KEYEDHASH object below the SRK whose
 * only authorisation is a policy (policy.c). How an object comes from a
 * disk into the TPM is in load.c.
 */
#include <errno.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "lib/own.h"
#include "seal/tpm/internal.h"

static const char what_seal[] = "seal the key";
static const char what_unseal[] = "unseal the key";
static const char more_memory[] = "give the VM more memory";

enum {
	/* as systemd 256 and later makes them when there is no PIN */
	object_attributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
			    TPMA_OBJECT_NODA,
	/* each is a chance for the PCRs to change between check and use */
	unseal_attempts = 3,
};

static int pack_blob(const TPM2B_PRIVATE *private, const TPM2B_PUBLIC *public,
		     struct bytes *ret)
{
	uint8_t packed[sizeof(TPM2B_PRIVATE) + sizeof(TPM2B_PUBLIC)];
	size_t len = 0;

	if (Tss2_MU_TPM2B_PRIVATE_Marshal(private, packed, sizeof(packed),
					  &len) ||
	    Tss2_MU_TPM2B_PUBLIC_Marshal(public, packed, sizeof(packed), &len))
		return -EINVAL;
	return bytes_copy(packed, len, ret);
}

/*
 * ESYS keeps what a Create was called with until another one is: that is this
 * one, which has no PCR selection and so is not sent.
 */
static void forget_sensitive(struct tpm *t)
{
	static const TPM2B_SENSITIVE_CREATE none = { 0 };

	(void)Esys_Create_Async(t->esys, ESYS_TR_NONE, ESYS_TR_PASSWORD,
				ESYS_TR_NONE, ESYS_TR_NONE, &none, NULL, NULL,
				NULL);
}

/* *sensitive goes into the command encrypted (TPMA_SESSION_DECRYPT). */
static int create_object(struct tpm *t, ESYS_TR parent,
			 const uint8_t policy_digest[32],
			 const TPM2B_SENSITIVE_CREATE *sensitive,
			 struct bytes *ret_blob, struct fail *f)
{
	static const TPM2B_DATA no_data = { 0 };
	static const TPML_PCR_SELECTION no_pcrs = { 0 };
	own_esys TPM2B_PRIVATE *private = NULL;
	own_esys TPM2B_PUBLIC *public = NULL;
	TPM2B_PUBLIC template = {
		.publicArea = {
			.type = TPM2_ALG_KEYEDHASH,
			.nameAlg = TPM2_ALG_SHA256,
			.objectAttributes = object_attributes,
			.authPolicy.size = 32,
			.parameters.keyedHashDetail.scheme.scheme =
				TPM2_ALG_NULL,
		},
	};
	TSS2_RC rc;
	int r;

	memcpy(template.publicArea.authPolicy.buffer, policy_digest, 32);
	rc = Esys_Create(
		t->esys, parent,
		tpm_session(t, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT),
		ESYS_TR_NONE, ESYS_TR_NONE, sensitive, &template, &no_data,
		&no_pcrs, &private, &public, NULL, NULL, NULL);
	link_wipe(t->link);
	forget_sensitive(t);
	if (rc)
		return tpm_fail(t, rc, f, what_seal);
	r = pack_blob(private, public, ret_blob);
	return r < 0 ? fail_errno(f, r, more_memory, what_seal) : 0;
}

static int create_sealed(struct tpm *t, ESYS_TR parent,
			 const struct secret *secret, struct sealed_key *key,
			 struct fail *f)
{
	own_secret struct secret hold = { 0 };
	TPM2B_SENSITIVE_CREATE *sensitive;
	int r = secret_alloc(sizeof(*sensitive), &hold);

	if (r < 0)
		return fail_errno(f, r, more_memory, what_seal);
	sensitive = (void *)hold.data;
	if (secret->len > tpm_secret_max)
		return fail_because(f, "it is longer than a TPM can hold",
				    "seal at most 128 bytes", what_seal);
	sensitive->sensitive.data.size = (UINT16)secret->len;
	memcpy(sensitive->sensitive.data.buffer, secret->data, secret->len);
	bytes_free(&key->blob);
	return create_object(t, parent, key->policy_digest, sensitive,
			     &key->blob, f);
}

/* A policy over a bank that the TPM does not keep could never be met. */
static int check_bank(struct tpm *t, enum digest_alg bank, struct fail *f)
{
	digest_algs active;
	int r = tpm_banks(t, &active, f);

	if (r == 0 && !(active & 1U << bank)) {
		r = fail_because(f, "", "switch it on with tpm2_pcrallocate",
				 what_seal);
		(void)fail_reason(f, "the TPM has no %s bank",
				  digest_name(bank));
	}
	return r;
}

int tpm_seal(struct tpm *t, const struct secret *secret, struct sealed_key *key,
	     struct fail *f)
{
	int r = check_bank(t, key->bank, f);

	if (r < 0)
		return r;
	bytes_free(&key->srk);
	r = bytes_copy(t->srk_record.data, t->srk_record.len, &key->srk);
	if (r < 0)
		return fail_errno(f, r, more_memory, what_seal);
	return create_sealed(t, t->srk, secret, key, f);
}

int tpm_seal_legacy(struct tpm *t, const struct secret *secret,
		    struct sealed_key *key, struct fail *f)
{
	ESYS_TR parent = ESYS_TR_NONE;
	int r = check_bank(t, key->bank, f);

	if (r == 0)
		r = tpm_create_legacy_primary(t, key->rsa_primary, &parent, f);
	if (r == 0)
		r = create_sealed(t, parent, secret, key, f);
	tpm_flush(t, &parent);
	bytes_free(&key->srk);
	return r;
}

/* The answer is encrypted and authenticated by the salted policy session. */
static TSS2_RC read_object(struct tpm *t, ESYS_TR object, struct secret *ret)
{
	TPM2B_SENSITIVE_DATA *data = NULL;
	TSS2_RC rc = Esys_Unseal(t->esys, object, t->policy, ESYS_TR_NONE,
				 ESYS_TR_NONE, &data);

	link_wipe(t->link);
	if (rc)
		return rc;
	if (secret_alloc(data->size, ret) < 0)
		rc = TSS2_ESYS_RC_MEMORY;
	else
		memcpy(ret->data, data->buffer, data->size);
	secret_wipe(data, sizeof(*data));
	Esys_Free(data);
	return rc;
}

static int use_policy(struct tpm *t, ESYS_TR object,
		      const struct sealed_key *key,
		      const struct signatures *signatures, struct secret *ret,
		      struct fail *f)
{
	TSS2_RC rc = TPM2_RC_PCR_CHANGED;

	for (int i = 0;
	     tpm_rc_base(rc) == TPM2_RC_PCR_CHANGED && i < unseal_attempts;
	     i++) {
		int r;

		if (i)
			(void)Esys_PolicyRestart(t->esys, t->policy,
						 ESYS_TR_NONE, ESYS_TR_NONE,
						 ESYS_TR_NONE);
		r = tpm_satisfy_policy(t, t->policy, key, signatures, f);
		if (r == -EAGAIN) /* changed between two assertions */
			continue;
		if (r < 0)
			return r;
		rc = read_object(t, object, ret);
	}
	return rc ? tpm_fail_policy(t, rc, t->policy, key, f) : 0;
}

/*
 * One policy session serves all keys: an Unseal that succeeds sets it back to
 * its beginning.
 */
static int unseal_object(struct tpm *t, ESYS_TR object,
			 const struct sealed_key *key,
			 const struct signatures *signatures,
			 struct secret *ret, struct fail *f)
{
	int r = 0;

	if (t->policy == ESYS_TR_NONE)
		r = tpm_start_session(t, TPM2_SE_POLICY, TPMA_SESSION_ENCRYPT,
				      &t->policy, f);
	if (r == 0)
		r = use_policy(t, object, key, signatures, ret, f);
	if (r < 0)
		tpm_flush(t, &t->policy);
	return r;
}

int tpm_unseal(struct tpm *t, const struct sealed_key *key,
	       const struct signatures *signatures, struct secret *ret,
	       struct fail *f)
{
	own_secret struct secret secret = { 0 };
	ESYS_TR object = ESYS_TR_NONE;
	int r = tpm_need_session(t, f);

	if (r == 0)
		r = tpm_load(t, key, &object, f);
	if (r == 0)
		r = unseal_object(t, object, key, signatures, &secret, f);
	tpm_flush(t, &object);
	/* what the PCRs say now is what was extended in this boot */
	if (r == 0)
		r = tpm_check_restart(t, what_unseal, f);
	if (r < 0)
		return r;
	if (t->signed_as &&
	    (!t->least_opened || t->signed_as < t->least_opened))
		t->least_opened = t->signed_as;
	*ret = secret;
	secret = (struct secret){ 0 };
	return 0;
}
