/* SPDX-License-Identifier: MIT */
/* Signatures by a key in a TPM: TCG Part 2, 11.3. */
#ifndef EVIDENCE_SIGNED_SIGNATURE_H
#define EVIDENCE_SIGNED_SIGNATURE_H

#include "lib/bytes.h"
#include "lib/digest.h"
#include "lib/fail.h"
#include "seal/object/public.h"

/*
 * Whether signature, a TPMT_SIGNATURE by ECDSA, RSASSA or RSAPSS with SHA-256,
 * SHA-384 or SHA-512, is one of data by this key. 0 and the algorithm of the
 * digest; -EINVAL with a reason in *f; -ENOMEM.
 */
int tpm_public_verify(const struct tpm_public *p, const struct bytes *data,
		      const struct bytes *signature, enum digest_alg *ret_alg,
		      struct fail *f);

#endif
