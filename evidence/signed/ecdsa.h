/* SPDX-License-Identifier: MIT */
/* Signatures by ECDSA that come as two numbers, and not in DER. */
#ifndef EVIDENCE_SIGNED_ECDSA_H
#define EVIDENCE_SIGNED_ECDSA_H

#include <openssl/bn.h>
#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seal/object/marshal.h"

enum { ecdsa_der_max = 128 }; /* of two numbers of P-384 */

/*
 * Both as the DER that OpenSSL takes. Frees them, each of which may be NULL.
 * Its length, or 0: it would be longer, or there is no memory.
 */
size_t ecdsa_write_der(BIGNUM *r, BIGNUM *s, uint8_t ret[static ecdsa_der_max]);

/* Whether they sign the data by that key; digest is "SHA256". Frees them. */
bool ecdsa_is_valid(EVP_PKEY *key, const char *digest, BIGNUM *r, BIGNUM *s,
		    const struct unmarshal *data);

#endif
