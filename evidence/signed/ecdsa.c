// SPDX-License-Identifier: MIT
/* See ecdsa.h. */
#include "evidence/signed/ecdsa.h"

#include <openssl/evp.h>

#include "lib/own-crypto.h"

size_t ecdsa_write_der(BIGNUM *r, BIGNUM *s, uint8_t ret[static ecdsa_der_max])
{
	own_ecdsa ECDSA_SIG *pair = ECDSA_SIG_new();
	uint8_t *end = ret;
	int len;

	if (!pair || !r || !s || ECDSA_SIG_set0(pair, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return 0;
	}
	len = i2d_ECDSA_SIG(pair, NULL);
	if (len <= 0 || len > ecdsa_der_max)
		return 0;
	return (size_t)i2d_ECDSA_SIG(pair, &end);
}

bool ecdsa_is_valid(EVP_PKEY *key, const char *digest, BIGNUM *r, BIGNUM *s,
		    const struct unmarshal *data)
{
	own_digest_context EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[ecdsa_der_max];
	size_t len = ecdsa_write_der(r, s, der);

	return ctx && key && len &&
	       EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, key,
				       NULL) == 1 &&
	       EVP_DigestVerify(ctx, der, len, data->at, data->len) == 1;
}
