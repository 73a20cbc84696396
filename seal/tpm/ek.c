// SPDX-License-Identifier: MIT
/*
 * The endorsement key. It is made from the TPM's own seed, so the same
 * template gives the same key each time, in this TPM alone. That its public
 * area is the expected one proves nothing yet, since anybody can repeat a
 * public key: a session is salted to it, whose answers only a TPM with the
 * private part can authenticate, and the SRK is used in that session. After
 * that the sessions salted to the SRK are known to end in this TPM.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "lib/own.h"
#include "seal/tpm/internal.h"

static const char what_ek[] = "use the TPM's endorsement key";
static const char untrusted_host[] = "do not trust this host with the VM";

/*
 * TCG EK Credential Profile 2.5, B.3.3: template L-1, RSA 2048 with SHA-256,
 * which COCONUT-SVSM puts into the manifest. The policy is PolicySecret of
 * the endorsement hierarchy (B.6.2). unique is 256 zeros, and counts.
 */
static const TPM2B_PUBLIC ek_template = {
	.publicArea = {
		.type = TPM2_ALG_RSA,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM |
				    TPMA_OBJECT_FIXEDPARENT |
				    TPMA_OBJECT_SENSITIVEDATAORIGIN |
				    TPMA_OBJECT_ADMINWITHPOLICY |
				    TPMA_OBJECT_RESTRICTED |
				    TPMA_OBJECT_DECRYPT,
		.authPolicy = {
			.size = 32,
			.buffer = {
				0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8,
				0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
				0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64,
				0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa,
			},
		},
		.parameters.rsaDetail = {
			.symmetric = { .algorithm = TPM2_ALG_AES,
				       .keyBits.aes = 128,
				       .mode.aes = TPM2_ALG_CFB },
			.scheme.scheme = TPM2_ALG_NULL,
			.keyBits = 2048,
		},
		.unique.rsa.size = 256,
	},
};

/* Compares the whole, so that no field has to be thought of. */
static int check_public(const TPM2B_PUBLIC *public, const struct bytes *ek,
			struct fail *f)
{
	uint8_t area[sizeof(*public)];
	size_t len = 0;

	if (Tss2_MU_TPMT_PUBLIC_Marshal(&public->publicArea, area, sizeof(area),
					&len))
		return fail_because(f, "its public area is malformed",
				    untrusted_host, what_ek);
	if (len != ek->len || CRYPTO_memcmp(area, ek->data, len) != 0)
		return fail_because(f,
				    "it is not the one in the attestation "
				    "report",
				    untrusted_host, what_ek);
	return 0;
}

/*
 * Starts a session salted to the SRK within one salted to key. Only the owner
 * of key can authenticate the answer, and he does so after he has decrypted the
 * second salt: to show the SRK's name would not be enough, since a TPM shows
 * that of any public key that was loaded into it.
 */
static TSS2_RC use_both(struct tpm *t, ESYS_TR key)
{
	ESYS_TR outer = ESYS_TR_NONE;
	ESYS_TR inner = ESYS_TR_NONE;
	TSS2_RC rc = tpm_salt_session(t, key, ESYS_TR_NONE, TPM2_SE_HMAC,
				      TPMA_SESSION_AUDIT, &outer);

	if (rc == TSS2_RC_SUCCESS)
		rc = tpm_salt_session(t, t->srk, outer, TPM2_SE_HMAC, 0,
				      &inner);
	tpm_flush(t, &inner);
	tpm_flush(t, &outer);
	return rc;
}

/*
 * What a TPM says that cannot decrypt a salt, that has the public part of the
 * key alone, or whose object at the SRK's handle has another name than ours:
 * commands are authenticated together with the names of their objects (cpHash:
 * TCG Part 1, 16.7).
 */
static bool is_no_proof(TSS2_RC rc)
{
	switch (tpm_rc_base(rc)) {
	case TPM2_RC_VALUE:
	case TPM2_RC_HANDLE:
	case TPM2_RC_AUTH_FAIL:
	case TPM2_RC_BAD_AUTH: return true;
	}
	return false;
}

static int check_private(struct tpm *t, ESYS_TR key, struct fail *f)
{
	TSS2_RC rc = use_both(t, key);

	if (!rc)
		return 0;
	if (!is_no_proof(rc))
		return tpm_fail(t, rc, f, what_ek);
	return fail_because(f,
			    "the TPM does not prove that it holds it and the "
			    "storage root key",
			    untrusted_host, what_ek);
}

/* What was proved is as good as what boot.conf could name. */
static int pin_srk(struct tpm *t, struct fail *f)
{
	struct srk_record srk;
	int r = srk_record_parse(&t->srk_record, &srk);

	if (r < 0) /* it was parsed before */
		return fail_errno(f, r, "give the VM more memory", what_ek);
	tpm_pin_srk(t, srk.name);
	return 0;
}

int tpm_create_ek(struct tpm *t, ESYS_TR auth, ESYS_TR *ret,
		  TPM2B_PUBLIC **ret_public, struct fail *f)
{
	TSS2_RC rc = tpm_create_primary(t, ESYS_TR_RH_ENDORSEMENT, auth,
					&ek_template, ret, ret_public);

	return rc ? tpm_fail(t, rc, f, "create the TPM's endorsement key") : 0;
}

int tpm_prove_ek(struct tpm *t, const struct bytes *ek, struct fail *f)
{
	own_esys TPM2B_PUBLIC *public = NULL;
	ESYS_TR key = ESYS_TR_NONE;
	int r = tpm_need_srk(t, f);

	if (r == 0)
		r = tpm_create_ek(t, ESYS_TR_PASSWORD, &key, &public, f);
	if (r < 0)
		return r;
	r = check_public(public, ek, f);
	if (r == 0)
		r = check_private(t, key, f);
	if (r == 0)
		r = pin_srk(t, f);
	tpm_flush(t, &key);
	return r;
}
