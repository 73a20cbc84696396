// SPDX-License-Identifier: MIT
/*
 * See public.h: signatures by a TPM's key (TCG Part 2, 11.3). The mathematics
 * is OpenSSL's; here the numbers change their form.
 */
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <string.h>

#include "evidence/public.h"
#include "lib/own.h"
#include "seal/pcr.h"

enum {
	/* TPM_ALG_ID: TCG Part 2, 6.3 */
	alg_rsassa = 0x0014,
	alg_rsapss = 0x0016,
	alg_ecdsa = 0x0018,
	curve_p256 = 0x0003,
	coordinate_max = 48,
	point_max = 1 + 2 * coordinate_max, /* uncompressed: SEC 1, 2.3.3 */
	modulus_max = 512,
	der_max = 128, /* of two numbers of 48 bytes */
};

static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void free_import(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static void free_digest(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static void free_pair(ECDSA_SIG **pair)
{
	ECDSA_SIG_free(*pair);
}

#define own_key	   __attribute__((cleanup(free_key)))
#define own_import __attribute__((cleanup(free_import)))
#define own_digest __attribute__((cleanup(free_digest)))
#define own_pair   __attribute__((cleanup(free_pair)))

static EVP_PKEY *import_key(const char *type, OSSL_PARAM *params)
{
	own_import EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (!ctx || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		return NULL;
	return key;
}

/* The number as OpenSSL takes it, in the machine's byte order. */
static EVP_PKEY *import_rsa(const struct tpm_public *p)
{
	uint8_t modulus[modulus_max];
	uint32_t exponent = 65537;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus,
					p->modulus.len),
		OSSL_PARAM_construct_uint32(OSSL_PKEY_PARAM_RSA_E, &exponent),
		OSSL_PARAM_construct_end(),
	};

	for (size_t i = 0; i < p->modulus.len; i++)
		modulus[i] = p->modulus.at[p->modulus.len - 1 - i];
	return import_key("RSA", params);
}

/* Coordinates may have lost zeros at their beginning. */
static EVP_PKEY *import_ecc(const struct tpm_public *p)
{
	bool p256 = p->curve == curve_p256;
	size_t size = p256 ? 32 : coordinate_max;
	uint8_t point[point_max] = { 0x04 };
	char group[] = "P-256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
						  point, 1 + 2 * size),
		OSSL_PARAM_construct_end(),
	};

	if (!p256)
		memcpy(group, "P-384", sizeof(group));
	memcpy(point + 1 + size - p->x.len, p->x.at, p->x.len);
	memcpy(point + 1 + 2 * size - p->y.len, p->y.at, p->y.len);
	return import_key("EC", params);
}

EVP_PKEY *tpm_public_import(const struct tpm_public *p)
{
	return p->type == tpm_alg_rsa ? import_rsa(p) : import_ecc(p);
}

/* One signature, taken apart. */
struct signature {
	uint32_t scheme;
	enum digest_alg alg;
	struct unmarshal r; /* or all of an RSA one */
	struct unmarshal s;
};

static int read_signature(const struct bytes *b, struct signature *ret)
{
	struct unmarshal u = { b->data, b->len };
	uint32_t alg;
	int bank;

	if (unmarshal_number(&u, 2, &ret->scheme) < 0 ||
	    unmarshal_number(&u, 2, &alg) < 0 ||
	    unmarshal_sized(&u, &ret->r) < 0)
		return -EINVAL;
	if (ret->scheme == alg_ecdsa && unmarshal_sized(&u, &ret->s) < 0)
		return -EINVAL;
	bank = pcr_bank_from_tpm_alg((uint16_t)alg);
	if (u.len || bank < 0 || bank == DIGEST_SHA1)
		return -EINVAL;
	ret->alg = (enum digest_alg)bank;
	return ret->scheme == alg_ecdsa || ret->scheme == alg_rsassa ||
			       ret->scheme == alg_rsapss
		       ? 0
		       : -EINVAL;
}

/* The two numbers as the DER that OpenSSL takes; its length, or 0. */
static size_t write_pair(const struct signature *s, uint8_t ret[der_max])
{
	own_pair ECDSA_SIG *pair = ECDSA_SIG_new();
	uint8_t *at = ret;
	BIGNUM *r;
	BIGNUM *t;
	int len;

	if (!pair || s->r.len > coordinate_max || s->s.len > coordinate_max)
		return 0;
	r = BN_bin2bn(s->r.at, (int)s->r.len, NULL);
	t = BN_bin2bn(s->s.at, (int)s->s.len, NULL);
	if (!r || !t || ECDSA_SIG_set0(pair, r, t) != 1) {
		BN_free(r);
		BN_free(t);
		return 0;
	}
	len = i2d_ECDSA_SIG(pair, &at);
	return len > 0 ? (size_t)len : 0;
}

static bool is_valid(EVP_PKEY *key, const struct signature *s,
		     const struct bytes *data, const uint8_t *value, size_t len)
{
	own_digest EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *options = NULL; /* the context's own */

	if (!ctx || EVP_DigestVerifyInit_ex(ctx, &options, digest_name(s->alg),
					    NULL, NULL, key, NULL) != 1)
		return false;
	if (s->scheme == alg_rsapss &&
	    (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) <=
		     0 ||
	     EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_AUTO) <=
		     0))
		return false;
	return EVP_DigestVerify(ctx, value, len, data->data, data->len) == 1;
}

int tpm_public_verify(const struct tpm_public *p, const struct bytes *data,
		      const struct bytes *signature, enum digest_alg *ret_alg,
		      struct fail *f)
{
	own_key EVP_PKEY *key = tpm_public_import(p);
	struct signature s = { 0 };
	uint8_t der[der_max];
	const uint8_t *value = der;
	size_t len;

	if (read_signature(signature, &s) < 0)
		return fail_reason(f, "its signature is no TPMT_SIGNATURE of a "
				      "kind that is known");
	if (!key || (s.scheme == alg_ecdsa) != (p->type == tpm_alg_ecc))
		return fail_reason(f, "its signature is by no such key");
	len = s.r.len;
	if (s.scheme == alg_ecdsa)
		len = write_pair(&s, der);
	else
		value = s.r.at;
	if (!len || !is_valid(key, &s, data, value, len))
		return fail_reason(f, "its signature is not by this key");
	*ret_alg = s.alg;
	return 0;
}
