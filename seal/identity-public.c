// SPDX-License-Identifier: MIT
/*
 * See identity-public.h. Pure. An area of a fixed template begins with the
 * same bytes, and the key follows (TPMT_PUBLIC: TCG Part 2, 12.2.4).
 */
#include "seal/identity-public.h"

#include <errno.h>
#include <string.h>

static const char what_ek[] = "use the endorsement key";
static const char what_ak[] = "use the attestation key";
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

enum {
	default_exponent = 65537,
	modulus_size = 256,
	coordinate_max = 32,
};

/* What comes after the head, or -EINVAL. */
static int read_head(const struct bytes *file, const uint8_t *head,
		     size_t head_len, struct unmarshal *ret_area,
		     struct unmarshal *ret_rest)
{
	struct unmarshal u = { file->data, file->len };

	if (file->len > srk_public_max || unmarshal_sized(&u, ret_area) < 0 ||
	    u.len || ret_area->len < head_len ||
	    memcmp(ret_area->at, head, head_len) != 0)
		return -EINVAL;
	*ret_rest = (struct unmarshal){ ret_area->at + head_len,
					ret_area->len - head_len };
	return 0;
}

static int name_of(const struct unmarshal *area,
		   uint8_t ret[static tpm_name_size], const char *what,
		   struct fail *f)
{
	int r = tpm_name(area->at, area->len, ret);

	return r < 0 ? fail_errno(f, r, "give the VM more memory", "%s", what)
		     : 0;
}

int ek_public_parse(const struct bytes *file, struct srk_public *ret,
		    struct fail *f)
{
	struct srk_public ek = { .type = srk_rsa,
				 .exponent = default_exponent };
	struct unmarshal rest;
	int r;

	if (read_head(file, ek_head, sizeof(ek_head), &ek.area, &rest) < 0 ||
	    unmarshal_sized(&rest, &ek.rsa) < 0 || rest.len ||
	    ek.rsa.len != modulus_size || !(ek.rsa.at[0] & 0x80))
		return fail_because(f,
				    "it is not RSA 2048 of the default "
				    "template L-1",
				    other_keys, what_ek);
	r = name_of(&ek.area, ek.name, what_ek, f);
	if (r == 0)
		*ret = ek;
	return r;
}

static bool is_coordinate(const struct unmarshal *c)
{
	return c->len > 0 && c->len <= coordinate_max;
}

int ak_public_parse(const struct bytes *file, struct ak_public *ret,
		    struct fail *f)
{
	struct unmarshal area;
	struct unmarshal rest;
	struct ak_public ak;
	int r;

	if (read_head(file, ak_head, sizeof(ak_head), &area, &rest) < 0 ||
	    unmarshal_sized(&rest, &ak.x) < 0 ||
	    unmarshal_sized(&rest, &ak.y) < 0 || rest.len ||
	    !is_coordinate(&ak.x) || !is_coordinate(&ak.y))
		return fail_because(f,
				    "it is not P-256 of the template of cvmctl "
				    "evidence",
				    other_keys, what_ak);
	r = name_of(&area, ak.name, what_ak, f);
	if (r == 0)
		*ret = ak;
	return r;
}
