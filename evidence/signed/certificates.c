// SPDX-License-Identifier: MIT
/* See certificates.h. */
#include "evidence/signed/certificates.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "lib/own-crypto.h"
#include "lib/own.h"

enum { store_max = 64 }; /* certificates of a PEM file */

void certificate_free(X509 **certificate)
{
	X509_free(*certificate);
}

void certificate_store_free(X509_STORE **store)
{
	X509_STORE_free(*store);
}

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

/* Without this OpenSSL asks the terminal, if somebody says it is encrypted. */
static int have_no_password(char *buffer, int size, int writing, void *data)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)data;
	return -1;
}

/* NULL at the end, and for what is damaged: *ret_end says which it is. */
static X509 *read_next(BIO *bio, bool *ret_end)
{
	X509 *c;

	ERR_clear_error();
	c = PEM_read_bio_X509(bio, NULL, have_no_password, NULL);
	*ret_end = !c &&
		   ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	return c;
}

X509 *certificate_read_pem(const struct bytes *pem)
{
	own_bio BIO *bio = open_pem(pem);
	bool end = false;
	own_certificate X509 *c = bio ? read_next(bio, &end) : NULL;
	own_certificate X509 *more = c ? read_next(bio, &end) : NULL;

	return !more && end ? take_ptr(c) : NULL;
}

size_t certificate_read_chain(const struct bytes *pem, X509 *ret[], size_t max)
{
	own_bio BIO *bio = open_pem(pem);
	bool end; /* or damage: what follows is left out */
	size_t n = 0;

	while (bio && n < max) {
		ret[n] = read_next(bio, &end);
		if (!ret[n])
			break;
		n++;
	}
	return n;
}

X509_STORE *certificate_store_read(const struct bytes *pem)
{
	own_bio BIO *bio = open_pem(pem);
	own_certificate_store X509_STORE *store = X509_STORE_new();
	bool end = false;
	int n = 0;

	for (; bio && store; n++) {
		own_certificate X509 *c = read_next(bio, &end);

		if (!c)
			break;
		if (n == store_max || X509_STORE_add_cert(store, c) != 1)
			return NULL;
	}
	return n && end ? take_ptr(store) : NULL;
}

bool certificate_is_valid_at(const X509 *certificate, time_t when)
{
	return X509_cmp_time(X509_get0_notBefore(certificate), &when) < 0 &&
	       X509_cmp_time(X509_get0_notAfter(certificate), &when) > 0;
}

bool certificate_is_current(const X509 *certificate)
{
	return certificate_is_valid_at(certificate, time(NULL));
}
