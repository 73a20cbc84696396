// SPDX-License-Identifier: MIT
/* See public.h. Pure; the layouts are those of TCG Part 2, 12.2. */
#include "seal/object/public.h"

#include <errno.h>

enum {
	/* TPM_ALG_ID: 6.3 */
	alg_rsaes = 0x0015,
	alg_ecdaa = 0x001a,
	own = tpm_attr_fixed_tpm | tpm_attr_fixed_parent |
	      tpm_attr_sensitive_data_origin,
	modulus_min = 256, /* bytes */
	modulus_max = 512,
};

/* TPMT_SYM_DEF_OBJECT: an algorithm, and bits and a mode unless it is null. */
static int skip_symmetric(struct unmarshal *u)
{
	uint32_t alg;
	uint32_t n;

	if (unmarshal_number(u, 2, &alg) < 0)
		return -EINVAL;
	if (alg == tpm_alg_null)
		return 0;
	return unmarshal_number(u, 2, &n) < 0 || unmarshal_number(u, 2, &n) < 0
		       ? -EINVAL
		       : 0;
}

/* A scheme: an algorithm, and a hash for all but two, with a count for one. */
static int skip_scheme(struct unmarshal *u)
{
	uint32_t alg;
	uint32_t n;

	if (unmarshal_number(u, 2, &alg) < 0)
		return -EINVAL;
	if (alg == tpm_alg_null || alg == alg_rsaes)
		return 0;
	if (unmarshal_number(u, 2, &n) < 0)
		return -EINVAL;
	return alg == alg_ecdaa ? unmarshal_number(u, 2, &n) : 0;
}

static int read_rsa(struct unmarshal *u, struct tpm_public *p)
{
	uint32_t bits;
	uint32_t exponent;

	if (skip_scheme(u) < 0 || unmarshal_number(u, 2, &bits) < 0 ||
	    unmarshal_number(u, 4, &exponent) < 0 ||
	    unmarshal_sized(u, &p->modulus) < 0)
		return -EINVAL;
	if (exponent && exponent != tpm_rsa_exponent)
		return -EINVAL;
	return p->modulus.len >= modulus_min && p->modulus.len <= modulus_max &&
			       p->modulus.len == bits / 8 &&
			       p->modulus.at[0] & 0x80
		       ? 0
		       : -EINVAL;
}

static bool is_coordinate(const struct unmarshal *c, size_t size)
{
	return c->len > 0 && c->len <= size;
}

static int read_ecc(struct unmarshal *u, struct tpm_public *p)
{
	size_t size;

	if (skip_scheme(u) < 0 || unmarshal_number(u, 2, &p->curve) < 0 ||
	    skip_scheme(u) < 0 || /* the KDF has the same form */
	    unmarshal_sized(u, &p->x) < 0 || unmarshal_sized(u, &p->y) < 0)
		return -EINVAL;
	if (p->curve != tpm_curve_p256 && p->curve != tpm_curve_p384)
		return -EINVAL;
	size = p->curve == tpm_curve_p256 ? 32 : 48;
	return is_coordinate(&p->x, size) && is_coordinate(&p->y, size)
		       ? 0
		       : -EINVAL;
}

/* The parameters, and nothing behind them. */
static int read_key(struct unmarshal u, struct tpm_public *p)
{
	int r = skip_symmetric(&u);

	if (r == 0 && p->type == tpm_alg_rsa)
		r = read_rsa(&u, p);
	else if (r == 0 && p->type == tpm_alg_ecc)
		r = read_ecc(&u, p);
	else
		return -EINVAL;
	return u.len ? -EINVAL : r;
}

enum public_extent tpm_public_unmarshal(const struct bytes *b,
					struct tpm_public *ret)
{
	struct unmarshal u = { b->data, b->len };
	struct unmarshal policy;
	uint32_t name_alg;

	*ret = (struct tpm_public){ 0 };
	if (unmarshal_sized(&u, &ret->area) < 0 || u.len)
		return PUBLIC_NONE;
	u = ret->area;
	if (unmarshal_number(&u, 2, &ret->type) < 0 ||
	    unmarshal_number(&u, 2, &name_alg) < 0 ||
	    unmarshal_number(&u, 4, &ret->attributes) < 0 ||
	    unmarshal_sized(&u, &policy) < 0)
		return PUBLIC_AREA;
	ret->parameters = u;
	return name_alg == tpm_alg_sha256 && read_key(u, ret) == 0
		       ? PUBLIC_WHOLE
		       : PUBLIC_HEAD;
}

int tpm_public_read(const struct bytes *b, struct tpm_public *ret,
		    struct fail *f)
{
	struct tpm_public p;
	int r;

	if (b->len > tpm_public_max ||
	    tpm_public_unmarshal(b, &p) != PUBLIC_WHOLE)
		return fail_reason(f, "it is no TPM2B_PUBLIC of an RSA or ECC "
				      "key with SHA-256 names");
	r = tpm_name(p.area.at, p.area.len, p.name);
	if (r < 0)
		return r;
	*ret = p;
	return 0;
}

const char *tpm_public_refuse_signer(const struct tpm_public *p)
{
	if (!(p->attributes & tpm_attr_sign) ||
	    p->attributes & tpm_attr_decrypt)
		return "it is no signing key";
	if (!(p->attributes & tpm_attr_restricted))
		return "it is not restricted: it signs what others make up";
	if ((p->attributes & own) != own)
		return "it need not be in a TPM: not fixedTPM, fixedParent and "
		       "sensitiveDataOrigin";
	return NULL;
}

const char *tpm_public_refuse_decrypter(const struct tpm_public *p)
{
	if (!(p->attributes & tpm_attr_decrypt) ||
	    p->attributes & tpm_attr_sign ||
	    !(p->attributes & tpm_attr_restricted))
		return "it is no restricted decryption key";
	if ((p->attributes & own) != own)
		return "it need not be in a TPM: not fixedTPM, fixedParent and "
		       "sensitiveDataOrigin";
	return NULL;
}
