// SPDX-License-Identifier: MIT
/*
 * docs/broker-sample.json against our code: what another broker is written by
 * is what init and cvmctl take and give. What is random there is given here.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "tests/table.h"

#include "evidence/exchange/answer.h"
#include "evidence/exchange/exchange.h"
#include "evidence/exchange/request.h"
#include "evidence/signed/challenge.h"
#include "lib/base64.h"
#include "lib/own-crypto.h"
#include "lib/own.h"
#include "seal/luks/token.h"
#include "seal/object/credential.h"
#include "seal/object/identity-public.h"
#include "seal/object/kdf.h"
#include "seal/object/offline.h"
#include "seal/object/outer-wrap.h"
#include "tests/line.h"
#include "tests/sample.h"

static struct bytes page; /* docs/broker.md */

/* -- what is random ------------------------------------------------------- */

/* Before those of libcrypto, for all of our code. */
static const struct bytes *next_random;
static EVP_PKEY *next_key;

int RAND_bytes(unsigned char *buf, int num)
{
	assert_non_null(next_random);
	assert_int_equal(next_random->len, num);
	memcpy(buf, next_random->data, next_random->len);
	return 1;
}

EVP_PKEY *EVP_PKEY_Q_keygen(OSSL_LIB_CTX *libctx, const char *propq,
			    const char *type, ...)
{
	(void)libctx;
	(void)propq;
	assert_string_equal(type, "EC");
	assert_non_null(next_key);
	return EVP_PKEY_dup(next_key);
}

/* The key on P-256 that has this number. */
static EVP_PKEY *ephemeral_key(const struct bytes *number)
{
	/* RFC 5915: ECPrivateKey, with the curve and without the point */
	static const uint8_t head[] = {
		0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20
	};
	static const uint8_t tail[] = { 0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86,
					0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
	uint8_t der[sizeof(head) + 32 + sizeof(tail)];
	const uint8_t *at = der;
	EVP_PKEY *key;

	assert_int_equal(number->len, 32);
	memcpy(der, head, sizeof(head));
	memcpy(der + sizeof(head), number->data, 32);
	memcpy(der + sizeof(head) + 32, tail, sizeof(tail));
	key = d2i_PrivateKey(EVP_PKEY_EC, NULL, &at, sizeof(der));
	assert_non_null(key);
	return key;
}

/* -- the sample ----------------------------------------------------------- */

static void assert_message(const struct bytes *text, const char *key)
{
	own_json struct json_object *o =
		json_tokener_parse((const char *)text->data);

	assert_true(json_object_equal(o, sample_message(key)));
}

static void load_secret(const char *name, const char *key, struct secret *ret)
{
	own_bytes struct bytes b = sample_part(name, key);

	assert_int_equal(secret_alloc(b.len, ret), 0);
	memcpy(ret->data, b.data, b.len);
}

static EVP_PKEY *load_key(const char *name, const char *key)
{
	own_bytes struct bytes der = sample_part(name, key);
	const uint8_t *at = der.data;
	EVP_PKEY *k = d2i_AutoPrivateKey(NULL, &at, (long)der.len);

	assert_non_null(k);
	return k;
}

/* -- keys ----------------------------------------------------------------- */

static void keys_are_of_our_templates(void **state)
{
	own_bytes struct bytes ek = sample_part("ek", "public");
	own_bytes struct bytes ak = sample_part("ak", "public");
	own_bytes struct bytes srk = sample_part("srk", "public");
	struct srk_public decrypter;
	struct tpm_public signer;
	struct fail f = { 0 };

	(void)state;
	assert_ok(ek_public_parse(&ek, &decrypter, &f), &f);
	assert_sample(decrypter.key.name, tpm_name_size, "ek", "name");
	assert_ok(ak_public_parse(&ak, &signer, &f), &f);
	assert_sample(signer.name, tpm_name_size, "ak", "name");
	assert_ok(srk_public_parse(&srk, &decrypter, &f), &f);
	assert_sample(decrypter.key.name, tpm_name_size, "srk", "name");
}

/* -- a challenge ---------------------------------------------------------- */

/* The two keys of an outer wrap, under seed and name of that part. */
static void assert_wrap_keys(const char *where, const struct bytes *name)
{
	const struct kdf_context storage = { "STORAGE", name->data, name->len,
					     NULL, 0 };
	const struct kdf_context integrity = { .label = "INTEGRITY" };
	own_bytes struct bytes seed = sample_part(where, "seed");
	uint8_t key[kdf_size_max];

	assert_int_equal(kdf_a(seed.data, seed.len, &storage, key, 16), 0);
	assert_sample(key, 16, where, "symmetric-key");
	assert_int_equal(kdf_a(seed.data, seed.len, &integrity, key, 32), 0);
	assert_sample(key, 32, where, "hmac-key");
}

/* By the EK, from what stands behind a length. */
static void assert_decrypts(const struct bytes *secret, const char *label)
{
	own_key EVP_PKEY *ek = load_key("ek", "private");
	own_key_context EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ek, NULL);
	uint8_t seed[sample_part_max];
	size_t len = sizeof(seed);

	assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
	assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) >
		    0);
	assert_true(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) > 0);
	assert_true(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup(label),
						     (int)strlen(label) + 1) >
		    0);
	assert_int_equal(secret->len, 2 + 256);
	assert_int_equal(
		EVP_PKEY_decrypt(ctx, seed, &len, secret->data + 2, 256), 1);
	assert_sample(seed, len, "challenge", "seed");
}

static void challenge_is_ours(void **state)
{
	own_bytes struct bytes ek = sample_part("ek", "public");
	own_bytes struct bytes ak = sample_part("ak", "public");
	own_bytes struct bytes name = sample_part("ak", "name");
	own_bytes struct bytes random = sample_part("challenge", "random");
	own_bytes struct bytes seed = sample_part("challenge", "seed");
	own_bytes struct bytes theirs = sample_part("challenge", "secret");
	const struct evidence_tpm identity = { .ek = ek, .ak = ak };
	own_challenge struct challenge c = { .id_object = { 0 } };
	uint8_t nonce[challenge_size];
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(challenge_nonce(random.data, &ek, &ak, nonce), 0);
	assert_sample(nonce, sizeof(nonce), "challenge", "nonce");
	assert_wrap_keys("challenge", &name);
	next_random = &seed;
	assert_ok(challenge_make(&identity, random.data, &c, &f), &f);
	next_random = NULL;
	assert_sample(c.id_object.data, c.id_object.len, "challenge",
		      "credential");
	assert_decrypts(&c.secret, "IDENTITY");
	assert_decrypts(&theirs, "IDENTITY");
}

/* -- a sealed object ------------------------------------------------------ */

static void begin(struct sealed_key *ret)
{
	struct seal_policy policy = { .pcrs = { .bank = DIGEST_SHA256,
						.mask = 1U << 14 } };
	own_bytes struct bytes measured = sample_part("policy", "measured");

	assert_int_equal(measured.len, 32);
	memcpy(policy.pcrs.value[14], measured.data, 32);
	assert_int_equal(sealed_key_begin(&policy, ret), 0);
	assert_sample(ret->policy_digest, 32, "policy", "policy");
}

/* The numbers that the page has from the sample. */
static void page_has_the_policy(void **state)
{
	static const char *const keys[] = { "present", "policy" };
	own_sealed_key struct sealed_key key = { 0 };
	own_bytes struct bytes measured = sample_part("policy", "measured");
	struct digest_set digest;

	(void)state;
	begin(&key);
	assert_int_equal(digest_data(1U << DIGEST_SHA256, measured.data,
				     measured.len, &digest),
			 0);
	assert_sample(digest.value[DIGEST_SHA256], 32, "policy", "present");
	for (size_t i = 0; i < array_size(keys); i++)
		assert_non_null(strstr((const char *)page.data,
				       sample_text("policy", keys[i])));
}

static void steps_are_ours(void **state)
{
	own_bytes struct bytes z = sample_part("object", "z");
	own_bytes struct bytes public = sample_part("object", "public");
	own_bytes struct bytes name = sample_part("object", "name");
	own_bytes struct bytes blob = sample_part("object", "blob");
	own_secret struct secret seed = { 0 };
	own_secret struct secret sensitive = { 0 };
	uint8_t private[sample_part_max];
	struct marshal m = { private, sizeof(private), 0, false };
	uint8_t found[tpm_name_size];

	(void)state;
	assert_int_equal(z.len, 32);
	assert_int_equal(tpm_name(public.data, public.len, found), 0);
	assert_sample(found, sizeof(found), "object", "name");
	assert_wrap_keys("object", &name);
	load_secret("object", "seed", &seed);
	load_secret("object", "sensitive", &sensitive);
	assert_int_equal(outer_wrap(&seed, name.data, &sensitive, &m), 0);
	assert_memory_equal(blob.data + 2, private, m.len);
}

static void object_is_ours(void **state)
{
	own_bytes struct bytes number = sample_part("object", "ephemeral");
	own_bytes struct bytes obfuscation =
		sample_part("object", "obfuscation");
	own_bytes struct bytes file = sample_part("srk", "public");
	own_key EVP_PKEY *ephemeral = ephemeral_key(&number);
	own_sealed_key struct sealed_key key = { 0 };
	own_secret struct secret secret = { 0 };
	struct srk_public srk;
	struct fail f = { 0 };

	(void)state;
	begin(&key);
	load_secret("object", "secret", &secret);
	assert_ok(srk_public_parse(&file, &srk, &f), &f);
	next_random = &obfuscation;
	next_key = ephemeral;
	assert_ok(offline_seal(&srk, &secret, &key, &f), &f);
	next_random = NULL;
	next_key = NULL;
	assert_sample(key.blob.data, key.blob.len, "object", "blob");
	assert_sample(key.srk.data, key.srk.len, "object", "srk-record");
}

/* -- messages ------------------------------------------------------------- */

static void request_is_ours(void **state)
{
	own_bytes struct bytes ek = sample_part("ek", "public");
	own_bytes struct bytes ak = sample_part("ak", "public");
	own_bytes struct bytes srk = sample_part("srk", "public");
	own_bytes struct bytes fresh = sample_part("answer", "fresh");
	const struct evidence_tpm tpm = { .ek = ek, .ak = ak, .srk = srk };
	own_bytes struct bytes text = { 0 };

	(void)state;
	assert_int_equal(request_write("state", sample_text("answer", "uuid"),
				       fresh.data, &tpm, &text),
			 0);
	assert_message(&text, "request");
}

static void challenge_is_read(void **state)
{
	own_bytes struct bytes text = sample_message_text("challenge");
	own_challenge struct challenge c = { .id_object = { 0 } };
	struct fail f = { 0 };

	(void)state;
	assert_ok(challenge_read_json(&text, &c, &f), &f);
	assert_sample(c.id_object.data, c.id_object.len, "challenge",
		      "credential");
	assert_sample(c.secret.data, c.secret.len, "challenge", "secret");
}

static void refusal_is_ours(void **state)
{
	struct json_object *o = sample_message("refusal");
	own_bytes struct bytes text = { 0 };

	(void)state;
	assert_int_equal(
		answer_write_refusal(json_get_string(o, "reason"), &text), 0);
	assert_message(&text, "refusal");
}

/* init takes it, with the signature of another program. */
static void key_is_taken(void **state)
{
	own_bytes struct bytes text = sample_message_text("delivered-key");
	own_bytes struct bytes nonce = sample_part("challenge", "nonce");
	own_bytes struct bytes fresh = sample_part("answer", "fresh");
	own_bytes struct bytes signed_text = sample_part("answer", "signed");
	own_bytes struct bytes token = { 0 };
	own_key EVP_PKEY *key = load_key("answer", "key");
	own_sealed_key struct sealed_key sealed = { 0 };
	const struct answer_context context = { &nonce,
						sample_text("answer", "uuid"),
						fresh.data };
	uint8_t hash[answer_key_hash_size];
	struct fail f = { 0 };
	int keyslot = -1;

	(void)state;
	assert_int_equal(answer_key_hash(key, hash), 0);
	assert_ok(answer_read(&text, &context, hash, "get it", &token, &f), &f);
	assert_int_equal(signed_text.len, 125 + token.len);
	assert_memory_equal(signed_text.data + 125, token.data, token.len);
	assert_ok(token_parse((const char *)token.data, &sealed, &keyslot, &f),
		  &f);
	assert_int_equal(keyslot, 0);
	assert_int_equal(sealed.pcr_mask, 1U << 14);
	assert_sample(sealed.policy_digest, 32, "policy", "policy");
	assert_sample(sealed.blob.data, sealed.blob.len, "object", "blob");
	assert_sample(sealed.srk.data, sealed.srk.len, "object", "srk-record");
}

/* The bytes of the page, under the signature of the message. */
static void signature_is_over_the_bytes(void **state)
{
	own_bytes struct bytes signed_text = sample_part("answer", "signed");
	own_bytes struct bytes signature = { 0 };
	own_key EVP_PKEY *key = load_key("answer", "key");
	own_digest_context EVP_MD_CTX *c = EVP_MD_CTX_new();
	struct json_object *o = sample_message("delivered-key");

	(void)state;
	assert_int_equal(base64_decode(json_get_string(o, "signature"),
				       sample_part_max, &signature),
			 0);
	assert_int_equal(EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, key),
			 1);
	assert_int_equal(EVP_DigestVerify(c, signature.data, signature.len,
					  signed_text.data, signed_text.len),
			 1);
}

int main(void)
{
	const struct table tables[] = {
		CASE(keys_are_of_our_templates),
		CASE(challenge_is_ours),
		CASE(page_has_the_policy),
		CASE(steps_are_ours),
		CASE(object_is_ours),
		CASE(request_is_ours),
		CASE(challenge_is_read),
		CASE(refusal_is_ours),
		CASE(key_is_taken),
		CASE(signature_is_over_the_bytes),
	};
	int r;

	if (sample_load() < 0 || io_read_file(AT_FDCWD, "docs/broker.md",
					      sample_file_max, &page) < 0)
		return 1;
	r = table_run(tables, array_size(tables));
	json_object_put(sample);
	bytes_free(&page);
	return r;
}
