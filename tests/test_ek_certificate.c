// SPDX-License-Identifier: MIT
/* The judge and certificates of endorsement keys. As test_judge.c. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "tests/certificates.h"
#include "tests/trial.h"

static struct bytes ca;	      /* PEM */
static struct bytes other_ca; /* the same name, another key */
static struct bytes ek_der;
static struct bytes other_der;	 /* of another key, by the same maker */
static struct bytes purpose_der; /* of the key, for endorsement keys */
static struct bytes server_der;	 /* of the key, for a server of TLS */
static struct bytes old_der;	 /* of the key, until a second ago */

/* An extended key usage of one purpose; NULL: expired instead. */
static struct bytes make_special_der(EVP_PKEY *key, EVP_PKEY *by,
				     const uint8_t *purpose, size_t len)
{
	X509 *c = test_certificate(key, "EK");
	struct bytes der;

	if (purpose)
		test_extend_certificate(c, "2.5.29.37", purpose, len);
	else
		assert_non_null(X509_gmtime_adj(X509_getm_notAfter(c), -1));
	test_sign_certificate(c, "a maker", by);
	der = test_certificate_der(c);
	X509_free(c);
	return der;
}

static void make_special(EVP_PKEY *key, EVP_PKEY *by)
{
	/* SEQUENCE of one OID: 2.23.133.8.1, and 1.3.6.1.5.5.7.3.1 */
	static const uint8_t ek[] = { 0x30, 7, 6, 5, 0x67, 0x81, 5, 8, 1 };
	static const uint8_t server[] = { 0x30, 10, 6, 8, 0x2b, 6,
					  1,	5,  5, 7, 3,	1 };

	purpose_der = make_special_der(key, by, ek, sizeof(ek));
	server_der = make_special_der(key, by, server, sizeof(server));
	old_der = make_special_der(key, by, NULL, 0);
}

static void make_certificates(void)
{
	EVP_PKEY *maker = EVP_EC_gen("P-256");
	EVP_PKEY *other = EVP_EC_gen("P-256");
	EVP_PKEY *key;
	struct tpm_public ek;
	struct fail f = { 0 };
	struct trial t;

	trial_begin(&t);
	assert_int_equal(tpm_public_read(&t.e.tpm.ek, &ek, &f), 0);
	key = tpm_public_import(&ek);
	ca = test_maker_pem(maker);
	other_ca = test_maker_pem(other);
	ek_der = test_ek_der(key, maker);
	other_der = test_ek_der(other, maker);
	make_special(key, maker);
	EVP_PKEY_free(key);
	EVP_PKEY_free(maker);
	EVP_PKEY_free(other);
	trial_end(&t);
}

static void certify(struct trial *t, const struct bytes *der,
		    const struct bytes *by)
{
	t->x.ek.given = false;
	t->x.ek_ca = by;
	assert_int_equal(
		bytes_copy(der->data, der->len, &t->e.tpm.ek_certificate), 0);
}

static void certify_ek(struct trial *t)
{
	certify(t, &ek_der, &ca);
}

static void certify_other(struct trial *t)
{
	certify(t, &other_der, &ca);
}

static void certify_purpose(struct trial *t)
{
	certify(t, &purpose_der, &ca);
}

static void certify_server(struct trial *t)
{
	certify(t, &server_der, &ca);
}

static void certify_long_ago(struct trial *t)
{
	certify(t, &old_der, &ca);
}

static void certify_by_others(struct trial *t)
{
	certify(t, &ek_der, &other_ca);
}

static void certify_by_none(struct trial *t)
{
	certify(t, &ek_der, &ek_der);
}

static void certify_badly(struct trial *t)
{
	certify(t, &ca, &ca);
}

static void certify_not(struct trial *t)
{
	t->x.ek.given = false;
	t->x.ek_ca = &ca;
}

#define NAME "endorsement-key"

static const struct trial_case cases[] = {
	{ "certified", certify_ek, CHECK_OK, NAME,
	  "its certificate is by a maker that was given" },
	{ "for an endorsement key", certify_purpose, CHECK_OK, NAME,
	  "its certificate is by a maker that was given" },
	{ "for a server", certify_server, CHECK_REFUSED, NAME,
	  "its certificate is for another purpose than an endorsement key" },
	{ "expired", certify_long_ago, CHECK_REFUSED, NAME,
	  "its certificate: certificate has expired" },
	{ "for another key", certify_other, CHECK_REFUSED, NAME,
	  "its certificate is for another key" },
	{ "by another maker", certify_by_others, CHECK_REFUSED, NAME,
	  "its certificate: certificate signature failure" },
	{ "no maker", certify_by_none, CHECK_REFUSED, NAME,
	  "there is no certificate among those that were given" },
	{ "no certificate", certify_badly, CHECK_REFUSED, NAME,
	  "its certificate is none of X.509" },
	{ "none in the TPM", certify_not, CHECK_REFUSED, NAME,
	  "the TPM has no certificate for it" },
};

int main(void)
{
	static const struct table tables[] = {
		TABLE(judges, cases),
	};
	int r;

	story_make(&story);
	make_certificates();
	r = table_run(tables, array_size(tables));
	bytes_free(&ca);
	bytes_free(&other_ca);
	bytes_free(&ek_der);
	bytes_free(&other_der);
	bytes_free(&purpose_der);
	bytes_free(&server_der);
	bytes_free(&old_der);
	story_free(&story);
	return r;
}
