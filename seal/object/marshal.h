/* SPDX-License-Identifier: MIT */
/*
 * Structures of TCG Part 2, read and written without a TPM library: numbers
 * in big-endian, and byte strings behind a 16-bit size (TPM2B).
 */
#ifndef SEAL_OBJECT_MARSHAL_H
#define SEAL_OBJECT_MARSHAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* TPM_ALG_ID: TCG Part 2, 6.3 */
enum {
	tpm_alg_rsa = 0x0001,
	tpm_alg_aes = 0x0006,
	tpm_alg_keyedhash = 0x0008,
	tpm_alg_sha256 = 0x000b,
	tpm_alg_null = 0x0010,
	tpm_alg_ecc = 0x0023,
	tpm_alg_cfb = 0x0043,
};

/* TPMA_OBJECT: TCG Part 2, 8.3 */
enum {
	tpm_attr_fixed_tpm = 1 << 1,
	tpm_attr_fixed_parent = 1 << 4,
	tpm_attr_sensitive_data_origin = 1 << 5,
	tpm_attr_user_with_auth = 1 << 6,
	tpm_attr_no_da = 1 << 10,
	tpm_attr_restricted = 1 << 16,
	tpm_attr_decrypt = 1 << 17,
	tpm_attr_sign = 1 << 18,
};

enum { tpm_name_size = 2 + 32 };

/*
 * The name of what has this public area, with SHA-256 as its nameAlg: the
 * algorithm and the digest of the area (TCG Part 1, 16). 0, -ENOMEM or -EIO.
 */
int tpm_name(const void *area, size_t len, uint8_t ret[static tpm_name_size]);

/* What is left to read; what was read moves at on. */
struct unmarshal {
	const uint8_t *at;
	size_t len;
};

/* A number of size bytes, at most 4. 0, or -EINVAL when they are not there. */
int unmarshal_number(struct unmarshal *u, size_t size, uint32_t *ret);

/* The same, and -EINVAL when the number is another one. */
int unmarshal_expect(struct unmarshal *u, size_t size, uint32_t expected);

/* A TPM2B, borrowed from the bytes that are read. 0 or -EINVAL. */
int unmarshal_sized(struct unmarshal *u, struct unmarshal *ret);

/* True if these bytes come first. */
bool unmarshal_begins(const struct unmarshal *u, const void *bytes, size_t len);

/*
 * Memory of the caller's that is written to. The first piece that does not
 * fit is remembered and nothing is written after it, so only the end needs a
 * check.
 */
struct marshal {
	uint8_t *data;
	size_t size; /* bytes there are */
	size_t len;  /* bytes written */
	bool failed;
};

/* The low size bytes of number, at most 4. */
void marshal_number(struct marshal *m, size_t size, uint32_t number);
void marshal_bytes(struct marshal *m, const void *data, size_t len);

/* A TPM2B of these bytes. */
void marshal_sized(struct marshal *m, const void *data, size_t len);

#endif
