/* SPDX-License-Identifier: MIT */
/*
 * A maker of processors with Intel TDX: certificates as Intel's, an enclave
 * that quotes, and quotes that they sign. Include cmocka.h first.
 */
#ifndef TESTS_TD_MAKER_H
#define TESTS_TD_MAKER_H

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>

#include "evidence/signed/td-quote.h"
#include "lib/digest.h"
#include "lib/own.h"
#include "lib/text.h"
#include "tests/certificates.h"

enum {
	td_header_size = 48,
	td_body_size = 584,
	td_body_max = 648,
	/* of a TD's report */
	td_module_signer_at = 64,
	td_attributes_at = 120,
	td_mrtd_at = 136,
	td_rtmr_at = 328,
	td_data_at = 520,
	/* of an enclave's */
	td_flags_at = 48,
	td_signer_at = 128,
	td_product_at = 256,
	td_enclave_data_at = 320,
};

/* Intel's, if it were we. */
struct td_maker {
	EVP_PKEY *root, *ca, *pck, *key, *other;
	struct bytes root_pem, other_pem; /* the other has signed nothing */
	/* PCK, CA and root; and with one of them not as it has to be */
	struct bytes chain, old_chain, plain_chain, no_ca_chain, short_chain;
};

/* What a quote is written from. */
struct td_parts {
	uint8_t header[td_header_size];
	uint8_t body[td_body_max];
	uint32_t body_size;
	uint8_t enclave[td_enclave_size];
	const char *vouched; /* by the enclave, behind the key */
	const struct bytes *chain;
	EVP_PKEY *signer, *enclave_signer;
};

static inline X509 *td_certificate(EVP_PKEY *key, const char *name, bool is_ca)
{
	static const uint8_t ca[] = { 0x30, 3, 1, 1, 0xff };
	X509 *c = test_certificate(key, name);

	if (is_ca)
		test_extend_certificate(c, "2.5.29.19", ca, sizeof(ca));
	return c;
}

static inline X509 *td_pck(const struct td_maker *m, bool with_extension,
			   long until)
{
	static const uint8_t empty[] = { 0x30, 0 };
	X509 *c = test_certificate(m->pck, "PCK");

	if (with_extension)
		test_extend_certificate(c, "1.2.840.113741.1.13.1", empty,
					sizeof(empty));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(c), until));
	test_sign_certificate(c, "CA", m->ca);
	return c;
}

/* The first n certificates, one after the other. */
static inline struct bytes td_chain(X509 *const c[], size_t n)
{
	own_text struct text t = { 0 };
	struct bytes ret = { 0 };

	for (size_t i = 0; i < n; i++) {
		own_bytes struct bytes pem = test_certificate_pem(c[i]);

		text_add(&t, "%s", (const char *)pem.data);
	}
	assert_false(text_failed(&t));
	assert_int_equal(bytes_copy(t.s, t.len, &ret), 0);
	return ret;
}

static inline void td_maker_make(struct td_maker *m)
{
	X509 *pck, *ca, *root, *old, *plain, *no_ca, *other;

	m->root = EVP_EC_gen("P-256");
	m->ca = EVP_EC_gen("P-256");
	m->pck = EVP_EC_gen("P-256");
	m->key = EVP_EC_gen("P-256");
	m->other = EVP_EC_gen("P-256");
	root = td_certificate(m->root, "root", true);
	test_sign_certificate(root, "root", m->root);
	other = td_certificate(m->other, "root", true);
	test_sign_certificate(other, "root", m->other);
	ca = td_certificate(m->ca, "CA", true);
	test_sign_certificate(ca, "root", m->root);
	no_ca = td_certificate(m->ca, "CA", false);
	test_sign_certificate(no_ca, "root", m->root);
	pck = td_pck(m, true, 3600);
	old = td_pck(m, true, -60);
	plain = td_pck(m, false, 3600);
	m->root_pem = test_certificate_pem(root);
	m->other_pem = test_certificate_pem(other);
	m->chain = td_chain((X509 *[]){ pck, ca, root }, 3);
	m->old_chain = td_chain((X509 *[]){ old, ca, root }, 3);
	m->plain_chain = td_chain((X509 *[]){ plain, ca, root }, 3);
	m->no_ca_chain = td_chain((X509 *[]){ pck, no_ca, root }, 3);
	m->short_chain = td_chain((X509 *[]){ pck }, 1);
	X509_free(pck);
	X509_free(ca);
	X509_free(root);
	X509_free(old);
	X509_free(plain);
	X509_free(no_ca);
	X509_free(other);
}

static inline void td_maker_free(struct td_maker *m)
{
	EVP_PKEY_free(m->root);
	EVP_PKEY_free(m->ca);
	EVP_PKEY_free(m->pck);
	EVP_PKEY_free(m->key);
	EVP_PKEY_free(m->other);
	bytes_free(&m->root_pem);
	bytes_free(&m->other_pem);
	bytes_free(&m->chain);
	bytes_free(&m->old_chain);
	bytes_free(&m->plain_chain);
	bytes_free(&m->no_ca_chain);
	bytes_free(&m->short_chain);
}

/* A number, least byte first. */
static inline void td_add_number(struct text *t, size_t size, size_t number)
{
	for (size_t i = 0; i < size; i++, number >>= 8) {
		uint8_t byte = (uint8_t)number;

		text_add_bytes(t, &byte, 1);
	}
}

/* X and Y of a key. */
static inline void td_write_key(EVP_PKEY *key, uint8_t ret[static td_p256_size])
{
	uint8_t point[1 + td_p256_size];
	size_t len = 0;

	assert_int_equal(
		EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
						point, sizeof(point), &len),
		1);
	assert_int_equal(len, sizeof(point));
	memcpy(ret, point + 1, td_p256_size);
}

static inline void td_sign(EVP_PKEY *key, const void *data, size_t len,
			   uint8_t ret[static td_p256_size])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[128];
	const uint8_t *at = der;
	size_t size = sizeof(der);
	ECDSA_SIG *pair;

	assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL,
					       key, NULL),
			 1);
	assert_int_equal(EVP_DigestSign(ctx, der, &size, data, len), 1);
	pair = d2i_ECDSA_SIG(NULL, &at, (long)size);
	assert_non_null(pair);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(pair), ret, 32), 32);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(pair), ret + 32, 32),
			 32);
	ECDSA_SIG_free(pair);
	EVP_MD_CTX_free(ctx);
}

/* A TD of version 4 with these registers, quoted by Intel's enclave. */
static inline void td_parts_begin(const struct td_maker *m, struct td_parts *p)
{
	static const uint8_t signer[] = {
		0xdc, 0x9e, 0x2a, 0x7c, 0x6f, 0x94, 0x8f, 0x17,
		0x47, 0x4e, 0x34, 0xa7, 0xfc, 0x43, 0xed, 0x03,
		0x0f, 0x7c, 0x15, 0x63, 0xf1, 0xba, 0xbd, 0xdf,
		0x63, 0x40, 0xc8, 0x2e, 0x0e, 0x54, 0xa8, 0xc5,
	};
	static const char vouched[] = "data of the enclave";
	struct digest_set d;
	uint8_t key[td_p256_size];

	*p = (struct td_parts){ .body_size = td_body_size,
				.vouched = vouched,
				.chain = &m->chain,
				.signer = m->key,
				.enclave_signer = m->pck };
	p->header[0] = 4;
	p->header[2] = 2;
	p->header[4] = 0x81;
	p->body[td_attributes_at + 3] = 0x10;
	memset(p->body + td_mrtd_at, 0xab, td_register_size);
	for (int i = 0; i < td_rtmrs - 1; i++)
		memset(p->body + td_rtmr_at + i * td_register_size, 0xa0 + i,
		       td_register_size);
	p->enclave[td_flags_at] = 0x15;
	p->enclave[td_product_at] = 2;
	memcpy(p->enclave + td_signer_at, signer, sizeof(signer));
	td_write_key(m->key, key);

	const struct digest_span spans[] = { { key, sizeof(key) },
					     { vouched, strlen(vouched) } };

	assert_int_equal(digest_spans(1U << DIGEST_SHA256, spans, 2, &d), 0);
	memcpy(p->enclave + td_enclave_data_at, d.value[DIGEST_SHA256], 32);
}

/* As TDX 1.5 has it, in version 5. */
static inline void td_parts_be_newer(struct td_parts *p)
{
	p->header[0] = 5;
	p->body_size = td_body_max;
}

static inline void td_write_certification(const struct td_parts *p,
					  struct text *ret)
{
	uint8_t signature[td_p256_size];

	td_sign(p->enclave_signer, p->enclave, sizeof(p->enclave), signature);
	text_add_bytes(ret, p->enclave, sizeof(p->enclave));
	text_add_bytes(ret, signature, sizeof(signature));
	td_add_number(ret, 2, strlen(p->vouched));
	text_add(ret, "%s", p->vouched);
	td_add_number(ret, 2, 5);
	td_add_number(ret, 4, p->chain->len);
	text_add_bytes(ret, p->chain->data, p->chain->len);
}

static inline void td_parts_write(const struct td_maker *m,
				  const struct td_parts *p, struct bytes *ret)
{
	own_text struct text t = { 0 };
	own_text struct text certification = { 0 };
	uint8_t signature[td_p256_size];
	uint8_t key[td_p256_size];

	text_add_bytes(&t, p->header, sizeof(p->header));
	if (p->header[0] == 5) {
		td_add_number(&t, 2, p->body_size == td_body_max ? 3 : 2);
		td_add_number(&t, 4, p->body_size);
	}
	text_add_bytes(&t, p->body, p->body_size);
	td_sign(p->signer, t.s, t.len, signature);
	td_write_key(m->key, key);
	td_write_certification(p, &certification);
	td_add_number(&t, 4, 2 * td_p256_size + 6 + certification.len);
	text_add_bytes(&t, signature, sizeof(signature));
	text_add_bytes(&t, key, sizeof(key));
	td_add_number(&t, 2, 6);
	td_add_number(&t, 4, certification.len);
	text_add_bytes(&t, certification.s, certification.len);
	assert_false(text_failed(&t) || text_failed(&certification));
	bytes_free(ret);
	assert_int_equal(bytes_copy(t.s, t.len, ret), 0);
}

#endif
