/* SPDX-License-Identifier: MIT */
/*
 * Certificates made for a test: keys, chains, and the extensions of AMD's.
 * Include cmocka.h first.
 */
#ifndef TESTS_CERTIFICATES_H
#define TESTS_CERTIFICATES_H

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/bytes.h"

static inline X509 *test_certificate(EVP_PKEY *key, const char *name)
{
	X509 *c = X509_new();
	X509_NAME *n = X509_get_subject_name(c);

	assert_non_null(c);
	assert_int_equal(X509_set_version(c, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(c), 1), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(c), -3600));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(c), 3600));
	assert_int_equal(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC,
						    (const uint8_t *)name, -1,
						    -1, 0),
			 1);
	assert_int_equal(X509_set_pubkey(c, key), 1);
	return c;
}

static inline void test_sign_certificate(X509 *c, const char *issuer,
					 EVP_PKEY *key)
{
	X509_NAME *n = X509_NAME_new();

	assert_int_equal(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC,
						    (const uint8_t *)issuer, -1,
						    -1, 0),
			 1);
	assert_int_equal(X509_set_issuer_name(c, n), 1);
	X509_NAME_free(n);
	assert_true(X509_sign(c, key, EVP_sha384()) > 0);
}

static inline void test_extend_certificate(X509 *c, const char *oid,
					   const uint8_t *data, size_t len)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e;

	assert_int_equal(ASN1_OCTET_STRING_set(value, data, (int)len), 1);
	e = X509_EXTENSION_create_by_OBJ(NULL, object, 0, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(c, e, -1), 1);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(object);
}

static inline struct bytes test_certificate_pem(X509 *c)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct bytes ret = { 0 };
	char *data = NULL;
	long len;

	assert_int_equal(PEM_write_bio_X509(bio, c), 1);
	len = BIO_get_mem_data(bio, &data);
	assert_int_equal(bytes_copy(data, (size_t)len, &ret), 0);
	assert_int_equal(BIO_free(bio), 1);
	return ret;
}

static inline struct bytes test_certificate_der(X509 *c)
{
	uint8_t *der = NULL;
	int len = i2d_X509(c, &der);
	struct bytes ret = { 0 };

	assert_true(len > 0);
	assert_int_equal(bytes_copy(der, (size_t)len, &ret), 0);
	OPENSSL_free(der);
	return ret;
}

/* A maker of TPMs, who signs with this key. */
static inline struct bytes test_maker_pem(EVP_PKEY *key)
{
	static const uint8_t may_sign[] = { 0x30, 3, 1, 1, 0xff };
	X509 *c = test_certificate(key, "a maker");
	struct bytes pem;

	test_extend_certificate(c, "2.5.29.19", may_sign, sizeof(may_sign));
	test_sign_certificate(c, "a maker", key);
	pem = test_certificate_pem(c);
	X509_free(c);
	return pem;
}

/* Of an endorsement key, by that maker. */
static inline struct bytes test_ek_der(EVP_PKEY *key, EVP_PKEY *by)
{
	X509 *c = test_certificate(key, "EK");
	struct bytes der;

	test_sign_certificate(c, "a maker", by);
	der = test_certificate_der(c);
	X509_free(c);
	return der;
}

/* A new private key on P-256, in PEM. */
static inline void test_write_key(const char *path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new_file(path, "w");

	assert_non_null(bio);
	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL,
						  NULL),
			 1);
	assert_int_equal(BIO_free(bio), 1);
	assert_int_equal(chmod(path, 0600), 0);
	EVP_PKEY_free(key);
}

#endif
