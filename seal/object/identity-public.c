// SPDX-License-Identifier: MIT
/*
 * See identity-public.h. Pure. An area of a fixed template begins with the
 * same bytes, and the key follows (TPMT_PUBLIC: TCG Part 2, 12.2.4).
 */
#include "seal/object/identity-public.h"

#include <errno.h>

static const char other_keys[] =
	"take the identity from cvmctl evidence --identity";

/* TCG EK Credential Profile 2.5, B.3.3: template L-1. */
static const uint8_t ek_head[] = {
	0x00, 0x01, 0x00, 0x0b, /* RSA, SHA-256 */
	0x00, 0x03, 0x00, 0xb2, /* restricted, decrypt, adminWithPolicy, ... */
	0x00, 0x20, 0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90,
	0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52,
	0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa, /* policy */
	0x00, 0x06, 0x00, 0x80, 0x00, 0x43, /* AES-128-CFB */
	0x00, 0x10, 0x08, 0x00,		    /* no scheme; 2048 bits */
	0x00, 0x00, 0x00, 0x00,		    /* exponent: 65537 */
};

static const uint8_t ak_head[] = {
	0x00, 0x23, 0x00, 0x0b, /* ECC, SHA-256 */
	0x00, 0x05, 0x04, 0x72, /* restricted, sign, noDA, ... */
	0x00, 0x00, 0x00, 0x10, /* no policy; no symmetric cipher */
	0x00, 0x18, 0x00, 0x0b, /* ECDSA with SHA-256 */
	0x00, 0x03, 0x00, 0x10, /* P-256; no KDF */
};

/* A key of this template, or its refusal. */
static int read_key(const struct bytes *file, const uint8_t *head,
		    size_t head_len, struct tpm_public *ret, const char *what,
		    const char *why, struct fail *f)
{
	struct tpm_public key;
	int r = tpm_public_read(file, &key, f);

	if (r == 0 && !unmarshal_begins(&key.area, head, head_len))
		r = -EINVAL;
	if (r == -EINVAL)
		return fail_because(f, why, other_keys, "%s", what);
	if (r < 0)
		return fail_errno(f, r, "give the VM more memory", "%s", what);
	*ret = key;
	return 0;
}

int ek_public_parse(const struct bytes *file, struct srk_public *ret,
		    struct fail *f)
{
	return read_key(file, ek_head, sizeof(ek_head), &ret->key,
			"use the endorsement key",
			"it is not RSA 2048 of the default template L-1", f);
}

int ak_public_parse(const struct bytes *file, struct tpm_public *ret,
		    struct fail *f)
{
	return read_key(file, ak_head, sizeof(ak_head), ret,
			"use the attestation key",
			"it is not P-256 of the template of cvmctl evidence",
			f);
}
