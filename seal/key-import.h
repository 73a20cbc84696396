/* SPDX-License-Identifier: MIT */
/* Public keys of a TPM, as their numbers stand in a TPMT_PUBLIC, for OpenSSL.
 */
#ifndef SEAL_KEY_IMPORT_H
#define SEAL_KEY_IMPORT_H

#include <openssl/types.h>
#include <stddef.h>
#include <stdint.h>

#include "seal/marshal.h"

enum {
	key_import_modulus_max = 512,  /* bytes: RSA-4096 */
	key_import_coordinate_max = 48 /* of P-384 */
};

/* NULL when it is too large, or OpenSSL does not take it. The caller frees. */
EVP_PKEY *key_import_rsa(const struct unmarshal *modulus, uint32_t exponent);

/*
 * The same for a point of "P-256" or "P-384", whose coordinates may have lost
 * zeros at their beginning.
 */
EVP_PKEY *key_import_ecc(const char *group, const struct unmarshal *x,
			 const struct unmarshal *y);

#endif
