// SPDX-License-Identifier: MIT
/* See outer-wrap.h. For a parent with SHA-256 and AES-128-CFB. */
#include "seal/object/outer-wrap.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "lib/own.h"
#include "seal/object/kdf.h"

enum { symmetric_size = 16 };

static bool encrypt_inner(const uint8_t *key, const struct secret *plain,
			  uint8_t *ret)
{
	static const uint8_t iv[16] = { 0 };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0;
	bool done = ctx &&
		    EVP_EncryptInit_ex(ctx, EVP_aes_128_cfb128(), NULL, key,
				       iv) == 1 &&
		    EVP_EncryptUpdate(ctx, ret, &len, plain->data,
				      (int)plain->len) == 1 &&
		    (size_t)len == plain->len;

	EVP_CIPHER_CTX_free(ctx);
	return done;
}

static int derive_keys(const struct secret *seed, const uint8_t *name,
		       struct secret *ret)
{
	const struct kdf_context storage = { "STORAGE", name, tpm_name_size,
					     NULL, 0 };
	const struct kdf_context integrity = { .label = "INTEGRITY" };
	int r = secret_alloc(symmetric_size + kdf_size_max, ret);

	if (r == 0)
		r = kdf_a(seed->data, seed->len, &storage, ret->data,
			  symmetric_size);
	if (r == 0)
		r = kdf_a(seed->data, seed->len, &integrity,
			  ret->data + symmetric_size, kdf_size_max);
	return r;
}

int outer_wrap(const struct secret *seed,
	       const uint8_t name[static tpm_name_size],
	       const struct secret *plain, struct marshal *ret)
{
	own_secret struct secret keys = { 0 };
	uint8_t input[outer_wrap_max + tpm_name_size];
	uint8_t hmac[32];
	int r = derive_keys(seed, name, &keys);

	if (r < 0)
		return r;
	if (plain->len > outer_wrap_max)
		return -EINVAL;
	if (!encrypt_inner(keys.data, plain, input))
		return -ENOMEM;
	memcpy(input + plain->len, name, tpm_name_size);
	if (!HMAC(EVP_sha256(), keys.data + symmetric_size, kdf_size_max, input,
		  plain->len + tpm_name_size, hmac, NULL))
		return -ENOMEM;
	marshal_sized(ret, hmac, sizeof(hmac));
	marshal_bytes(ret, input, plain->len);
	return ret->failed ? -EINVAL : 0;
}
