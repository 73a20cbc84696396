// SPDX-License-Identifier: MIT
/*
 * See seed.h. To an RSA key a random seed is encrypted; with an ECC key a
 * fresh key of our own shares a point, and the seed is derived from it.
 */
#include "seal/object/seed.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "lib/own-crypto.h"
#include "lib/own.h"
#include "seal/object/kdf.h"

static const char what[] = "make a seed for the storage root key";

enum {
	coordinate_size = 32,		      /* of P-256 */
	point_size = 1 + 2 * coordinate_size, /* uncompressed: SEC 1, 2.3.3 */
	rsa_size = 256,
};

/* OpenSSL's own reasons are no help: what it is given was checked. */
static int fail_crypto(struct fail *f)
{
	return fail_errno(f, ENOMEM, "give the VM more memory", "%s", what);
}

/* TCG Part 1, B.4: the label of OAEP is the use with its NUL. */
static bool encrypt_seed(EVP_PKEY *key, const char *use,
			 const struct secret *seed,
			 uint8_t ret[static rsa_size])
{
	char oaep[] = OSSL_PKEY_RSA_PAD_MODE_OAEP;
	char sha256[] = "SHA256";
	char label[sizeof(SEED_IMPORT)] = ""; /* the longest there is */
	int label_len = snprintf(label, sizeof(label), "%s", use);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(
			OSSL_ASYM_CIPHER_PARAM_PAD_MODE, oaep, 0),
		OSSL_PARAM_construct_utf8_string(
			OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, sha256, 0),
		OSSL_PARAM_construct_utf8_string(
			OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, sha256, 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, label,
			(size_t)label_len + 1),
		OSSL_PARAM_construct_end(),
	};
	own_key_context EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	size_t len = rsa_size;

	return ctx && EVP_PKEY_encrypt_init_ex(ctx, params) > 0 &&
	       EVP_PKEY_encrypt(ctx, ret, &len, seed->data, seed->len) > 0 &&
	       len == rsa_size;
}

static int make_rsa(const struct srk_public *srk, const char *use,
		    struct secret *seed, struct bytes *ret_encrypted,
		    struct fail *f)
{
	own_key EVP_PKEY *key = tpm_public_import(&srk->key);
	uint8_t encrypted[rsa_size];

	if (!key || RAND_bytes(seed->data, (int)seed->len) != 1 ||
	    !encrypt_seed(key, use, seed, encrypted) ||
	    bytes_copy(encrypted, sizeof(encrypted), ret_encrypted) < 0)
		return fail_crypto(f);
	return 0;
}

/* The x coordinate of the shared point, all 32 bytes of it. */
static bool share_point(EVP_PKEY *ours, EVP_PKEY *theirs, struct secret *ret)
{
	own_key_context EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);
	size_t len = ret->len;

	return ctx && EVP_PKEY_derive_init(ctx) > 0 &&
	       EVP_PKEY_derive_set_peer(ctx, theirs) > 0 &&
	       EVP_PKEY_derive(ctx, ret->data, &len) > 0 && len == ret->len;
}

/* x and y of a key of our own. */
static bool export_point(EVP_PKEY *key, uint8_t ret[static point_size])
{
	size_t len = 0;

	return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
					       ret, point_size, &len) > 0 &&
	       len == point_size;
}

static int derive_seed(const struct srk_public *srk, const char *use,
		       const struct secret *z, const uint8_t *point,
		       struct secret *seed, struct bytes *ret_encrypted)
{
	const struct kdf_context context = {
		use, point + 1, coordinate_size,
		/* theirs as the TPM has it in its public area */
		srk->key.x.at, srk->key.x.len
	};
	uint8_t encrypted[2 * (2 + coordinate_size)];
	struct marshal m = { encrypted, sizeof(encrypted), 0, false };
	int r = kdf_e(z->data, z->len, &context, seed->data);

	marshal_sized(&m, point + 1, coordinate_size);
	marshal_sized(&m, point + 1 + coordinate_size, coordinate_size);
	return r < 0 ? r : bytes_copy(encrypted, m.len, ret_encrypted);
}

static int make_ecc(const struct srk_public *srk, const char *use,
		    struct secret *seed, struct bytes *ret_encrypted,
		    struct fail *f)
{
	own_key EVP_PKEY *theirs = tpm_public_import(&srk->key);
	own_key EVP_PKEY *ours = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	own_secret struct secret z = { 0 };
	uint8_t point[point_size];

	if (!theirs)
		return fail_because(f, "its point is not on the curve",
				    "export it with cvmctl srk", "%s", what);
	if (secret_alloc(coordinate_size, &z) < 0 || !ours ||
	    !share_point(ours, theirs, &z) || !export_point(ours, point) ||
	    derive_seed(srk, use, &z, point, seed, ret_encrypted) < 0)
		return fail_crypto(f);
	return 0;
}

int seed_make(const struct srk_public *srk, const char *use,
	      struct secret *ret_seed, struct bytes *ret_encrypted,
	      struct fail *f)
{
	own_secret struct secret seed = { 0 };
	own_bytes struct bytes encrypted = { 0 };
	int r = secret_alloc(seed_size, &seed);

	if (r < 0)
		return fail_crypto(f);
	r = srk->key.type == tpm_alg_rsa
		    ? make_rsa(srk, use, &seed, &encrypted, f)
		    : make_ecc(srk, use, &seed, &encrypted, f);
	if (r < 0)
		return r;
	*ret_encrypted = take_bytes(&encrypted);
	*ret_seed = seed;
	seed = (struct secret){ 0 };
	return 0;
}
