// SPDX-License-Identifier: MIT
/*
 * See release-key.h. A key comes from a token on the host's disk. DER has one
 * form only for each kind of key, so it is compared with that form, byte for
 * byte around the numbers, and PID 1 needs no ASN.1 parser.
 */
#include "seal/object/release-key.h"

#include <errno.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/own.h"

enum {
	p256_size = 32,
	pem_line = 64, /* RFC 7468, 2: all but the last line are full */
	/* the longest head in TPMT_PUBLIC, and a second coordinate's size */
	public_overhead = 32,
};

/* RFC 8017, A.1: rsaEncryption in a SubjectPublicKeyInfo, up to the modulus */
#define RSA_HEAD(spki, bits, rsa, modulus)                                    \
	{                                                                     \
		0x30, 0x82, spki, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,   \
			0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, \
			0x82, bits, 0x00, 0x30, 0x82, rsa, 0x02, 0x82,        \
			modulus, 0x00                                         \
	}
#define LEN(high, low) high, low

enum { rsa_head_size = 33, rsa_inner_at = 24 };

static const struct rsa_form {
	uint8_t head[rsa_head_size];
	uint16_t bits;
} rsa_forms[] = {
	{ RSA_HEAD(LEN(0x01, 0x22), LEN(0x01, 0x0f), LEN(0x01, 0x0a),
		   LEN(0x01, 0x01)),
	  2048 },
	{ RSA_HEAD(LEN(0x01, 0xa2), LEN(0x01, 0x8f), LEN(0x01, 0x8a),
		   LEN(0x01, 0x81)),
	  3072 },
	{ RSA_HEAD(LEN(0x02, 0x22), LEN(0x02, 0x0f), LEN(0x02, 0x0a),
		   LEN(0x02, 0x01)),
	  4096 },
};

/* INTEGER 65537, the end of the key */
static const uint8_t rsa_tail[] = { 0x02, 0x03, 0x01, 0x00, 0x01 };

/* RFC 5480, 2: id-ecPublicKey, secp256r1, and an uncompressed point */
static const uint8_t p256_head[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
				     0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
				     0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
				     0x01, 0x07, 0x03, 0x42, 0x00, 0x04 };

/* TPMT_PUBLIC of what systemd loads: decrypt, sign and userWithAuth. */
static const uint8_t tpm_rsa[] = { 0x00, 0x01, 0x00, 0x0b, 0x00, 0x06, 0x00,
				   0x40, 0x00, 0x00, 0x00, 0x10, 0x00, 0x10 };
static const uint8_t tpm_p256[] = { 0x00, 0x23, 0x00, 0x0b, 0x00, 0x06,
				    0x00, 0x40, 0x00, 0x00, 0x00, 0x10,
				    0x00, 0x10, 0x00, 0x03, 0x00, 0x10 };

void release_key_free(struct release_key *key)
{
	bytes_free(&key->public);
	*key = (struct release_key){ 0 };
}

/* The base64 between the lines of a PEM, without its line breaks. */
static int unwrap(const struct bytes *pem, char ret[release_key_pem_max])
{
	static const char begin[] = "-----BEGIN PUBLIC KEY-----\n";
	static const char end[] = "-----END PUBLIC KEY-----";
	char text[release_key_pem_max];
	const char *at = text;
	size_t len = 0;

	if (pem->len >= sizeof(text))
		return -EINVAL;
	memcpy(text, pem->data, pem->len);
	text[pem->len] = '\0';
	if (strlen(text) != pem->len ||
	    strncmp(at, begin, sizeof(begin) - 1) != 0)
		return -EINVAL;
	at += sizeof(begin) - 1;
	while (strncmp(at, end, sizeof(end) - 1) != 0) {
		size_t line = strcspn(at, "\n");

		if (line > pem_line || at[line] != '\n')
			return -EINVAL;
		memcpy(ret + len, at, line);
		len += line;
		at += line + 1;
	}
	ret[len] = '\0';
	at += sizeof(end) - 1;
	return at[strspn(at, "\n")] == '\0' ? 0 : -EINVAL;
}

static void put(struct bytes *b, const void *data, size_t len)
{
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void put_be16(struct bytes *b, size_t v)
{
	const uint8_t bytes[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	put(b, bytes, sizeof(bytes));
}

static int fingerprint(const uint8_t *data, size_t len, struct release_key *key)
{
	struct digest_set digest;
	int r = digest_data(1U << DIGEST_SHA256, data, len, &digest);

	if (r == 0)
		memcpy(key->fingerprint, digest.value[DIGEST_SHA256],
		       sizeof(key->fingerprint));
	return r;
}

/* 0 and the form, -EINVAL when der is no such key. */
static int match_rsa(const struct bytes *der, const struct rsa_form **ret)
{
	for (size_t i = 0; i < array_size(rsa_forms); i++) {
		const struct rsa_form *form = &rsa_forms[i];
		size_t size = rsa_head_size + form->bits / 8U;

		if (der->len == size + sizeof(rsa_tail) &&
		    memcmp(der->data, form->head, rsa_head_size) == 0 &&
		    memcmp(der->data + size, rsa_tail, sizeof(rsa_tail)) == 0) {
			*ret = form;
			return 0;
		}
	}
	return -EINVAL;
}

static const uint8_t exponent[] = { 0, 1, 0, 1 };

static int read_rsa(const struct bytes *der, struct release_key *key)
{
	const struct rsa_form *form = NULL;
	int r = match_rsa(der, &form);

	if (r < 0)
		return r;
	key->is_rsa = true;
	put(&key->public, tpm_rsa, sizeof(tpm_rsa));
	put_be16(&key->public, form->bits);
	put(&key->public, exponent, sizeof(exponent));
	put_be16(&key->public, form->bits / 8U);
	put(&key->public, der->data + rsa_head_size, form->bits / 8U);
	return fingerprint(der->data + rsa_inner_at, der->len - rsa_inner_at,
			   key);
}

static int read_p256(const struct bytes *der, struct release_key *key)
{
	const uint8_t *point = der->data + sizeof(p256_head);

	if (der->len != sizeof(p256_head) + 2 * p256_size ||
	    memcmp(der->data, p256_head, sizeof(p256_head)) != 0)
		return -EINVAL;
	key->is_rsa = false;
	put(&key->public, tpm_p256, sizeof(tpm_p256));
	put_be16(&key->public, p256_size);
	put(&key->public, point, p256_size);
	put_be16(&key->public, p256_size);
	put(&key->public, point + p256_size, p256_size);
	return fingerprint(point - 1, 1 + 2 * p256_size, key);
}

int release_key_parse(const struct bytes *pem, struct release_key *ret)
{
	own_release_key struct release_key key = { 0 };
	own_bytes struct bytes der = { 0 };
	char base64[release_key_pem_max];
	int r = pem->data ? unwrap(pem, base64) : -EINVAL;

	if (r == 0)
		r = base64_decode(base64, sizeof(base64), &der);
	if (r < 0)
		return r;
	key.public.data = calloc(1, der.len + public_overhead);
	if (!key.public.data)
		return -ENOMEM;
	r = read_rsa(&der, &key);
	if (r == -EINVAL)
		r = read_p256(&der, &key);
	if (r == 0)
		r = tpm_name(key.public.data, key.public.len, key.name);
	if (r < 0)
		return r;
	*ret = key;
	key = (struct release_key){ 0 };
	return 0;
}

int release_key_zero_exponent(struct release_key *key)
{
	/* after the head and the size of the key in bits */
	memset(key->public.data + sizeof(tpm_rsa) + 2, 0, sizeof(exponent));
	return tpm_name(key->public.data, key->public.len, key->name);
}
