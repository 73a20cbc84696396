// SPDX-License-Identifier: MIT
/*
 * See signature.h. The mathematics is OpenSSL's; here the numbers change their
 * form.
 */
#include "evidence/signed/signature.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <string.h>

#include "evidence/signed/ecdsa.h"
#include "lib/own-crypto.h"
#include "lib/own.h"
#include "seal/object/pcr.h"

enum {
	/* TPM_ALG_ID: TCG Part 2, 6.3 */
	alg_rsassa = 0x0014,
	alg_rsapss = 0x0016,
	alg_ecdsa = 0x0018,
	coordinate_max = 48,
};

/* One signature, taken apart. */
struct signature {
	uint32_t scheme;
	enum digest_alg alg;
	struct unmarshal r; /* or all of an RSA one */
	struct unmarshal s;
};

static int read_signature(const struct bytes *b, struct signature *ret)
{
	struct unmarshal u = { b->data, b->len };
	uint32_t alg;
	int bank;

	if (unmarshal_number(&u, 2, &ret->scheme) < 0 ||
	    unmarshal_number(&u, 2, &alg) < 0 ||
	    unmarshal_sized(&u, &ret->r) < 0)
		return -EINVAL;
	if (ret->scheme == alg_ecdsa && unmarshal_sized(&u, &ret->s) < 0)
		return -EINVAL;
	bank = pcr_bank_from_tpm_alg((uint16_t)alg);
	if (u.len || bank < 0 || bank == DIGEST_SHA1)
		return -EINVAL;
	ret->alg = (enum digest_alg)bank;
	return ret->scheme == alg_ecdsa || ret->scheme == alg_rsassa ||
			       ret->scheme == alg_rsapss
		       ? 0
		       : -EINVAL;
}

/* The two numbers as the DER that OpenSSL takes; its length, or 0. */
static size_t write_pair(const struct signature *s,
			 uint8_t ret[static ecdsa_der_max])
{
	if (s->r.len > coordinate_max || s->s.len > coordinate_max)
		return 0;
	return ecdsa_write_der(BN_bin2bn(s->r.at, (int)s->r.len, NULL),
			       BN_bin2bn(s->s.at, (int)s->s.len, NULL), ret);
}

static bool is_valid(EVP_PKEY *key, const struct signature *s,
		     const struct bytes *data, const uint8_t *value, size_t len)
{
	own_digest_context EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *options = NULL; /* the context's own */

	if (!ctx || EVP_DigestVerifyInit_ex(ctx, &options, digest_name(s->alg),
					    NULL, NULL, key, NULL) != 1)
		return false;
	if (s->scheme == alg_rsapss &&
	    (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) <=
		     0 ||
	     EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_AUTO) <=
		     0))
		return false;
	return EVP_DigestVerify(ctx, value, len, data->data, data->len) == 1;
}

int tpm_public_verify(const struct tpm_public *p, const struct bytes *data,
		      const struct bytes *signature, enum digest_alg *ret_alg,
		      struct fail *f)
{
	own_key EVP_PKEY *key = tpm_public_import(p);
	struct signature s = { 0 };
	uint8_t der[ecdsa_der_max];
	const uint8_t *value = der;
	size_t len;

	if (read_signature(signature, &s) < 0)
		return fail_reason(f, "its signature is no TPMT_SIGNATURE of a "
				      "kind that is known");
	if (!key || (s.scheme == alg_ecdsa) != (p->type == tpm_alg_ecc))
		return fail_reason(f, "its signature is by no such key");
	len = s.r.len;
	if (s.scheme == alg_ecdsa)
		len = write_pair(&s, der);
	else
		value = s.r.at;
	if (!len || !is_valid(key, &s, data, value, len))
		return fail_reason(f, "its signature is not by this key");
	*ret_alg = s.alg;
	return 0;
}
