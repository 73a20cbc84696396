// SPDX-License-Identifier: MIT
/* See srk-public.h. Pure; the layouts are those of TCG Part 2, 12.2. */
#include "seal/srk-public.h"

#include <errno.h>
#include <string.h>

#include "lib/digest.h"

static const char what[] = "use the storage root key";
static const char export_again[] = "export it with cvmctl srk";

enum {
	curve_p256 = 0x0003,	  /* TPM_ECC_CURVE: 6.4 */
	default_exponent = 65537, /* what 0 stands for: 12.2.3.5 */
	/* TPMA_OBJECT: 8.3 */
	attr_fixed_tpm = 1 << 1,
	attr_fixed_parent = 1 << 4,
	attr_sensitive_data_origin = 1 << 5,
	attr_user_with_auth = 1 << 6,
	attr_restricted = 1 << 16,
	attr_decrypt = 1 << 17,
	attr_sign = 1 << 18,
	attr_required = attr_fixed_tpm | attr_fixed_parent |
			attr_sensitive_data_origin | attr_user_with_auth |
			attr_restricted | attr_decrypt,
	rsa_bits = 2048,
	coordinate_max = 32,
	handle_key = 1, /* IESYSC_KEY_RSRC of tpm2-tss */
};

static bool read_symmetric(struct unmarshal *u)
{
	return unmarshal_expect(u, 2, tpm_alg_aes) == 0 &&
	       unmarshal_expect(u, 2, 128) == 0 &&
	       unmarshal_expect(u, 2, tpm_alg_cfb) == 0 &&
	       unmarshal_expect(u, 2, tpm_alg_null) == 0; /* the scheme */
}

static bool read_rsa(struct unmarshal *u, struct srk_public *srk)
{
	if (unmarshal_expect(u, 2, rsa_bits) < 0 ||
	    unmarshal_number(u, 4, &srk->exponent) < 0 ||
	    unmarshal_sized(u, &srk->rsa) < 0)
		return false;
	if (srk->exponent == 0)
		srk->exponent = default_exponent;
	return srk->exponent == default_exponent &&
	       srk->rsa.len == rsa_bits / 8 && srk->rsa.at[0] & 0x80;
}

static bool is_coordinate(const struct unmarshal *c)
{
	return c->len > 0 && c->len <= coordinate_max;
}

static bool read_ecc(struct unmarshal *u, struct srk_public *srk)
{
	return unmarshal_expect(u, 2, curve_p256) == 0 &&
	       unmarshal_expect(u, 2, tpm_alg_null) == 0 && /* the KDF */
	       unmarshal_sized(u, &srk->x) == 0 &&
	       unmarshal_sized(u, &srk->y) == 0 && is_coordinate(&srk->x) &&
	       is_coordinate(&srk->y);
}

/* NULL, or why this is no key to seal for. */
static const char *read_area(struct unmarshal *u, struct srk_public *srk)
{
	struct unmarshal policy;
	uint32_t type;
	uint32_t name_alg;
	uint32_t attributes;

	if (unmarshal_number(u, 2, &type) < 0 ||
	    unmarshal_number(u, 2, &name_alg) < 0 ||
	    unmarshal_number(u, 4, &attributes) < 0 ||
	    unmarshal_sized(u, &policy) < 0)
		return "it is not the public area of a key";
	if ((attributes & attr_required) != attr_required ||
	    attributes & attr_sign)
		return "it is not a storage root key";
	srk->type = (uint16_t)type;
	if ((type != srk_rsa && type != srk_ecc) ||
	    name_alg != tpm_alg_sha256 || !read_symmetric(u) ||
	    !(type == srk_rsa ? read_rsa(u, srk) : read_ecc(u, srk)) || u->len)
		return "it is neither RSA-2048 nor P-256 with SHA-256 and "
		       "AES-128-CFB";
	return NULL;
}

int srk_public_parse(const struct bytes *file, struct srk_public *ret,
		     struct fail *f)
{
	struct unmarshal u = { file->data, file->len };
	struct srk_public srk = { 0 };
	struct unmarshal area;
	const char *why;
	int r;

	if (file->len > srk_public_max || unmarshal_sized(&u, &srk.area) < 0 ||
	    u.len)
		return fail_because(f, "it is not one TPM2B_PUBLIC",
				    export_again, "%s", what);
	area = srk.area;
	why = read_area(&area, &srk);
	if (why)
		return fail_because(f, why, export_again, "%s", what);
	r = tpm_name(srk.area.at, srk.area.len, srk.name);
	if (r < 0)
		return fail_errno(f, r, "give the VM more memory", "%s", what);
	*ret = srk;
	return 0;
}

int srk_public_record(const struct srk_public *srk, struct bytes *ret)
{
	uint8_t record[srk_record_max];
	struct marshal m = { record, sizeof(record), 0, false };

	marshal_number(&m, 4, tpm_srk_handle);
	marshal_sized(&m, srk->name, sizeof(srk->name));
	marshal_number(&m, 4, handle_key);
	marshal_sized(&m, srk->area.at, srk->area.len);
	return m.failed ? -EINVAL : bytes_copy(record, m.len, ret);
}
