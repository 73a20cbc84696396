// SPDX-License-Identifier: MIT
/* See public.h: public keys of a TPM for OpenSSL. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#include "lib/own-crypto.h"
#include "seal/object/public.h"

enum {
	modulus_max = 512,  /* bytes: RSA-4096 */
	coordinate_max = 48 /* of P-384 */
};

static EVP_PKEY *import_key(const char *type, OSSL_PARAM *params)
{
	own_key_context EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (!ctx || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		return NULL;
	return key;
}

static EVP_PKEY *import_rsa(const struct unmarshal *modulus)
{
	uint8_t reversed[modulus_max];
	uint32_t exponent = tpm_rsa_exponent;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, reversed,
					modulus->len),
		OSSL_PARAM_construct_uint32(OSSL_PKEY_PARAM_RSA_E, &exponent),
		OSSL_PARAM_construct_end(),
	};

	if (modulus->len > sizeof(reversed))
		return NULL;
	/* as OpenSSL takes numbers: in the machine's byte order */
	for (size_t i = 0; i < modulus->len; i++)
		reversed[i] = modulus->at[modulus->len - 1 - i];
	return import_key("RSA", params);
}

/* Coordinates may have lost zeros at their beginning. */
static EVP_PKEY *import_ecc(bool is_p256, const struct unmarshal *x,
			    const struct unmarshal *y)
{
	size_t size = is_p256 ? 32 : coordinate_max;
	/* uncompressed: SEC 1, 2.3.3 */
	uint8_t point[1 + 2 * coordinate_max] = { 0x04 };
	char p256[] = "P-256";
	char p384[] = "P-384";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 is_p256 ? p256 : p384, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
						  point, 1 + 2 * size),
		OSSL_PARAM_construct_end(),
	};

	if (x->len > size || y->len > size)
		return NULL;
	memcpy(point + 1 + size - x->len, x->at, x->len);
	memcpy(point + 1 + 2 * size - y->len, y->at, y->len);
	return import_key("EC", params);
}

EVP_PKEY *tpm_public_import(const struct tpm_public *p)
{
	return p->type == tpm_alg_rsa
		       ? import_rsa(&p->modulus)
		       : import_ecc(p->curve == tpm_curve_p256, &p->x, &p->y);
}
