// SPDX-License-Identifier: MIT
/*
 * What the attestation key signs. The signature is what a verifier far away
 * goes by; the session that the values are read in only keeps us from writing
 * down what a verifier would then refuse.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "lib/own.h"
#include "seal/tpm/internal.h"
#include "seal/tpm/quote.h"

static const char what_quote[] = "quote the TPM's PCRs";
static const char what_certify[] = "certify the TPM's storage root key";

/* Each is a chance for a PCR to move between the reading and the quote. */
enum { quote_attempts = 5 };

/* That of the key. */
static const TPMT_SIG_SCHEME own_scheme = { .scheme = TPM2_ALG_NULL };

void tpm_quote_free(struct tpm_quote *q)
{
	bytes_free(&q->attest);
	bytes_free(&q->signature);
	bytes_free(&q->srk_attest);
	bytes_free(&q->srk_signature);
}

static int keep_signed(const struct tpm *t, const TPM2B_ATTEST *attest,
		       const TPMT_SIGNATURE *signature,
		       struct bytes *ret_attest, struct bytes *ret_signature,
		       struct fail *f)
{
	uint8_t packed[sizeof(*signature)];
	size_t len = 0;
	TSS2_RC rc = Tss2_MU_TPMT_SIGNATURE_Marshal(signature, packed,
						    sizeof(packed), &len);

	bytes_free(ret_attest);
	bytes_free(ret_signature);
	if (rc == TSS2_RC_SUCCESS &&
	    (bytes_copy(attest->attestationData, attest->size, ret_attest) <
		     0 ||
	     bytes_copy(packed, len, ret_signature) < 0))
		rc = TSS2_ESYS_RC_MEMORY;
	return rc ? tpm_fail(t, rc, f, "keep what the TPM signed") : 0;
}

static int certify_srk(struct tpm *t, ESYS_TR ak, const TPM2B_DATA *nonce,
		       struct tpm_quote *q, struct fail *f)
{
	own_esys TPM2B_ATTEST *attest = NULL;
	own_esys TPMT_SIGNATURE *signature = NULL;
	/* one command takes a session once */
	TSS2_RC rc = Esys_Certify(t->esys, t->srk, ak, tpm_session(t, 0),
				  ESYS_TR_PASSWORD, ESYS_TR_NONE, nonce,
				  &own_scheme, &attest, &signature);

	return rc ? tpm_fail(t, rc, f, what_certify)
		  : keep_signed(t, attest, signature, &q->srk_attest,
				&q->srk_signature, f);
}

static int read_values(struct tpm *t, uint32_t mask, digest_algs algs,
		       struct tpm_quote *q, struct fail *f)
{
	for (uint32_t pcr = 0; pcr < pcr_count; pcr++) {
		struct digest_set set;
		int r;

		if (!(mask & 1U << pcr))
			continue;
		r = tpm_pcr_read(t, pcr, algs, &set, f);
		if (r < 0)
			return r;
		for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
			if (algs & 1U << a)
				memcpy(q->pcrs[a].value[pcr], set.value[a],
				       digest_size(a));
	}
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (algs & 1U << a) {
			q->pcrs[a].bank = a;
			q->pcrs[a].mask = mask;
		}
	return 0;
}

/* pcrDigest of these values: TCG Part 3, 18.4.1. */
static int values_digest(const struct tpm_quote *q, struct digest_set *ret)
{
	struct digest_span spans[DIGEST_ALG_COUNT * pcr_count];
	size_t n = 0;

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		for (uint32_t pcr = 0; pcr < pcr_count; pcr++)
			if (q->pcrs[a].mask & 1U << pcr)
				spans[n++] = (struct digest_span){
					q->pcrs[a].value[pcr], digest_size(a)
				};
	return digest_spans(1U << DIGEST_SHA256, spans, n, ret);
}

/* -EAGAIN, without words, when the quote is of other values. */
static int compare(const struct tpm *t, const TPM2B_ATTEST *attest,
		   const struct tpm_quote *q, struct fail *f)
{
	struct digest_set expected;
	TPMS_ATTEST quoted = { 0 };
	const TPM2B_DIGEST *digest = &quoted.attested.quote.pcrDigest;
	size_t at = 0;
	TSS2_RC rc = Tss2_MU_TPMS_ATTEST_Unmarshal(attest->attestationData,
						   attest->size, &at, &quoted);

	if (rc == TSS2_RC_SUCCESS &&
	    (quoted.type != TPM2_ST_ATTEST_QUOTE ||
	     digest->size != digest_size(DIGEST_SHA256)))
		rc = TSS2_ESYS_RC_MALFORMED_RESPONSE;
	if (rc == TSS2_RC_SUCCESS && values_digest(q, &expected) < 0)
		rc = TSS2_ESYS_RC_MEMORY;
	if (rc)
		return tpm_fail(t, rc, f, what_quote);
	return CRYPTO_memcmp(digest->buffer, expected.value[DIGEST_SHA256],
			     digest->size) == 0
		       ? 0
		       : -EAGAIN;
}

static int quote_once(struct tpm *t, ESYS_TR ak, const TPM2B_DATA *nonce,
		      const TPML_PCR_SELECTION *pcrs, struct tpm_quote *q,
		      struct fail *f)
{
	own_esys TPM2B_ATTEST *attest = NULL;
	own_esys TPMT_SIGNATURE *signature = NULL;
	TSS2_RC rc = Esys_Quote(t->esys, ak, tpm_session(t, 0), ESYS_TR_NONE,
				ESYS_TR_NONE, nonce, &own_scheme, pcrs, &attest,
				&signature);
	int r;

	if (rc)
		return tpm_fail(t, rc, f, what_quote);
	r = compare(t, attest, q, f);
	return r < 0 ? r
		     : keep_signed(t, attest, signature, &q->attest,
				   &q->signature, f);
}

static int quote_pcrs(struct tpm *t, ESYS_TR ak, const TPM2B_DATA *nonce,
		      uint32_t mask, struct tpm_quote *q, struct fail *f)
{
	TPML_PCR_SELECTION selection;
	digest_algs algs;
	int r = tpm_banks(t, &algs, f);

	if (r < 0)
		return r;
	tpm_select_pcrs(mask, algs, &selection);
	for (int i = 0; i < quote_attempts; i++) {
		r = read_values(t, mask, algs, q, f);
		if (r == 0)
			r = quote_once(t, ak, nonce, &selection, q, f);
		if (r != -EAGAIN)
			return r;
	}
	return tpm_fail(t, TPM2_RC_PCR_CHANGED, f, what_quote);
}

int tpm_quote(struct tpm *t, const struct bytes *nonce, uint32_t pcrs,
	      struct tpm_quote *ret, struct fail *f)
{
	own_tpm_quote struct tpm_quote q = { 0 };
	TPM2B_DATA data = { .size = (UINT16)nonce->len };
	ESYS_TR ak = ESYS_TR_NONE;
	int r = tpm_need_session(t, f);

	if (r == 0 && (!nonce->len || nonce->len > quote_nonce_max))
		r = tpm_fail(t, TSS2_ESYS_RC_BAD_SIZE, f, what_quote);
	if (r < 0)
		return r;
	memcpy(data.buffer, nonce->data, nonce->len);
	r = tpm_create_ak(t, &ak, NULL, f);
	if (r == 0)
		r = certify_srk(t, ak, &data, &q, f);
	if (r == 0)
		r = quote_pcrs(t, ak, &data, pcrs, &q, f);
	tpm_flush(t, &ak);
	if (r < 0)
		return r;
	*ret = q;
	q = (struct tpm_quote){ 0 };
	return 0;
}
