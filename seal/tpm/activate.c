// SPDX-License-Identifier: MIT
/*
 * The other half of credential.c: a TPM releases what was encrypted for its
 * endorsement key only while it has the attestation key that was named in it.
 * An EK of the default template cannot sign, so this is how a verifier learns
 * that the AK is in the TPM with that EK.
 */
#include <errno.h>
#include <tss2/tss2_mu.h>

#include "lib/own.h"
#include "seal/tpm/internal.h"
#include "seal/tpm/quote.h"

static const char what[] = "answer the challenge";

static int unpack(const struct bytes *id_object, const struct bytes *secret,
		  TPM2B_ID_OBJECT *ret_object, TPM2B_ENCRYPTED_SECRET *ret)
{
	size_t object_at = 0;
	size_t secret_at = 0;

	if (Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(id_object->data, id_object->len,
					      &object_at, ret_object) ||
	    Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(secret->data, secret->len,
						     &secret_at, ret) ||
	    object_at != id_object->len || secret_at != secret->len)
		return -EINVAL;
	return 0;
}

static int fail_challenge(struct fail *f)
{
	return fail_because(f, "it was made for another TPM, or is damaged",
			    "send the identity of this TPM, and have it "
			    "challenged with cvmctl challenge",
			    what);
}

/* TCG EK Credential Profile 2.5, B.6.2: the policy of template L-1. */
static TSS2_RC satisfy_ek(struct tpm *t, ESYS_TR policy)
{
	return Esys_PolicySecret(t->esys, ESYS_TR_RH_ENDORSEMENT, policy,
				 tpm_session(t, 0), ESYS_TR_NONE, ESYS_TR_NONE,
				 NULL, NULL, NULL, 0, NULL, NULL);
}

/*
 * The challenge is all that the command has of parameters. libtpms answers
 * FAILURE to what it cannot decrypt; a TPM that has failed says it again.
 */
static bool is_refused(struct tpm *t, TSS2_RC rc)
{
	struct fail ignored;

	if (tpm_rc_is_parameter(rc) || tpm_rc_base(rc) == TPM2_RC_INTEGRITY)
		return true;
	return tpm_rc_base(rc) == TPM2_RC_FAILURE &&
	       tpm_check_restart(t, what, &ignored) == 0;
}

static int activate(struct tpm *t, ESYS_TR ek, ESYS_TR ak, ESYS_TR policy,
		    const TPM2B_ID_OBJECT *object,
		    const TPM2B_ENCRYPTED_SECRET *secret, struct bytes *ret,
		    struct fail *f)
{
	own_esys TPM2B_DIGEST *content = NULL;
	TSS2_RC rc = satisfy_ek(t, policy);

	if (rc)
		return tpm_fail(t, rc, f, what);
	rc = Esys_ActivateCredential(t->esys, ak, ek, tpm_session(t, 0), policy,
				     ESYS_TR_NONE, object, secret, &content);
	if (is_refused(t, rc))
		return fail_challenge(f);
	if (rc == TSS2_RC_SUCCESS &&
	    bytes_copy(content->buffer, content->size, ret) < 0)
		rc = TSS2_ESYS_RC_MEMORY;
	return rc ? tpm_fail(t, rc, f, what) : 0;
}

int tpm_activate(struct tpm *t, const struct bytes *id_object,
		 const struct bytes *secret, struct bytes *ret, struct fail *f)
{
	TPM2B_ID_OBJECT object = { 0 };
	TPM2B_ENCRYPTED_SECRET encrypted = { 0 };
	ESYS_TR policy = ESYS_TR_NONE;
	ESYS_TR ek = ESYS_TR_NONE;
	ESYS_TR ak = ESYS_TR_NONE;
	int r;

	if (unpack(id_object, secret, &object, &encrypted) < 0)
		return fail_challenge(f);
	r = tpm_need_session(t, f);
	if (r == 0)
		r = tpm_create_ek(t, tpm_session(t, 0), &ek, NULL, f);
	if (r == 0)
		r = tpm_create_ak(t, &ak, NULL, f);
	if (r == 0)
		r = tpm_start_session(t, TPM2_SE_POLICY, 0, &policy, f);
	if (r == 0)
		r = activate(t, ek, ak, policy, &object, &encrypted, ret, f);
	tpm_flush(t, &policy);
	tpm_flush(t, &ak);
	tpm_flush(t, &ek);
	return r;
}
