/* SPDX-License-Identifier: MIT */
/* The words of own.h for what OpenSSL allocates. */
#ifndef LIB_OWN_CRYPTO_H
#define LIB_OWN_CRYPTO_H

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

static inline void own_key_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static inline void own_key_context_free(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static inline void own_digest_context_free(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static inline void own_bio_free(BIO **bio)
{
	BIO_free_all(*bio);
}

/* The two numbers of a signature. */
static inline void own_ecdsa_free(ECDSA_SIG **pair)
{
	ECDSA_SIG_free(*pair);
}

#define own_key		   __attribute__((cleanup(own_key_free)))
#define own_key_context	   __attribute__((cleanup(own_key_context_free)))
#define own_digest_context __attribute__((cleanup(own_digest_context_free)))
#define own_bio		   __attribute__((cleanup(own_bio_free)))
#define own_ecdsa	   __attribute__((cleanup(own_ecdsa_free)))

#endif
