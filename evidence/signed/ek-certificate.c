// SPDX-License-Identifier: MIT
/* See ek-certificate.h. */
#include "evidence/signed/ek-certificate.h"

#include <errno.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>

#include "evidence/signed/certificates.h"
#include "lib/own-crypto.h"

static void free_context(X509_STORE_CTX **context)
{
	X509_STORE_CTX_free(*context);
}

static void free_usage(EXTENDED_KEY_USAGE **usage)
{
	EXTENDED_KEY_USAGE_free(*usage);
}

#define own_context __attribute__((cleanup(free_context)))
#define own_usage   __attribute__((cleanup(free_usage)))

/*
 * A key that its maker has certified for something else may be outside of any
 * TPM, and be shown as an endorsement key. A certificate that names no purpose
 * is one of a maker of TPMs all the same.
 */
static bool is_for_ek(X509 *certificate)
{
	/* tcg-kp-EKCertificate: TCG EK Credential Profile 2.5 */
	static const char wanted[] = "2.23.133.8.1";
	int critical = -1;
	own_usage EXTENDED_KEY_USAGE *usage =
		X509_get_ext_d2i(certificate, NID_ext_key_usage, &critical,
				 NULL);

	if (!usage)
		return critical == -1; /* there is none */
	for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
		char oid[sizeof(wanted) + 1];

		if (OBJ_obj2txt(oid, sizeof(oid),
				sk_ASN1_OBJECT_value(usage, i),
				1) == (int)sizeof(wanted) - 1 &&
		    strcmp(oid, wanted) == 0)
			return true;
	}
	return false;
}

/*
 * A maker's intermediate certificate may be all that was given: what was given
 * is believed, a root or not. EK certificates are for no purpose that OpenSSL
 * knows.
 */
static int check_chain(X509 *certificate, X509_STORE *store, struct fail *f)
{
	own_context X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	if (!ctx || X509_STORE_CTX_init(ctx, store, certificate, NULL) != 1)
		return -ENOMEM;
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_PARTIAL_CHAIN);
	if (X509_verify_cert(ctx) == 1)
		return 0;
	return fail_reason(f, "its certificate: %s",
			   X509_verify_cert_error_string(
				   X509_STORE_CTX_get_error(ctx)));
}

int ek_certificate_check(const struct bytes *certificate,
			 const struct bytes *ca, const struct tpm_public *ek,
			 struct fail *f)
{
	own_certificate_store X509_STORE *store = certificate_store_read(ca);
	own_certificate X509 *c =
		certificate_read_der(certificate->data, certificate->len);
	own_key EVP_PKEY *key = tpm_public_import(ek);

	if (!certificate->len)
		return fail_reason(f, "the TPM has no certificate for it");
	if (!c)
		return fail_reason(f, "its certificate is none of X.509");
	if (!store)
		return fail_reason(f, "there is no certificate among those "
				      "that were given");
	if (!key || EVP_PKEY_eq(key, X509_get0_pubkey(c)) != 1)
		return fail_reason(f, "its certificate is for another key");
	if (!is_for_ek(c))
		return fail_reason(f, "its certificate is for another purpose "
				      "than an endorsement key");
	return check_chain(c, store, f);
}
