// SPDX-License-Identifier: MIT
/* See public.h. Pure; the layouts are those of TCG Part 2, 12.2. */
#include "evidence/public.h"

#include <errno.h>
#include <string.h>

enum {
	curve_p256 = 0x0003, /* TPM_ECC_CURVE: 6.4 */
	curve_p384 = 0x0004,
	exponent_default = 65537, /* what 0 stands for: 12.2.3.5 */
	/* TPM_ALG_ID: 6.3 */
	alg_rsaes = 0x0015,
	alg_ecdaa = 0x001a,
	/* TPMA_OBJECT: 8.3 */
	attr_fixed_tpm = 1 << 1,
	attr_fixed_parent = 1 << 4,
	attr_sensitive_data_origin = 1 << 5,
	attr_restricted = 1 << 16,
	attr_decrypt = 1 << 17,
	attr_sign = 1 << 18,
	attr_own =
		attr_fixed_tpm | attr_fixed_parent | attr_sensitive_data_origin,
	modulus_min = 256, /* bytes */
	modulus_max = 512,
	coordinate_max = 48,
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
	if (exponent && exponent != exponent_default)
		return -EINVAL;
	return p->modulus.len >= modulus_min && p->modulus.len <= modulus_max &&
			       p->modulus.len == bits / 8
		       ? 0
		       : -EINVAL;
}

static int read_ecc(struct unmarshal *u, struct tpm_public *p)
{
	size_t size;

	if (skip_scheme(u) < 0 || unmarshal_number(u, 2, &p->curve) < 0 ||
	    skip_scheme(u) < 0 || /* the KDF has the same form */
	    unmarshal_sized(u, &p->x) < 0 || unmarshal_sized(u, &p->y) < 0)
		return -EINVAL;
	if (p->curve != curve_p256 && p->curve != curve_p384)
		return -EINVAL;
	size = p->curve == curve_p256 ? 32 : 48;
	return p->x.len <= size && p->y.len <= size ? 0 : -EINVAL;
}

static int read_area(struct unmarshal u, struct tpm_public *p)
{
	struct unmarshal policy;

	if (unmarshal_number(&u, 2, &p->type) < 0 ||
	    (p->type != tpm_alg_rsa && p->type != tpm_alg_ecc) ||
	    unmarshal_expect(&u, 2, tpm_alg_sha256) < 0 ||
	    unmarshal_number(&u, 4, &p->attributes) < 0 ||
	    unmarshal_sized(&u, &policy) < 0 || skip_symmetric(&u) < 0 ||
	    (p->type == tpm_alg_rsa ? read_rsa(&u, p) : read_ecc(&u, p)) < 0)
		return -EINVAL;
	return u.len ? -EINVAL : 0;
}

int tpm_public_read(const struct bytes *b, struct tpm_public *ret,
		    struct fail *f)
{
	struct unmarshal u = { b->data, b->len };
	struct tpm_public p = { 0 };
	int r;

	if (b->len > tpm_public_max || unmarshal_sized(&u, &p.area) < 0 ||
	    u.len || read_area(p.area, &p) < 0)
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
	if (!(p->attributes & attr_sign) || p->attributes & attr_decrypt)
		return "it is no signing key";
	if (!(p->attributes & attr_restricted))
		return "it is not restricted: it signs what others make up";
	if ((p->attributes & attr_own) != attr_own)
		return "it need not be in a TPM: not fixedTPM, fixedParent and "
		       "sensitiveDataOrigin";
	return NULL;
}

const char *tpm_public_refuse_decrypter(const struct tpm_public *p)
{
	if (!(p->attributes & attr_decrypt) || p->attributes & attr_sign ||
	    !(p->attributes & attr_restricted))
		return "it is no restricted decryption key";
	if ((p->attributes & attr_own) != attr_own)
		return "it need not be in a TPM: not fixedTPM, fixedParent and "
		       "sensitiveDataOrigin";
	return NULL;
}
