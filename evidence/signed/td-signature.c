// SPDX-License-Identifier: MIT
/*
 * Who has signed a quote: see td-quote.h. The PCK of a processor signs reports
 * of any enclave with leave to ask for it, and who owns the machine can write
 * such an enclave. So it is not enough that the PCK is genuine: the enclave
 * has to be Intel's.
 */
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "evidence/signed/certificates.h"
#include "evidence/signed/ecdsa.h"
#include "evidence/signed/td-quote.h"
#include "lib/digest.h"
#include "lib/own-crypto.h"
#include "lib/own.h"
#include "seal/object/public.h"

enum {
	number_size = td_p256_size / 2,
	/* in the report of an enclave: Intel SDM 3D, 38.15 */
	flags_at = 48,
	flags_size = 8,
	signer_at = 128,
	signer_size = 32,
	product_at = 256,
	product_size = 2,
	data_at = 320,
	hash_size = 32, /* SHA-256 */
};

/* Names of Intel's published identity of the TD quoting enclave, "TD_QE". */
static const uint8_t intel_signer[signer_size] = {
	0xdc, 0x9e, 0x2a, 0x7c, 0x6f, 0x94, 0x8f, 0x17, 0x47, 0x4e, 0x34,
	0xa7, 0xfc, 0x43, 0xed, 0x03, 0x0f, 0x7c, 0x15, 0x63, 0xf1, 0xba,
	0xbd, 0xdf, 0x63, 0x40, 0xc8, 0x2e, 0x0e, 0x54, 0xa8, 0xc5,
};
static const uint8_t intel_product[product_size] = { 2, 0 };
/* INIT and PROVISION_KEY, and none that lets anybody look into it */
static const uint8_t intel_flags[flags_size] = { 0x11 };
static const uint8_t free_flags[flags_size] = { 0x04 }; /* MODE64BIT */

static bool has_flags(const uint8_t *flags)
{
	for (size_t i = 0; i < flags_size; i++)
		if ((flags[i] & ~free_flags[i]) != intel_flags[i])
			return false;
	return true;
}

static bool is_quoting_enclave(const uint8_t *enclave)
{
	return memcmp(enclave + signer_at, intel_signer, signer_size) == 0 &&
	       memcmp(enclave + product_at, intel_product, product_size) == 0 &&
	       has_flags(enclave + flags_at);
}

/* Whether it vouches for the attestation key: 1, 0, or -errno. */
static int vouches(const struct td_quote *q)
{
	static const uint8_t zeros[td_data_size - hash_size];
	const struct digest_span spans[] = {
		{ q->key, td_p256_size },
		{ q->enclave_data.at, q->enclave_data.len },
	};
	const uint8_t *data = q->enclave + data_at;
	struct digest_set digest;
	int r = digest_spans(1U << DIGEST_SHA256, spans, array_size(spans),
			     &digest);

	if (r < 0)
		return r;
	return memcmp(data, digest.value[DIGEST_SHA256], hash_size) == 0 &&
	       memcmp(data + hash_size, zeros, sizeof(zeros)) == 0;
}

static bool is_signed_by(EVP_PKEY *key, const uint8_t *signature,
			 const struct unmarshal *data)
{
	return ecdsa_is_valid(
		key, "SHA256", BN_bin2bn(signature, number_size, NULL),
		BN_bin2bn(signature + number_size, number_size, NULL), data);
}

/* Intel SGX PCK Certificate and CRL Profile, 1.3.5: only a PCK has it. */
static bool is_pck(const X509 *c)
{
	ASN1_OBJECT *object = OBJ_txt2obj("1.2.840.113741.1.13.1", 1);
	bool found = object && X509_get_ext_by_OBJ(c, object, -1) >= 0;

	ASN1_OBJECT_free(object);
	return found;
}

/* Each signed by the next, the last by itself. NULL, or what is wrong. */
static const char *check_chain(X509 *pck, X509 *ca, X509 *root, time_t now)
{
	if (X509_verify(root, X509_get0_pubkey(root)) != 1)
		return "the root that was given has not signed itself";
	if (X509_verify(ca, X509_get0_pubkey(root)) != 1 ||
	    X509_check_ca(ca) != 1)
		return "the root that was given has not signed the CA of its "
		       "PCK";
	if (X509_verify(pck, X509_get0_pubkey(ca)) != 1 || !is_pck(pck))
		return "its CA has not signed its PCK";
	if (!certificate_is_valid_at(root, now) ||
	    !certificate_is_valid_at(ca, now) ||
	    !certificate_is_valid_at(pck, now))
		return "a certificate of its chain is not valid now";
	return NULL;
}

/* From the PCK to the quote. As above; *ret_error is 0 or -errno. */
static const char *check_signatures(const struct td_quote *q, X509 *pck,
				    int *ret_error)
{
	const struct tpm_public point = {
		/* no TPM's, and the same form */
		.type = tpm_alg_ecc,
		.curve = tpm_curve_p256,
		.x = { q->key, number_size },
		.y = { q->key + number_size, number_size }
	};
	const struct unmarshal enclave = { q->enclave, td_enclave_size };
	own_key EVP_PKEY *key = tpm_public_import(&point);
	int r;

	if (!is_signed_by(X509_get0_pubkey(pck), q->enclave_signature,
			  &enclave))
		return "the report of its quoting enclave is not signed by its "
		       "PCK";
	if (!is_quoting_enclave(q->enclave))
		return "its quoting enclave is none of Intel's";
	r = vouches(q);
	*ret_error = r < 0 ? r : 0;
	if (r <= 0)
		return "its quoting enclave does not vouch for its "
		       "attestation key";
	if (!key || !is_signed_by(key, q->signature, &q->signed_part))
		return "its signature is not by its attestation key";
	return NULL;
}

static int verify(const struct td_quote *q, X509 *const chain[2], X509 *root,
		  time_t now, struct fail *f)
{
	int error = 0;
	const char *why = check_chain(chain[0], chain[1], root, now);

	if (!why)
		why = check_signatures(q, chain[0], &error);
	if (error)
		return error;
	return why ? fail_reason(f, "%s", why) : 0;
}

int td_quote_verify(const struct td_quote *q, const struct bytes *root,
		    time_t now, struct fail *f)
{
	const struct bytes pem = { (uint8_t *)(uintptr_t)q->certificates.at,
				   q->certificates.len };
	own_certificate X509 *given = certificate_read_pem(root);
	X509 *chain[2] = { NULL };
	size_t n = certificate_read_chain(&pem, chain, array_size(chain));
	int r;

	if (given && n == array_size(chain))
		r = verify(q, chain, given, now, f);
	else
		r = fail_reason(f, "there is no certificate of %s",
				!given ? "the root"
				: !n   ? "its PCK"
				       : "the CA of its PCK");
	for (size_t i = 0; i < n; i++)
		X509_free(chain[i]);
	return r;
}
