// SPDX-License-Identifier: MIT
/* See sign-key.h. */
#include "cvmctl/seal/sign-key.h"

#include <errno.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "cvmctl/tool/key-file.h"
#include "cvmctl/tool/key-memory.h"
#include "lib/own-crypto.h"
#include "lib/own.h"

static const char what_use[] = "use the release key";
static const char make_one[] = "make one with openssl genpkey -algorithm rsa";

enum {
	p256_size = 32,
	key_file_max = 16 * 1024, /* RSA-4096 takes 3 KiB */
};

struct sign_key {
	EVP_PKEY *private;
	struct release_key public;
};

void sign_key_free(struct sign_key **key)
{
	if (!*key)
		return;
	EVP_PKEY_free((*key)->private);
	release_key_free(&(*key)->public);
	free(*key);
	*key = NULL;
}

/* A key with a password would ask for it on the terminal. */
static int no_password(char *buf, int size, int writing, void *user)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)user;
	return -1;
}

/* By way of PEM, which is what a token holds of it. */
static int read_public(EVP_PKEY *private, struct release_key *ret)
{
	own_bio BIO *bio = BIO_new(BIO_s_mem());
	struct bytes pem = { 0 }; /* the BIO's */
	char *data = NULL;
	long len;

	if (!bio || PEM_write_bio_PUBKEY(bio, private) != 1)
		return -ENOMEM;
	len = BIO_get_mem_data(bio, &data);
	pem.data = (uint8_t *)data;
	pem.len = len > 0 ? (size_t)len : 0;
	return release_key_parse(&pem, ret);
}

/* OpenSSL reads from our memory; what it makes of it: see key-memory.h. */
static EVP_PKEY *parse(const struct secret *pem)
{
	own_bio BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);

	return bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL)
		   : NULL;
}

int sign_key_read(const char *path, struct sign_key **ret, struct fail *f)
{
	own_sign_key struct sign_key *key = calloc(1, sizeof(*key));
	own_secret struct secret pem = { 0 };
	int r;

	if (!key)
		return fail_errno(f, ENOMEM, "free memory", what_use);
	r = key_file_read(path, key_file_max, "check --key", &pem, f);
	if (r < 0)
		return r;
	key->private = parse(&pem);
	key_memory_wipe_stack();
	if (!key->private)
		return fail_because(f,
				    "it is no private key in PEM without a "
				    "password",
				    make_one, "read %s", path);
	r = read_public(key->private, &key->public);
	if (r == -EINVAL)
		return fail_because(f,
				    "it is not RSA of 2048, 3072 or 4096 bits "
				    "with exponent 65537, or on P-256",
				    make_one, "use %s", path);
	if (r < 0)
		return fail_errno(f, r, "free memory", what_use);
	*ret = take_ptr(key);
	return 0;
}

EVP_PKEY *sign_key_private(const struct sign_key *key)
{
	return key->private;
}

const struct release_key *sign_key_public(const struct sign_key *key)
{
	return &key->public;
}

/* A TPM wants the two numbers, not their DER. */
static int unwrap_ecdsa(const struct bytes *der, struct bytes *ret)
{
	const uint8_t *at = der->data;
	own_ecdsa ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der->len);
	uint8_t raw[2 * p256_size];

	if (!sig ||
	    BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, p256_size) != p256_size ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + p256_size, p256_size) !=
		    p256_size)
		return -EIO;
	return bytes_copy(raw, sizeof(raw), ret);
}

/*
 * PKCS#1 v1.5 is what OpenSSL pads RSA signatures with by default. By a copy,
 * as in evidence/exchange/answer.c.
 */
static int sign(const struct sign_key *key, const struct policy *policy,
		struct bytes *ret)
{
	own_key EVP_PKEY *copy = EVP_PKEY_dup(key->private);
	own_digest_context EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t sig[signature_max];
	size_t len = sizeof(sig);
	struct bytes out = { .data = sig };

	if (!copy || !context)
		return -ENOMEM;
	if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, copy) != 1 ||
	    EVP_DigestSign(context, sig, &len, policy->digest,
			   sizeof(policy->digest)) != 1)
		return -EIO;
	out.len = len;
	return key->public.is_rsa ? bytes_copy(sig, len, ret)
				  : unwrap_ecdsa(&out, ret);
}

int sign_key_sign(const struct sign_key *key, const struct policy *policy,
		  struct bytes *ret, struct fail *f)
{
	int r = sign(key, policy, ret);

	return r < 0 ? fail_errno(f, r, "free memory", "sign the PCR values")
		     : 0;
}
