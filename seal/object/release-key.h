/* SPDX-License-Identifier: MIT */
/*
 * The public key whose owner approves PCR values of new releases, so that they
 * open volumes sealed long before. Pure: from the PEM text in a token to what
 * a TPM loads, and the two hashes by which others name the key.
 */
#ifndef SEAL_OBJECT_RELEASE_KEY_H
#define SEAL_OBJECT_RELEASE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "seal/object/policy.h"

enum {
	release_key_pem_max = 4096,
	release_key_fingerprint_size = 32,
};

struct release_key {
	bool is_rsa;	     /* or else ECDSA over P-256 */
	struct bytes public; /* TPMT_PUBLIC: TCG Part 2, 12.2.4 */
	uint8_t name[tpm_name_size];
	/* SHA-256 of PKCS#1 RSAPublicKey, or of the uncompressed point */
	uint8_t fingerprint[release_key_fingerprint_size];
};

void release_key_free(struct release_key *key);

#define own_release_key __attribute__((cleanup(release_key_free)))

/*
 * Reads "-----BEGIN PUBLIC KEY-----" with an RSA key of 2048 to 4096 bits, its
 * exponent 65537, or one on P-256. The caller frees *ret. 0; -EINVAL for
 * anything else; -ENOMEM, -EIO.
 */
int release_key_parse(const struct bytes *pem, struct release_key *ret);

/*
 * The same RSA key as systemd 255.0 to 255.2 loaded it, under another name: the
 * exponent is 0, which a TPM takes for 65537 (TCG Part 2, 12.2.3.5).
 * 0, -ENOMEM, -EIO.
 */
int release_key_zero_exponent(struct release_key *key);

#endif
