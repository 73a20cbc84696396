// SPDX-License-Identifier: MIT
/*
 * The assertions of a sealed key's policy, in a session of the TPM, in the
 * order of systemd: what a release key signed, then literal PCR values. Unseal
 * would say no more than that some policy failed: the session's digest, asked
 * for then, tells more.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "lib/own.h"
#include "lib/text.h"
#include "seal/object/policy.h"
#include "seal/object/release-key.h"
#include "seal/tpm/internal.h"

static const char what_unseal[] = "unseal the key";
static const char seal_apps[] = "seal it again for these apps with cvmctl seal";
static const char sign_apps[] = "sign the PCR values of this image with cvmctl "
				"sign";

enum { ecdsa_size = 32 };

/* Which differ, when that is known; or all of them, of which one does. */
static int fail_pcrs(uint32_t differ, uint32_t mask, const char *from,
		     const char *remedy, struct fail *f)
{
	own_text struct text t = { 0 };
	uint32_t named = differ ? differ : mask;
	bool several = named & (named - 1);

	pcr_names_write(named, &t);
	(void)fail_because(f, "", remedy, what_unseal);
	(void)fail_reason(f, "%s%s %s from %s",
			  several && !differ ? "one of " : "",
			  text_failed(&t) ? "a PCR" : t.s,
			  several && differ ? "differ" : "differs", from);
	return -EPERM;
}

/* The values of the PCRs in mask; on the way to a refusal only. */
static int read_present(struct tpm *t, enum digest_alg bank, uint32_t mask,
			struct pcr_values *ret)
{
	struct fail ignored = { 0 }; /* the refusal is about the policy */

	*ret = (struct pcr_values){ .bank = bank, .mask = mask };
	for (unsigned i = 0; i < pcr_count; i++) {
		struct digest_set set;
		int r;

		if (!(mask & 1U << i))
			continue;
		r = tpm_pcr_read(t, i, 1U << bank, &set, &ignored);
		if (r < 0)
			return r;
		memcpy(ret->value[i], set.value[bank], digest_size(bank));
	}
	return 0;
}

static int assert_pcrs(struct tpm *t, ESYS_TR session, enum digest_alg bank,
		       uint32_t mask, struct fail *f)
{
	static const TPM2B_DIGEST present = { 0 };
	TPML_PCR_SELECTION pcrs;
	TSS2_RC rc;

	tpm_select_pcrs(mask, 1U << bank, &pcrs);
	rc = Esys_PolicyPCR(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE,
			    ESYS_TR_NONE, &present, &pcrs);
	return rc ? tpm_fail(t, rc, f, what_unseal) : 0;
}

static int get_digest(struct tpm *t, ESYS_TR session, struct policy *ret,
		      struct fail *f)
{
	own_esys TPM2B_DIGEST *digest = NULL;
	TSS2_RC rc = Esys_PolicyGetDigest(t->esys, session, ESYS_TR_NONE,
					  ESYS_TR_NONE, ESYS_TR_NONE, &digest);

	if (rc == TSS2_RC_SUCCESS && digest->size != sizeof(ret->digest))
		rc = TSS2_ESYS_RC_MALFORMED_RESPONSE;
	if (rc)
		return tpm_fail(t, rc, f, what_unseal);
	memcpy(ret->digest, digest->buffer, sizeof(ret->digest));
	return 0;
}

static int fail_signature(struct tpm *t, int r, const struct signatures *s,
			  const struct signature_wanted *wanted, struct fail *f)
{
	own_text struct text pcrs = { 0 };
	struct pcr_values present;
	uint32_t differ = 0;

	if (r == -EPERM) {
		if (read_present(t, wanted->bank, wanted->mask, &present) == 0)
			differ = signatures_differ(s, wanted, &present);
		return fail_pcrs(differ, wanted->mask,
				 "what its release key signed", sign_apps, f);
	}
	if (r == -ENOKEY)
		return fail_because(f,
				    "there is no signature by its release key",
				    sign_apps, what_unseal);
	if (r != -ENODATA)
		return fail_errno(f, r, "give the VM more memory", what_unseal);
	pcr_names_write(wanted->mask, &pcrs);
	(void)fail_because(f, "", sign_apps, what_unseal);
	return fail_reason(f, "its release key signed nothing over %s of %s",
			   text_failed(&pcrs) ? "its PCRs" : pcrs.s,
			   digest_name(wanted->bank));
}

/* The public key, for which the TPM has no private part to protect. */
static int load_signer(struct tpm *t, const struct release_key *key,
		       ESYS_TR *ret, struct fail *f)
{
	TPM2B_PUBLIC public = { 0 };
	size_t at = 0;
	TSS2_RC rc =
		Tss2_MU_TPMT_PUBLIC_Unmarshal(key->public.data, key->public.len,
					      &at, &public.publicArea);

	/* in the owner hierarchy, so that the ticket is one of that */
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_LoadExternal(t->esys, ESYS_TR_NONE, ESYS_TR_NONE,
				       ESYS_TR_NONE, NULL, &public,
				       ESYS_TR_RH_OWNER, ret);
	if (tpm_rc_is_parameter(rc))
		return fail_because(f, "this TPM does not take its release key",
				    "seal it to a key of RSA-2048 or P-256",
				    what_unseal);
	return rc ? tpm_fail(t, rc, f, "load the release key") : 0;
}

/* False when sig has not the size of a signature by such a key. */
static bool unpack_signature(const struct release_key *key,
			     const struct bytes *sig, TPMT_SIGNATURE *ret)
{
	TPMS_SIGNATURE_RSASSA *rsa = &ret->signature.rsassa;
	TPMS_SIGNATURE_ECDSA *ecdsa = &ret->signature.ecdsa;

	*ret = (TPMT_SIGNATURE){ 0 };
	if (key->is_rsa) {
		if (sig->len > sizeof(rsa->sig.buffer))
			return false;
		ret->sigAlg = TPM2_ALG_RSASSA;
		rsa->hash = TPM2_ALG_SHA256;
		rsa->sig.size = (UINT16)sig->len;
		memcpy(rsa->sig.buffer, sig->data, sig->len);
		return true;
	}
	if (sig->len != 2 * ecdsa_size)
		return false;
	ret->sigAlg = TPM2_ALG_ECDSA;
	ecdsa->hash = TPM2_ALG_SHA256;
	ecdsa->signatureR.size = ecdsa_size;
	memcpy(ecdsa->signatureR.buffer, sig->data, ecdsa_size);
	ecdsa->signatureS.size = ecdsa_size;
	memcpy(ecdsa->signatureS.buffer, sig->data + ecdsa_size, ecdsa_size);
	return true;
}

static int fail_wrong_signature(struct fail *f)
{
	return fail_because(f, "the signature of its release key is wrong",
			    sign_apps, what_unseal);
}

/* A ticket says that this TPM found the key's signature over the policy. */
static int verify(struct tpm *t, ESYS_TR signer, const struct release_key *key,
		  const struct signature *signature, TPMT_TK_VERIFIED **ret,
		  struct fail *f)
{
	TPM2B_DIGEST approved = { .size = 32 };
	TPMT_SIGNATURE sig;
	struct digest_set digest;
	TSS2_RC rc;
	int r = digest_data(1U << DIGEST_SHA256, signature->policy.digest,
			    sizeof(signature->policy.digest), &digest);

	if (r < 0)
		return fail_errno(f, r, "give the VM more memory", what_unseal);
	if (!unpack_signature(key, &signature->sig, &sig))
		return fail_wrong_signature(f);
	memcpy(approved.buffer, digest.value[DIGEST_SHA256], 32);
	rc = Esys_VerifySignature(t->esys, signer, ESYS_TR_NONE, ESYS_TR_NONE,
				  ESYS_TR_NONE, &approved, &sig, ret);
	if (tpm_rc_base(rc) == TPM2_RC_SIGNATURE)
		return fail_wrong_signature(f);
	return rc ? tpm_fail(t, rc, f, "verify the release key's signature")
		  : 0;
}

static int authorize(struct tpm *t, ESYS_TR session,
		     const struct release_key *key,
		     const struct signature *signature, struct fail *f)
{
	static const TPM2B_NONCE no_reference = { 0 };
	own_esys TPMT_TK_VERIFIED *ticket = NULL;
	TPM2B_DIGEST approved = { .size = policy_digest_size };
	TPM2B_NAME name = { .size = tpm_name_size };
	ESYS_TR signer = ESYS_TR_NONE;
	TSS2_RC rc;
	int r = load_signer(t, key, &signer, f);

	if (r == 0)
		r = verify(t, signer, key, signature, &ticket, f);
	tpm_flush(t, &signer);
	if (r < 0)
		return r;
	memcpy(approved.buffer, signature->policy.digest, approved.size);
	memcpy(name.name, key->name, name.size);
	rc = Esys_PolicyAuthorize(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE,
				  ESYS_TR_NONE, &approved, &no_reference, &name,
				  ticket);
	return rc ? tpm_fail(t, rc, f, what_unseal) : 0;
}

/*
 * The release key as the policy names it. Tokens of ours, which say what they
 * were sealed under, have the one name only, and cost no command.
 */
static int parse_signer(struct tpm *t, const struct sealed_key *key,
			struct release_key *ret)
{
	struct pcr_values present = { .bank = key->bank };
	int r = release_key_parse(&key->signer, ret);

	if (r == 0 && key->expected.mask != key->pcr_mask)
		r = read_present(t, key->bank, key->pcr_mask, &present);
	else if (r == 0 && key->pcr_mask)
		return 0;
	return r < 0 ? r : sealed_key_name_signer(key, &present, ret);
}

/* PolicyPCR, perhaps PolicyNV, and the key's word that this is approved. */
static int assert_signed(struct tpm *t, ESYS_TR session,
			 const struct sealed_key *key,
			 const struct signatures *signatures, struct fail *f)
{
	own_release_key struct release_key signer = { 0 };
	const struct signature *signature = NULL;
	struct policy present = { 0 };
	struct signature_wanted wanted = { .bank = key->bank,
					   .mask = key->signed_mask,
					   .key = &signer,
					   .present = &present };
	int r = parse_signer(t, key, &signer);

	if (r < 0)
		return fail_errno(f, r, "give the VM more memory", what_unseal);
	r = assert_pcrs(t, session, key->bank, key->signed_mask, f);
	if (r == 0)
		r = get_digest(t, session, &present, f);
	if (r < 0)
		return r;
	r = signatures_find(signatures, &wanted, &signature);
	if (r < 0)
		return fail_signature(t, r, signatures, &wanted, f);
	t->signed_as = signature->release;
	if (signature->release)
		r = tpm_assert_release(t, session, signature->release, f);
	if (r == 0)
		r = authorize(t, session, &signer, signature, f);
	return r;
}

static int fail_literal(struct tpm *t, const struct sealed_key *key,
			struct fail *f)
{
	struct pcr_values present;
	uint32_t differ = 0;

	if (!key->pcr_mask)
		return fail_because(f,
				    "its policy is another than its token says",
				    seal_apps, what_unseal);
	if (read_present(t, key->bank, key->pcr_mask, &present) < 0 ||
	    sealed_key_differs(key, &present, &differ) < 0)
		differ = 0; /* then it is not known */
	return fail_pcrs(differ, key->pcr_mask,
			 "the policy it was sealed under", seal_apps, f);
}

int tpm_satisfy_policy(struct tpm *t, ESYS_TR session,
		       const struct sealed_key *key,
		       const struct signatures *signatures, struct fail *f)
{
	static const struct signatures none = { 0 };
	int r = 0;

	t->signed_as = 0;
	if (key->signed_mask)
		r = assert_signed(t, session, key,
				  signatures ? signatures : &none, f);
	if (r == 0 && key->pcr_mask)
		r = assert_pcrs(t, session, key->bank, key->pcr_mask, f);
	return r;
}

int tpm_fail_policy(struct tpm *t, TSS2_RC rc, ESYS_TR session,
		    const struct sealed_key *key, struct fail *f)
{
	struct fail ignored = { 0 }; /* the refusal is about the policy */
	struct policy digest;

	if (tpm_rc_base(rc) == TPM2_RC_POLICY_FAIL &&
	    get_digest(t, session, &digest, &ignored) == 0 &&
	    CRYPTO_memcmp(digest.digest, key->policy_digest,
			  sizeof(digest.digest)) != 0)
		return fail_literal(t, key, f);
	return tpm_fail(t, rc, f, what_unseal);
}
