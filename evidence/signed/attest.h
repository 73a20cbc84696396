/* SPDX-License-Identifier: MIT */
/*
 * What a TPM says under a signature: a TPMS_ATTEST (TCG Part 2, 10.12.12) of
 * PCRs (a quote) or of a key (a certification).
 */
#ifndef EVIDENCE_SIGNED_ATTEST_H
#define EVIDENCE_SIGNED_ATTEST_H

#include "lib/bytes.h"
#include "lib/digest.h"
#include "lib/fail.h"
#include "seal/object/marshal.h"
#include "seal/object/pcr.h"

enum { attest_max = 4096, attest_banks_max = 16 };

enum attest_type {
	ATTEST_CERTIFY = 0x8017, /* TPM_ST: TCG Part 2, 6.9 */
	ATTEST_QUOTE = 0x8018,
};

/* Borrowed from the bytes that were read. */
struct attest {
	enum attest_type type;
	struct unmarshal signer; /* qualified name */
	struct unmarshal nonce;	 /* qualifying data */
	/* of a quote: banks in its order, a mask of PCRs for each */
	enum digest_alg bank[attest_banks_max];
	uint32_t mask[attest_banks_max];
	size_t banks;
	struct unmarshal pcr_digest;
	/* of a certification */
	struct unmarshal name;
};

/*
 * Takes it apart. It has to be of that type, and made by the TPM itself; a
 * quote has to be over banks that we know, each once. 0 or -EINVAL, with a
 * reason in *f.
 */
int attest_read(const struct bytes *b, enum attest_type type,
		struct attest *ret, struct fail *f);

/*
 * Whether a quote is over exactly these values, by enum digest_alg; those of a
 * bank that it is not over have an empty mask. alg is the algorithm of its
 * signature, which is that of its digest (TCG Part 3, 18.4). 0; -EINVAL with a
 * reason; -ENOMEM.
 */
int attest_check_pcrs(const struct attest *quote, enum digest_alg alg,
		      const struct pcr_values values[static DIGEST_ALG_COUNT],
		      struct fail *f);

#endif
