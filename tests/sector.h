/* SPDX-License-Identifier: MIT */
/* Sectors of a volume, read as the kernel would. Include cmocka.h first. */
#ifndef TESTS_SECTOR_H
#define TESTS_SECTOR_H

#include <openssl/evp.h>
#include <stdint.h>

#include "lib/secret.h"

/* Sector n as dm-crypt would read it: by OpenSSL, not by fill.c. */
static inline void sector_decrypt(const struct secret *key, uint64_t n,
				  uint8_t *sector)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint64_t iv[2] = { n * 8, 0 }; /* little-endian, as this machine */
	int len = 0;

	assert_int_equal(EVP_DecryptInit_ex(ctx, EVP_aes_256_xts(), NULL,
					    key->data, (uint8_t *)iv),
			 1);
	assert_int_equal(EVP_DecryptUpdate(ctx, sector, &len, sector, 4096), 1);
	EVP_CIPHER_CTX_free(ctx);
}

#endif
