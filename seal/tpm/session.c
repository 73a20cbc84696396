// SPDX-License-Identifier: MIT
/*
 * The storage root key and the sessions salted to it. A salt is encrypted to
 * the SRK's public key, so only the TPM that has the private part can give
 * answers whose HMAC is right, and only it learns what is encrypted. An
 * unsalted session would prove nothing: its HMAC key is empty.
 *
 * The SRK is taken as the TPM shows it, after its name was found to be the
 * hash of its public area, and to be the pinned one where there is a pin.
 * Unsealing then requires that name to be the one that the key was sealed
 * under (load.c): with equal names the salt of this session went to the
 * pinned key. ek.c has another proof.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "lib/own.h"
#include "seal/tpm/internal.h"

static const char what_srk[] = "use the TPM's storage root key 0x81000001";

/* systemd's and tpm2-tools' SRK: Provisioning Guidance 7.5.1, and noDA. */
enum {
	srk_attributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
			 TPMA_OBJECT_SENSITIVEDATAORIGIN |
			 TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA |
			 TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
	/* one that others have made may lack noDA, but none of these */
	srk_required = srk_attributes & ~TPMA_OBJECT_NODA,
	/* of the primary that systemd 253 and earlier make at each use */
	legacy_attributes = srk_required,
};

static const TPM2B_PUBLIC srk_ecc = {
	.publicArea = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = srk_attributes,
		.parameters.eccDetail = {
			.symmetric = { .algorithm = TPM2_ALG_AES,
				       .keyBits.aes = 128,
				       .mode.aes = TPM2_ALG_CFB },
			.scheme.scheme = TPM2_ALG_NULL,
			.curveID = TPM2_ECC_NIST_P256,
			.kdf.scheme = TPM2_ALG_NULL,
		},
	},
};

static const TPM2B_PUBLIC srk_rsa = {
	.publicArea = {
		.type = TPM2_ALG_RSA,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = srk_attributes,
		.parameters.rsaDetail = {
			.symmetric = { .algorithm = TPM2_ALG_AES,
				       .keyBits.aes = 128,
				       .mode.aes = TPM2_ALG_CFB },
			.scheme.scheme = TPM2_ALG_NULL,
			.keyBits = 2048,
		},
	},
};

const TPM2B_PUBLIC *tpm_srk_template(bool rsa)
{
	return rsa ? &srk_rsa : &srk_ecc;
}

void tpm_flush(struct tpm *t, ESYS_TR *handle)
{
	/*
	 * What a TPM keeps in spite of us is of no use to those who come
	 * after: the extend of the cap ends every PolicyPCR (TCG Part 3,
	 * 23.7), and an object still asks for its policy.
	 */
	if (*handle != ESYS_TR_NONE)
		(void)Esys_FlushContext(t->esys, *handle);
	*handle = ESYS_TR_NONE;
}

TSS2_RC tpm_create_primary(struct tpm *t, ESYS_TR hierarchy, ESYS_TR auth,
			   const TPM2B_PUBLIC *template, ESYS_TR *ret,
			   TPM2B_PUBLIC **ret_public)
{
	static const TPM2B_SENSITIVE_CREATE no_sensitive = { 0 };
	static const TPM2B_DATA no_data = { 0 };
	static const TPML_PCR_SELECTION no_pcrs = { 0 };

	return Esys_CreatePrimary(t->esys, hierarchy, auth, ESYS_TR_NONE,
				  ESYS_TR_NONE, &no_sensitive, template,
				  &no_data, &no_pcrs, ret, ret_public, NULL,
				  NULL, NULL);
}

/* An error in CreatePrimary's parameter 2: TCG Part 2, 6.6.2. */
static bool is_about_template(TSS2_RC rc)
{
	return (rc & (TPM2_RC_FMT1 | TPM2_RC_P | TPM2_RC_N_MASK)) ==
	       (TPM2_RC_FMT1 | TPM2_RC_P | TPM2_RC_2);
}

static int create_srk(struct tpm *t, ESYS_TR *ret, struct fail *f)
{
	static const char what[] =
		"create the TPM's storage root key 0x81000001";
	ESYS_TR primary = ESYS_TR_NONE;
	TSS2_RC rc = tpm_create_primary(t, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
					&srk_ecc, &primary, NULL);

	/* a TPM without P-256 refuses the template in one way or another */
	if (is_about_template(rc))
		rc = tpm_create_primary(t, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
					&srk_rsa, &primary, NULL);
	if (rc)
		return tpm_fail(t, rc, f, what);
	rc = Esys_EvictControl(t->esys, ESYS_TR_RH_OWNER, primary,
			       ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
			       tpm_srk_handle, ret);
	tpm_flush(t, &primary);
	return rc ? tpm_fail(t, rc, f, what) : 0;
}

void tpm_pin_srk(struct tpm *t, const uint8_t name[static tpm_name_size])
{
	memcpy(t->srk_pin, name, tpm_name_size);
	t->srk_pinned = true;
}

/* boot.conf has a name only, which does not tell the type. */
static int fail_pin(struct tpm *t, struct fail *f)
{
	const char *reason = "boot.conf names that of another TPM, or of this "
			     "one before it was cleared";

	for (int rsa = 0; rsa < 2; rsa++)
		switch (tpm_srk_owner(t, rsa, t->srk_pin)) {
		case SRK_OWNER_THIS_TPM:
			return fail_because(f,
					    "boot.conf names another key of "
					    "this TPM",
					    tpm_remedy_srk(rsa), what_srk);
		case SRK_OWNER_UNKNOWN:
			reason = "its name is not the one in boot.conf";
			break;
		case SRK_OWNER_ANOTHER: break;
		}
	return fail_because(f, reason,
			    "give the VM the TPM that has the [tpm] srk of "
			    "boot.conf",
			    what_srk);
}

static int check_pin(struct tpm *t, const struct srk_record *srk,
		     struct fail *f)
{
	if (!t->srk_pinned ||
	    CRYPTO_memcmp(t->srk_pin, srk->name, tpm_name_size) == 0)
		return 0;
	return fail_pin(t, f);
}

/*
 * ESYS keeps the TPM's name and public area without comparing them, and salts
 * to that public area; the record is what it keeps.
 */
static int check_srk(struct tpm *t, const struct bytes *record, struct fail *f)
{
	struct srk_record srk;
	TPMT_PUBLIC public = { 0 };
	size_t at = 0;
	int r = srk_record_parse(record, &srk);

	if (r == -ENOMEM)
		return fail_errno(f, r, "give the VM more memory", what_srk);
	if (r == -EBADMSG)
		return fail_because(f, "its name is that of another key",
				    "do not trust this host with the VM",
				    what_srk);
	if (r == 0 && Tss2_MU_TPMT_PUBLIC_Unmarshal(
			      srk.public_area, srk.public_len, &at, &public))
		r = -EINVAL;
	if (r == 0 &&
	    (public.objectAttributes & srk_required) == srk_required &&
	    !(public.objectAttributes & TPMA_OBJECT_SIGN_ENCRYPT))
		return check_pin(t, &srk, f);
	return fail_because(f, "it is not a storage root key",
			    "remove it with tpm2_evictcontrol -c 0x81000001",
			    what_srk);
}

static int find_srk(struct tpm *t, ESYS_TR *ret, struct fail *f)
{
	TSS2_RC rc =
		Esys_TR_FromTPMPublic(t->esys, tpm_srk_handle, ESYS_TR_NONE,
				      ESYS_TR_NONE, ESYS_TR_NONE, ret);

	if (tpm_rc_base(rc) == TPM2_RC_HANDLE)
		return create_srk(t, ret, f);
	return rc ? tpm_fail(t, rc, f, what_srk) : 0;
}

static int keep_srk(struct tpm *t, ESYS_TR srk, struct fail *f)
{
	own_esys uint8_t *serial = NULL;
	own_bytes struct bytes record = { 0 };
	size_t len = 0;
	TSS2_RC rc = Esys_TR_Serialize(t->esys, srk, &serial, &len);
	int r;

	if (rc)
		return tpm_fail(t, rc, f, what_srk);
	r = bytes_copy(serial, len, &record);
	if (r < 0)
		return fail_errno(f, r, "give the VM more memory", what_srk);
	r = check_srk(t, &record, f);
	if (r < 0)
		return r;
	t->srk = srk;
	t->srk_record = take_bytes(&record);
	return 0;
}

int tpm_need_srk(struct tpm *t, struct fail *f)
{
	ESYS_TR srk = ESYS_TR_NONE;
	int r;

	if (t->srk != ESYS_TR_NONE)
		return 0;
	r = find_srk(t, &srk, f);
	if (r < 0)
		return r;
	r = keep_srk(t, srk, f);
	if (r < 0)
		(void)Esys_TR_Close(t->esys, &srk); /* ESYS's memory of it */
	return r;
}

TSS2_RC tpm_salt_session(struct tpm *t, ESYS_TR key, ESYS_TR within,
			 TPM2_SE type, TPMA_SESSION attributes, ESYS_TR *ret)
{
	static const TPMT_SYM_DEF aes = { .algorithm = TPM2_ALG_AES,
					  .keyBits.aes = 128,
					  .mode.aes = TPM2_ALG_CFB };
	ESYS_TR session = ESYS_TR_NONE;
	TSS2_RC rc;

	rc = Esys_StartAuthSession(t->esys, key, ESYS_TR_NONE, within,
				   ESYS_TR_NONE, ESYS_TR_NONE, NULL, type, &aes,
				   TPM2_ALG_SHA256, &session);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_TRSess_SetAttributes(
			t->esys, session,
			attributes | TPMA_SESSION_CONTINUESESSION, 0xff);
	if (rc)
		tpm_flush(t, &session);
	else
		*ret = session;
	return rc;
}

int tpm_start_session(struct tpm *t, TPM2_SE type, TPMA_SESSION attributes,
		      ESYS_TR *ret, struct fail *f)
{
	TSS2_RC rc = tpm_salt_session(t, t->srk, ESYS_TR_NONE, type, attributes,
				      ret);

	return rc ? tpm_fail(t, rc, f, "start a session with the TPM") : 0;
}

int tpm_create_legacy_primary(struct tpm *t, bool rsa, ESYS_TR *ret,
			      struct fail *f)
{
	TPM2B_PUBLIC template = *tpm_srk_template(rsa);
	TSS2_RC rc;

	template.publicArea.objectAttributes = legacy_attributes;
	rc = tpm_create_primary(t, ESYS_TR_RH_OWNER, tpm_session(t, 0),
				&template, ret, NULL);
	return rc ? tpm_fail(t, rc, f, "make the parent of the key") : 0;
}

int tpm_srk_public(struct tpm *t, struct bytes *ret, struct fail *f)
{
	struct srk_record srk;
	int r = tpm_need_session(t, f);

	if (r < 0)
		return r;
	r = srk_record_parse(&t->srk_record, &srk);
	if (r == 0) /* the record ends with it; its size comes before */
		r = bytes_copy(srk.public_area - 2, srk.public_len + 2, ret);
	return r < 0 ? fail_errno(f, r, "give the VM more memory", what_srk)
		     : 0;
}

static int read_clock(struct tpm *t, TPMS_CLOCK_INFO *ret, struct fail *f)
{
	own_esys TPMS_TIME_INFO *now = NULL;
	TSS2_RC rc = Esys_ReadClock(t->esys, tpm_session(t, TPMA_SESSION_AUDIT),
				    ESYS_TR_NONE, ESYS_TR_NONE, &now);

	if (rc)
		return tpm_fail(t, rc, f, "read the TPM's clock");
	*ret = now->clockInfo;
	return 0;
}

int tpm_check_restart(struct tpm *t, const char *what, struct fail *f)
{
	TPMS_CLOCK_INFO now;
	int r = read_clock(t, &now, f);

	if (r == 0 && (now.resetCount != t->began.resetCount ||
		       now.restartCount != t->began.restartCount))
		r = fail_because(f, "the TPM was restarted during this boot",
				 "do not trust this host with the VM", "%s",
				 what);
	return r;
}

/* Once only: a session that the TPM has lost is not replaced by another. */
int tpm_need_session(struct tpm *t, struct fail *f)
{
	int r = tpm_need_srk(t, f);

	if (r < 0 || t->session != ESYS_TR_NONE)
		return r;
	r = tpm_start_session(t, TPM2_SE_HMAC, 0, &t->session, f);
	return r < 0 ? r : read_clock(t, &t->began, f);
}

ESYS_TR tpm_session(struct tpm *t, TPMA_SESSION attributes)
{
	/* fails for a session that ESYS does not know, as the command will */
	(void)Esys_TRSess_SetAttributes(t->esys, t->session,
					attributes |
						TPMA_SESSION_CONTINUESESSION,
					0xff);
	return t->session;
}
