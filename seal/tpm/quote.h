/* SPDX-License-Identifier: MIT */
/*
 * What a TPM says of itself to somebody far away: its keys, and what its
 * attestation key (AK) signs. The AK is made from a fixed template each time,
 * so it is the same one until the TPM is cleared.
 */
#ifndef SEAL_TPM_QUOTE_H
#define SEAL_TPM_QUOTE_H

#include "lib/bytes.h"
#include "lib/fail.h"
#include "seal/object/pcr.h"
#include "seal/tpm/tpm.h"

enum {
	quote_nonce_max = 64,		  /* TPM2B_DATA holds 66 at least */
	quote_certificate_max = 8 * 1024, /* bytes; RSA ones have 1 to 2 KiB */
};

struct tpm_identity {
	struct bytes ek;	     /* TPM2B_PUBLIC, default template L-1 */
	struct bytes ek_certificate; /* as the TPM has it; empty: it has none */
	struct bytes ak;	     /* TPM2B_PUBLIC */
	struct bytes srk;	     /* TPM2B_PUBLIC */
};

void tpm_identity_free(struct tpm_identity *i);

#define own_tpm_identity __attribute__((cleanup(tpm_identity_free)))

/*
 * The keys of this TPM. The SRK is created when it is absent. That they are in
 * one TPM shows by tpm_quote and tpm_activate. The caller frees *ret.
 */
int tpm_identity(struct tpm *t, struct tpm_identity *ret, struct fail *f);

/* By the AK, each for the same nonce. */
struct tpm_quote {
	struct bytes attest;	    /* TPMS_ATTEST, of PCR values */
	struct bytes signature;	    /* TPMT_SIGNATURE */
	struct bytes srk_attest;    /* TPMS_ATTEST, of the SRK */
	struct bytes srk_signature; /* TPMT_SIGNATURE */
	struct pcr_values pcrs[DIGEST_ALG_COUNT]; /* mask 0: no such bank */
};

void tpm_quote_free(struct tpm_quote *q);

#define own_tpm_quote __attribute__((cleanup(tpm_quote_free)))

/*
 * Quotes the PCRs of a mask, which is not 0, in all active banks, under a
 * nonce of 1 to quote_nonce_max bytes; certifies the SRK; and reads the values
 * that were quoted. -EAGAIN when a PCR moves each time between the reading and
 * the quote. The caller frees *ret.
 */
int tpm_quote(struct tpm *t, const struct bytes *nonce, uint32_t pcrs,
	      struct tpm_quote *ret, struct fail *f);

/*
 * What credential_make encrypted for the EK and the AK of this TPM. id_object
 * is a TPM2B_ID_OBJECT, secret a TPM2B_ENCRYPTED_SECRET; the caller frees
 * *ret.
 */
int tpm_activate(struct tpm *t, const struct bytes *id_object,
		 const struct bytes *secret, struct bytes *ret, struct fail *f);

#endif
