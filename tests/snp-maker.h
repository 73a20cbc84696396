/* SPDX-License-Identifier: MIT */
/*
 * A maker of processors: certificates as AMD's, and reports that they sign.
 * Include cmocka.h first.
 */
#ifndef TESTS_SNP_MAKER_H
#define TESTS_SNP_MAKER_H

#include "evidence/signed/snp.h"
#include "tests/certificates.h"
#include "tests/trial.h"

enum {
	/* of ATTESTATION_REPORT, AMD 56860 */
	policy_at = 0x08,
	vmpl_at = 0x30,
	algorithm_at = 0x34,
	key_at = 0x48,
	data_at = 0x50,
	measurement_at = 0x90,
	tcb_at = 0x180,
	family_at = 0x188,
	chip_at = 0x1a0,
	signature_at = 0x2a0,
};

/* AMD's, if it were we. */
struct maker {
	EVP_PKEY *ark, *ask, *vcek;
	struct bytes ark_pem, ask_pem, vcek_pem, vcek_turin_pem;
	struct bytes other_pem; /* an ARK that has signed nothing */
	struct bytes table;
};

static const char *const maker_versions[] = {
	"1.3.6.1.4.1.3704.1.3.1", "1.3.6.1.4.1.3704.1.3.2",
	"1.3.6.1.4.1.3704.1.3.3", "1.3.6.1.4.1.3704.1.3.8",
	"1.3.6.1.4.1.3704.1.3.9",
};

/* A VCEK of the chip 0xc0..., with versions 3, 4, 5, 200 and, of Turin, 7. */
static inline X509 *maker_vcek(const struct maker *m, bool turin)
{
	static const uint8_t n[] = { 3, 4, 5, 200, 7 };
	uint8_t chip[64];
	X509 *c = test_certificate(m->vcek, "VCEK");

	memset(chip, 0xc0, sizeof(chip));
	test_extend_certificate(c, "1.3.6.1.4.1.3704.1.4", chip,
				turin ? 8 : sizeof(chip));
	for (size_t i = 0; i < (turin ? 5U : 4U); i++) {
		const uint8_t small[] = { 2, 1, n[i] };
		const uint8_t large[] = { 2, 2, 0, n[i] };

		if (n[i] < 128)
			test_extend_certificate(c, maker_versions[i], small,
						sizeof(small));
		else
			test_extend_certificate(c, maker_versions[i], large,
						sizeof(large));
	}
	test_sign_certificate(c, "ASK", m->ask);
	return c;
}

/* The table of the GHCB specification, with the VCEK and the ASK. */
static inline void maker_table(struct maker *m, X509 *ask, X509 *vcek)
{
	static const uint8_t guids[2][16] = {
		{ 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5,
		  0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd },
		{ 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f,
		  0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82 },
	};
	struct bytes der[2] = { test_certificate_der(vcek),
				test_certificate_der(ask) };
	uint32_t at = 3 * 24; /* two entries, and one of zeros */
	static const uint8_t end[24];
	own_text struct text t = { 0 };

	for (size_t i = 0; i < 2; i++) {
		text_add_bytes(&t, guids[i], sizeof(guids[i]));
		put_le32(&t, at);
		put_le32(&t, (uint32_t)der[i].len);
		at += (uint32_t)der[i].len;
	}
	text_add_bytes(&t, end, sizeof(end));
	for (size_t i = 0; i < 2; i++) {
		text_add_bytes(&t, der[i].data, der[i].len);
		bytes_free(&der[i]);
	}
	assert_int_equal(bytes_copy(t.s, t.len, &m->table), 0);
}

static inline void maker_make(struct maker *m)
{
	X509 *ark, *ask, *vcek, *turin, *other;

	m->ark = EVP_RSA_gen(2048);
	m->ask = EVP_RSA_gen(2048);
	m->vcek = EVP_EC_gen("P-384");
	ark = test_certificate(m->ark, "ARK");
	test_sign_certificate(ark, "ARK", m->ark);
	other = test_certificate(m->ask, "ARK");
	test_sign_certificate(other, "ARK", m->ask);
	ask = test_certificate(m->ask, "ASK");
	test_sign_certificate(ask, "ARK", m->ark);
	vcek = maker_vcek(m, false);
	turin = maker_vcek(m, true);
	m->ark_pem = test_certificate_pem(ark);
	m->ask_pem = test_certificate_pem(ask);
	m->vcek_pem = test_certificate_pem(vcek);
	m->vcek_turin_pem = test_certificate_pem(turin);
	m->other_pem = test_certificate_pem(other);
	maker_table(m, ask, vcek);
	X509_free(ark);
	X509_free(ask);
	X509_free(vcek);
	X509_free(turin);
	X509_free(other);
}

static inline void maker_free(struct maker *m)
{
	EVP_PKEY_free(m->ark);
	EVP_PKEY_free(m->ask);
	EVP_PKEY_free(m->vcek);
	bytes_free(&m->ark_pem);
	bytes_free(&m->ask_pem);
	bytes_free(&m->vcek_pem);
	bytes_free(&m->vcek_turin_pem);
	bytes_free(&m->other_pem);
	bytes_free(&m->table);
}

static inline void maker_sign(const struct maker *m, struct bytes *report)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[128];
	const uint8_t *at = der;
	size_t len = sizeof(der);
	ECDSA_SIG *pair;

	assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, "SHA384", NULL, NULL,
					       m->vcek, NULL),
			 1);
	assert_int_equal(
		EVP_DigestSign(ctx, der, &len, report->data, signature_at), 1);
	pair = d2i_ECDSA_SIG(NULL, &at, (long)len);
	assert_non_null(pair);
	assert_int_equal(BN_bn2lebinpad(ECDSA_SIG_get0_r(pair),
					report->data + signature_at, 72),
			 72);
	assert_int_equal(BN_bn2lebinpad(ECDSA_SIG_get0_s(pair),
					report->data + signature_at + 72, 72),
			 72);
	ECDSA_SIG_free(pair);
	EVP_MD_CTX_free(ctx);
}

/* SHA-512(SHA-512(nonce) || EK), as an SVSM does it. */
static inline void maker_bind(const struct trial *t, struct evidence_report *r)
{
	struct digest_set d;

	assert_int_equal(digest_data(1U << DIGEST_SHA512, t->e.nonce.data,
				     t->e.nonce.len, &d),
			 0);
	assert_int_equal(digest_pair(DIGEST_SHA512, d.value[DIGEST_SHA512], 64,
				     r->manifestblob.data, r->manifestblob.len,
				     r->outblob.data + data_at),
			 0);
}

/* A report of an SVSM, and all that its verifier needs. */
static inline void maker_attest(const struct maker *m, struct trial *t)
{
	static const uint8_t tcb[8] = { 3, 4, 0, 0, 0, 0, 5, 200 };
	struct evidence_report *r = &t->e.report[0];
	static const uint8_t zeros[snp_report_size];

	t->e.reports = 1;
	(void)snprintf(r->provider, sizeof(r->provider), "svsm");
	assert_int_equal(bytes_copy(zeros, sizeof(zeros), &r->outblob), 0);
	assert_int_equal(bytes_copy(t->e.tpm.ek.data + 2, t->e.tpm.ek.len - 2,
				    &r->manifestblob),
			 0);
	r->outblob.data[0] = 2;
	r->outblob.data[algorithm_at] = 1;
	memset(r->outblob.data + measurement_at, 0xab, 48);
	memcpy(r->outblob.data + tcb_at, tcb, sizeof(tcb));
	memset(r->outblob.data + chip_at, 0xc0, 64);
	maker_bind(t, r);
	maker_sign(m, &r->outblob);
	t->x.without_hardware = false;
	t->x.ek.given = false;
	t->x.snp.ark = &m->ark_pem;
	t->x.snp.ask = &m->ask_pem;
	t->x.snp.vcek = &m->vcek_pem;
	t->x.has_measurement = true;
	memset(t->x.measurement, 0xab, sizeof(t->x.measurement));
}

#endif
