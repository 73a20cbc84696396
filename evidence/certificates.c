// SPDX-License-Identifier: MIT
/* See certificates.h. */
#include "evidence/certificates.h"

#include <limits.h>
#include <openssl/pem.h>

enum { store_max = 64 }; /* certificates of a PEM file */

void certificate_free(X509 **certificate)
{
	X509_free(*certificate);
}

void certificate_store_free(X509_STORE **store)
{
	X509_STORE_free(*store);
}

void public_key_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void free_bio(BIO **bio)
{
	(void)BIO_free(*bio); /* of memory: nothing can be lost */
}

#define own_bio __attribute__((cleanup(free_bio)))

static BIO *open_pem(const struct bytes *pem)
{
	return pem->len <= INT_MAX ? BIO_new_mem_buf(pem->data, (int)pem->len)
				   : NULL;
}

X509 *certificate_read_der(const uint8_t *data, size_t len)
{
	const uint8_t *at = data;
	own_certificate X509 *c = NULL;
	X509 *taken;

	if (!len || len > INT_MAX)
		return NULL;
	c = d2i_X509(NULL, &at, (long)len);
	if (!c || at != data + len)
		return NULL;
	taken = c;
	c = NULL;
	return taken;
}

X509 *certificate_read_pem(const struct bytes *pem)
{
	own_bio BIO *bio = open_pem(pem);

	return bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
}

X509_STORE *certificate_store_read(const struct bytes *pem)
{
	own_bio BIO *bio = open_pem(pem);
	own_certificate_store X509_STORE *store = X509_STORE_new();
	X509_STORE *taken = NULL;
	int n = 0;

	for (; bio && store && n < store_max; n++) {
		own_certificate X509 *c =
			PEM_read_bio_X509(bio, NULL, NULL, NULL);

		if (!c)
			break;
		if (X509_STORE_add_cert(store, c) != 1)
			return NULL;
	}
	if (n && n < store_max) {
		taken = store;
		store = NULL;
	}
	return taken;
}

bool certificate_is_current(const X509 *certificate)
{
	return X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
	       X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}
