/* SPDX-License-Identifier: MIT */
/* The private half of a release key, where the releases are made. */
#ifndef CVMCTL_SEAL_SIGN_KEY_H
#define CVMCTL_SEAL_SIGN_KEY_H

#include <openssl/types.h>

#include "lib/bytes.h"
#include "lib/fail.h"
#include "seal/object/release-key.h"
#include "seal/object/signatures.h"

struct sign_key;

/*
 * Reads a private key in PEM without a password: RSA of 2048, 3072 or
 * 4096 bits with exponent 65537, or P-256. 0 and *ret, which the caller frees,
 * or -errno.
 */
int sign_key_read(const char *path, struct sign_key **ret, struct fail *f);
void sign_key_free(struct sign_key **key);

#define own_sign_key __attribute__((cleanup(sign_key_free)))

/* For other signatures than sign_key_sign makes; borrowed. */
EVP_PKEY *sign_key_private(const struct sign_key *key);

/* Its public half, borrowed. */
const struct release_key *sign_key_public(const struct sign_key *key);

/*
 * Signs a policy digest for TPM2_PolicyAuthorize: SHA-256 with RSASSA
 * PKCS#1 v1.5, or ECDSA as r and s of 32 bytes each. The caller frees *ret.
 */
int sign_key_sign(const struct sign_key *key, const struct policy *policy,
		  struct bytes *ret, struct fail *f);

#endif
