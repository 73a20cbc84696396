// SPDX-License-Identifier: MIT
/* See key-import.h. */
#include "seal/key-import.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

static void free_context(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

#define own_context __attribute__((cleanup(free_context)))

static EVP_PKEY *import_key(const char *type, OSSL_PARAM *params)
{
	own_context EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (!ctx || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		return NULL;
	return key;
}

EVP_PKEY *key_import_rsa(const struct unmarshal *modulus, uint32_t exponent)
{
	uint8_t reversed[key_import_modulus_max];
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

EVP_PKEY *key_import_ecc(const char *group, const struct unmarshal *x,
			 const struct unmarshal *y)
{
	size_t size =
		strcmp(group, "P-256") == 0 ? 32 : key_import_coordinate_max;
	/* uncompressed: SEC 1, 2.3.3 */
	uint8_t point[1 + 2 * key_import_coordinate_max] = { 0x04 };
	char name[] = "P-256"; /* as long as the other one */
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 name, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
						  point, 1 + 2 * size),
		OSSL_PARAM_construct_end(),
	};

	if (x->len > size || y->len > size)
		return NULL;
	(void)snprintf(name, sizeof(name), "%s", group); /* fits */
	memcpy(point + 1 + size - x->len, x->at, x->len);
	memcpy(point + 1 + 2 * size - y->len, y->at, y->len);
	return import_key("EC", params);
}
