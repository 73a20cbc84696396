// SPDX-License-Identifier: MIT
/*
 * The attestation key, and what the TPM has to say about the endorsement key.
 * Both keys are made from the TPM's own seeds by fixed templates: nothing is
 * left in the TPM, and the next call makes the same keys.
 */
#include <errno.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "lib/own.h"
#include "seal/tpm/internal.h"
#include "seal/tpm/quote.h"

static const char what_certificate[] =
	"read the certificate of the TPM's endorsement key";

enum {
	/* TCG EK Credential Profile 2.5, 2.2.1.4: of the RSA 2048 key */
	certificate_index = 0x01c00002,
	/* TCG PC Client PTP 1.05, 4.6.2: every TPM reads as much at once */
	chunk_size = 512,
};

/* ak_public_parse knows this template by heart. */
static const TPM2B_PUBLIC ak_template = {
	.publicArea = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM |
				    TPMA_OBJECT_FIXEDPARENT |
				    TPMA_OBJECT_SENSITIVEDATAORIGIN |
				    TPMA_OBJECT_USERWITHAUTH |
				    TPMA_OBJECT_NODA |
				    TPMA_OBJECT_RESTRICTED |
				    TPMA_OBJECT_SIGN_ENCRYPT,
		.parameters.eccDetail = {
			.symmetric.algorithm = TPM2_ALG_NULL,
			.scheme = { .scheme = TPM2_ALG_ECDSA,
				    .details.ecdsa.hashAlg = TPM2_ALG_SHA256 },
			.curveID = TPM2_ECC_NIST_P256,
			.kdf.scheme = TPM2_ALG_NULL,
		},
	},
};

void tpm_identity_free(struct tpm_identity *i)
{
	bytes_free(&i->ek);
	bytes_free(&i->ek_certificate);
	bytes_free(&i->ak);
	bytes_free(&i->srk);
}

int tpm_create_ak(struct tpm *t, ESYS_TR *ret, TPM2B_PUBLIC **ret_public,
		  struct fail *f)
{
	TSS2_RC rc =
		tpm_create_primary(t, ESYS_TR_RH_ENDORSEMENT, tpm_session(t, 0),
				   &ak_template, ret, ret_public);

	return rc ? tpm_fail(t, rc, f, "create the TPM's attestation key") : 0;
}

static int copy_public(const struct tpm *t, const TPM2B_PUBLIC *public,
		       struct bytes *ret, struct fail *f)
{
	uint8_t area[sizeof(*public)];
	size_t len = 0;
	TSS2_RC rc =
		Tss2_MU_TPM2B_PUBLIC_Marshal(public, area, sizeof(area), &len);

	if (rc == TSS2_RC_SUCCESS && bytes_copy(area, len, ret) < 0)
		rc = TSS2_ESYS_RC_MEMORY;
	return rc ? tpm_fail(t, rc, f, "keep the TPM's keys") : 0;
}

static int read_ek(struct tpm *t, struct bytes *ret, struct fail *f)
{
	own_esys TPM2B_PUBLIC *public = NULL;
	ESYS_TR key = ESYS_TR_NONE;
	int r = tpm_create_ek(t, tpm_session(t, 0), &key, &public, f);

	tpm_flush(t, &key);
	return r < 0 ? r : copy_public(t, public, ret, f);
}

static int read_ak(struct tpm *t, struct bytes *ret, struct fail *f)
{
	own_esys TPM2B_PUBLIC *public = NULL;
	ESYS_TR key = ESYS_TR_NONE;
	int r = tpm_create_ak(t, &key, &public, f);

	tpm_flush(t, &key);
	return r < 0 ? r : copy_public(t, public, ret, f);
}

/* The bytes of an index, 0 when it is not written. */
static TSS2_RC certificate_size(struct tpm *t, ESYS_TR index, size_t *ret)
{
	own_esys TPM2B_NV_PUBLIC *public = NULL;
	TSS2_RC rc =
		Esys_NV_ReadPublic(t->esys, index,
				   tpm_session(t, TPMA_SESSION_AUDIT),
				   ESYS_TR_NONE, ESYS_TR_NONE, &public, NULL);

	if (rc)
		return rc;
	*ret = public->nvPublic.attributes & TPMA_NV_WRITTEN
		       ? public->nvPublic.dataSize
		       : 0;
	return *ret > quote_certificate_max ? TSS2_ESYS_RC_MALFORMED_RESPONSE
					    : TSS2_RC_SUCCESS;
}

static TSS2_RC read_index(struct tpm *t, ESYS_TR index, uint8_t *ret,
			  size_t size)
{
	for (size_t at = 0; at < size;) {
		own_esys TPM2B_MAX_NV_BUFFER *data = NULL;
		size_t n = size - at < chunk_size ? size - at : chunk_size;
		TSS2_RC rc =
			Esys_NV_Read(t->esys, index, index, tpm_session(t, 0),
				     ESYS_TR_NONE, ESYS_TR_NONE, (UINT16)n,
				     (UINT16)at, &data);

		if (rc)
			return rc;
		if (data->size != n)
			return TSS2_ESYS_RC_MALFORMED_RESPONSE;
		memcpy(ret + at, data->buffer, n);
		at += n;
	}
	return TSS2_RC_SUCCESS;
}

/* A TPM need not have one; that of COCONUT-SVSM does not. */
static int read_certificate(struct tpm *t, struct bytes *ret, struct fail *f)
{
	uint8_t content[quote_certificate_max] = { 0 };
	ESYS_TR index = ESYS_TR_NONE;
	size_t size = 0;
	TSS2_RC rc =
		Esys_TR_FromTPMPublic(t->esys, certificate_index, ESYS_TR_NONE,
				      ESYS_TR_NONE, ESYS_TR_NONE, &index);

	if (tpm_rc_base(rc) == TPM2_RC_HANDLE)
		return 0;
	if (rc == TSS2_RC_SUCCESS)
		rc = certificate_size(t, index, &size);
	if (rc == TSS2_RC_SUCCESS)
		rc = read_index(t, index, content, size);
	(void)Esys_TR_Close(t->esys, &index); /* ESYS's memory of it */
	if (rc == TSS2_RC_SUCCESS && size && bytes_copy(content, size, ret) < 0)
		rc = TSS2_ESYS_RC_MEMORY;
	return rc ? tpm_fail(t, rc, f, what_certificate) : 0;
}

int tpm_identity(struct tpm *t, struct tpm_identity *ret, struct fail *f)
{
	own_tpm_identity struct tpm_identity i = { 0 };
	int r = tpm_srk_public(t, &i.srk, f);

	if (r == 0)
		r = read_ek(t, &i.ek, f);
	if (r == 0)
		r = read_ak(t, &i.ak, f);
	if (r == 0)
		r = read_certificate(t, &i.ek_certificate, f);
	if (r < 0)
		return r;
	*ret = i;
	i = (struct tpm_identity){ 0 };
	return 0;
}
