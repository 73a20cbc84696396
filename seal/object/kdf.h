/* SPDX-License-Identifier: MIT */
/*
 * The key derivations of a TPM whose parent key has SHA-256 as its nameAlg:
 * TCG Part 1, 11.4.10.
 */
#ifndef SEAL_OBJECT_KDF_H
#define SEAL_OBJECT_KDF_H

#include <stddef.h>
#include <stdint.h>

enum { kdf_size_max = 32, kdf_context_max = 256 };

/* What the derived key is for; u and v may be empty. */
struct kdf_context {
	const char *label; /* "STORAGE"; its NUL is part of the input */
	const uint8_t *u;
	size_t u_len;
	const uint8_t *v;
	size_t v_len;
};

/*
 * KDFa, by HMAC: size bytes, at most kdf_size_max. The key may be empty. 0;
 * -EINVAL when something is too long; -ENOMEM.
 */
int kdf_a(const uint8_t *key, size_t key_len, const struct kdf_context *context,
	  uint8_t *ret, size_t size);

/*
 * KDFe, for the x coordinate z of a point that two keys share. 0; -EINVAL
 * when something is too long; -ENOMEM, -EIO.
 */
int kdf_e(const uint8_t *z, size_t z_len, const struct kdf_context *context,
	  uint8_t ret[static 32]);

#endif
