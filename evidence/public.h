/* SPDX-License-Identifier: MIT */
/*
 * The public area of a key in a TPM: what a verifier has to know of it, and
 * signatures by it.
 */
#ifndef EVIDENCE_PUBLIC_H
#define EVIDENCE_PUBLIC_H

#include <openssl/evp.h>

#include "lib/bytes.h"
#include "lib/digest.h"
#include "lib/fail.h"
#include "seal/marshal.h"

enum { tpm_public_max = 1024 };

/* All but the name is borrowed from the bytes that were read. */
struct tpm_public {
	uint32_t type; /* tpm_alg_rsa or tpm_alg_ecc */
	uint32_t attributes;
	struct unmarshal area;	  /* TPMT_PUBLIC */
	struct unmarshal modulus; /* RSA; the exponent is 65537 */
	uint32_t curve;		  /* TPM_ECC_CURVE */
	struct unmarshal x, y;
	uint8_t name[tpm_name_size];
};

/*
 * Takes a TPM2B_PUBLIC of an RSA or ECC key with SHA-256 as its nameAlg
 * apart. 0; -EINVAL with a reason in *f; -ENOMEM.
 */
int tpm_public_read(const struct bytes *b, struct tpm_public *ret,
		    struct fail *f);

/*
 * NULL if the key signs only what its TPM has made: restricted, fixed in a
 * TPM that made it itself; or why it proves nothing (TCG Part 1, 32.1).
 */
const char *tpm_public_refuse_signer(const struct tpm_public *p);

/* The same for a key that only opens what its TPM may know: an EK. */
const char *tpm_public_refuse_decrypter(const struct tpm_public *p);

/* As OpenSSL takes it; NULL if it does not. The caller frees. */
EVP_PKEY *tpm_public_import(const struct tpm_public *p);

/*
 * Whether signature, a TPMT_SIGNATURE by ECDSA, RSASSA or RSAPSS with SHA-256,
 * SHA-384 or SHA-512, is one of data by this key. 0 and the algorithm of the
 * digest; -EINVAL with a reason in *f; -ENOMEM.
 */
int tpm_public_verify(const struct tpm_public *p, const struct bytes *data,
		      const struct bytes *signature, enum digest_alg *ret_alg,
		      struct fail *f);

#endif
