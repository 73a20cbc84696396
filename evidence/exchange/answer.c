// SPDX-License-Identifier: MIT
/* See answer.h. */
#include "evidence/exchange/answer.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/json.h"
#include "lib/own-crypto.h"
#include "lib/own.h"
#include "lib/strict-json.h"
#include "lib/text.h"
#include "seal/object/json-values.h"

/* So that no other signature of the same key can be taken for one. */
static const char label[] = "cvm-init delivered key";

enum { json_depth_max = 2 };

/*
 * The label and the UUID with their NULs, what is fresh, the nonce's length,
 * nonce, token. The nonce is the broker's: a host can show that of an earlier
 * boot again, as long as the TPM has the same keys.
 */
static int signed_text(const struct bytes *token,
		       const struct answer_context *c, struct text *ret)
{
	uint8_t nonce_len = (uint8_t)c->nonce->len;

	if (c->nonce->len > UINT8_MAX)
		return -EINVAL;
	text_add_bytes(ret, label, sizeof(label));
	text_add_bytes(ret, c->uuid, strlen(c->uuid) + 1);
	text_add_bytes(ret, c->fresh, request_fresh_size);
	text_add_bytes(ret, &nonce_len, sizeof(nonce_len));
	text_add_bytes(ret, c->nonce->data, c->nonce->len);
	text_add_bytes(ret, token->data, token->len);
	return text_failed(ret) ? -ENOMEM : 0;
}

/*
 * By a copy of the key: OpenSSL keeps the factors of an RSA key that has
 * signed in its ordinary heap, until the key is freed.
 */
static int sign(const struct text *t, EVP_PKEY *key, struct bytes *ret)
{
	own_key EVP_PKEY *copy = EVP_PKEY_dup(key);
	own_digest_context EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t signature[answer_signature_max];
	size_t len = sizeof(signature);

	if (!copy || !context)
		return -ENOMEM;
	if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, copy) != 1 ||
	    EVP_DigestSign(context, signature, &len, (const uint8_t *)t->s,
			   t->len) != 1)
		return -EIO;
	return bytes_copy(signature, len, ret);
}

static int encode_key(EVP_PKEY *key, struct bytes *ret)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	int r = len > 0 ? bytes_copy(der, (size_t)len, ret) : -EIO;

	OPENSSL_free(der);
	return r;
}

static int hash_of(const struct bytes *der,
		   uint8_t ret[static answer_key_hash_size])
{
	return EVP_Digest(der->data, der->len, ret, NULL, EVP_sha256(), NULL) ==
			       1
		       ? 0
		       : -EIO;
}

int answer_key_hash(EVP_PKEY *key, uint8_t ret[static answer_key_hash_size])
{
	own_bytes struct bytes der = { 0 };
	int r = encode_key(key, &der);

	return r < 0 ? r : hash_of(&der, ret);
}

int answer_write_key(const struct bytes *token,
		     const struct answer_context *context, EVP_PKEY *key,
		     struct bytes *ret)
{
	own_json struct json_object *o = json_object_new_object();
	own_bytes struct bytes signature = { 0 };
	own_bytes struct bytes public = { 0 };
	own_text struct text text = { 0 };
	int type = EVP_PKEY_get_base_id(key);
	int r = signed_text(token, context, &text);

	if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC)
		return -EINVAL;
	if (r == 0)
		r = sign(&text, key, &signature);
	if (r == 0)
		r = encode_key(key, &public);
	if (r < 0)
		return r;
	if (json_set_string(o, "type", ANSWER_TYPE) < 0 ||
	    json_set_u64(o, "schema", answer_schema) < 0 ||
	    json_set_base64(o, "token", token) < 0 ||
	    json_set_base64(o, "key", &public) < 0 ||
	    json_set_base64(o, "signature", &signature) < 0)
		return -ENOMEM;
	return json_write_line(o, ret);
}

int answer_write_refusal(const char *reason, struct bytes *ret)
{
	own_json struct json_object *o = json_object_new_object();
	char text[answer_reason_max];

	text_escape(reason, strlen(reason), text, sizeof(text));
	if (json_set_string(o, "type", ANSWER_TYPE_REFUSAL) < 0 ||
	    json_set_u64(o, "schema", answer_schema) < 0 ||
	    json_set_string(o, "reason", text) < 0)
		return -ENOMEM;
	return json_write_line(o, ret);
}

/* An answer as it came: nothing of it is believed yet. */
struct answer {
	struct bytes token, key, signature;
};

static void answer_free(struct answer *a)
{
	bytes_free(&a->token);
	bytes_free(&a->key);
	bytes_free(&a->signature);
}

#define own_answer __attribute__((cleanup(answer_free)))

static const char no_answer[] = "the answer is not one of a broker";
static const char look[] = "look at the broker's audit log";

static int refuse(const char *what, const char *reason, const char *remedy,
		  struct fail *f)
{
	return fail_because(f, reason, remedy, "%s", what);
}

static int fail_memory(const char *what, struct fail *f)
{
	return fail_errno(f, -ENOMEM, "give the VM more memory", "%s", what);
}

/* Whoever sent it: its words are shown, and nothing else follows from them. */
static int pass_on_refusal(struct json_object *o, const char *what,
			   struct fail *f)
{
	(void)refuse(what, "", look, f);
	return fail_reason(f, "the broker says: %s",
			   json_get_string(o, "reason"));
}

static int read_parts(struct json_object *o, struct answer *ret)
{
	int r = json_value_base64(json_get(o, "token"), answer_json_max,
				  &ret->token);

	if (r == 0)
		r = json_value_base64(json_get(o, "key"), 2 * answer_key_max,
				      &ret->key);
	if (r == 0)
		r = json_value_base64(json_get(o, "signature"),
				      2 * answer_signature_max,
				      &ret->signature);
	return r;
}

/* Either message; nothing but its schema is looked at. */
static int parse_message(const struct bytes *text, struct json_object **ret)
{
	own_json struct json_object *o = NULL;
	const char *s = (const char *)text->data;
	int r = strlen(s) == text->len ? strict_json_parse(s, answer_json_max,
							   json_depth_max, &o)
				       : -EINVAL;

	if (r < 0)
		return r;
	if (json_object_get_int64(json_get(o, "schema")) != answer_schema)
		return -EINVAL;
	*ret = take_ptr(o);
	return 0;
}

static bool is_refusal(struct json_object *o)
{
	return strcmp(json_get_string(o, "type"), ANSWER_TYPE_REFUSAL) == 0;
}

int answer_check_refusal(const struct bytes *text, const char *what,
			 struct fail *f)
{
	own_json struct json_object *o = NULL;

	return parse_message(text, &o) == 0 && is_refusal(o)
		       ? pass_on_refusal(o, what, f)
		       : 0;
}

static int parse(const struct bytes *text, const char *what, struct answer *ret,
		 struct fail *f)
{
	own_json struct json_object *o = NULL;
	int r = parse_message(text, &o);

	if (r == 0 && is_refusal(o))
		return pass_on_refusal(o, what, f);
	if (r == 0 && strcmp(json_get_string(o, "type"), ANSWER_TYPE) != 0)
		r = -EINVAL;
	if (r == 0)
		r = read_parts(o, ret);
	if (r == -ENOMEM)
		return fail_memory(what, f);
	return r < 0 ? refuse(what, no_answer, look, f) : 0;
}

/* 1: the key made it; 0: it did not; -ENOMEM. */
static int verify(const struct answer *a, const struct text *t)
{
	const unsigned char *at = a->key.data;
	own_key EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)a->key.len);
	own_digest_context EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (!context)
		return -ENOMEM;
	if (!key ||
	    EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) != 1)
		return 0;
	return EVP_DigestVerify(context, a->signature.data, a->signature.len,
				(const uint8_t *)t->s, t->len) == 1;
}

static int check(const struct answer *a, const struct answer_context *context,
		 const uint8_t hash[static answer_key_hash_size],
		 const char *what, struct fail *f)
{
	uint8_t found[answer_key_hash_size];
	own_text struct text text = { 0 };
	int r = hash_of(&a->key, found);

	if (r == 0 && CRYPTO_memcmp(found, hash, sizeof(found)) != 0)
		return refuse(what, "the answer is signed by another broker",
			      "correct [broker] key in boot.conf, or ask the "
			      "broker that it names",
			      f);
	if (r == 0)
		r = signed_text(&a->token, context, &text);
	if (r == 0)
		r = verify(a, &text);
	if (r < 0)
		return fail_memory(what, f);
	return r ? 0
		 : refuse(what,
			  "the answer is not signed for this boot and volume",
			  look, f);
}

int answer_read(const struct bytes *text, const struct answer_context *context,
		const uint8_t hash[static answer_key_hash_size],
		const char *what, struct bytes *ret, struct fail *f)
{
	own_answer struct answer a = { 0 };
	int r = parse(text, what, &a, f);

	if (r == 0)
		r = check(&a, context, hash, what, f);
	if (r == 0)
		*ret = take_bytes(&a.token);
	return r;
}
