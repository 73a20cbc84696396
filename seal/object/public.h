/* SPDX-License-Identifier: MIT */
/*
 * The public area of a key in a TPM, which its TPM or anybody else has sent.
 * What it is good for: srk-public.h, identity-public.h, and a verifier here.
 */
#ifndef SEAL_OBJECT_PUBLIC_H
#define SEAL_OBJECT_PUBLIC_H

#include <openssl/types.h>

#include "lib/bytes.h"
#include "lib/fail.h"
#include "seal/object/marshal.h"

enum {
	tpm_public_max = 1024,
	tpm_rsa_exponent = 65537, /* and what 0 stands for: Part 2, 12.2.3.5 */
	tpm_curve_p256 = 0x0003,  /* TPM_ECC_CURVE: 6.4 */
	tpm_curve_p384 = 0x0004,
};

/* All but the name is borrowed from the bytes that were read. */
struct tpm_public {
	uint32_t type; /* tpm_alg_rsa or tpm_alg_ecc */
	uint32_t attributes;
	struct unmarshal area;	     /* TPMT_PUBLIC */
	struct unmarshal parameters; /* the rest of it, behind the policy */
	struct unmarshal modulus;    /* RSA; tpm_rsa_exponent */
	uint32_t curve;		     /* tpm_curve_p256 or tpm_curve_p384 */
	struct unmarshal x, y;	     /* not empty */
	uint8_t name[tpm_name_size];
};

/* How much of some bytes is a TPM2B_PUBLIC. */
enum public_extent {
	PUBLIC_NONE,
	PUBLIC_AREA, /* there is an area, and nothing behind it */
	PUBLIC_HEAD, /* its type, attributes and parameters are known */
	PUBLIC_WHOLE /* an RSA or ECC key with SHA-256 as its nameAlg */
};

/*
 * Takes bytes apart as far as they go: of *ret the parts are there that the
 * answer says, and no name. RSA keys have 2048 to 4096 bits.
 */
enum public_extent tpm_public_unmarshal(const struct bytes *b,
					struct tpm_public *ret);

/*
 * A whole one of up to tpm_public_max bytes, with its name. 0; -EINVAL with a
 * reason in *f; -ENOMEM or -EIO.
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

#endif
