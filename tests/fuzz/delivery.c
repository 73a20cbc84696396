// SPDX-License-Identifier: MIT
/* See delivery.h. */
#include "tests/fuzz/delivery.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "lib/json.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/object/json-values.h"
#include "tests/fuzz/promise.h"

/* What is accepted comes back the same when it is written and read again. */
void fuzz_request(const uint8_t *data, size_t len)
{
	own_bytes struct bytes text = as_text(data, len);
	own_bytes struct bytes again = { 0 };
	own_request struct request r = { .volume = "" };
	own_request struct request s = { .volume = "" };

	if (request_read(&text, &r) < 0)
		return;
	expect(text_is_name(r.volume, boot_name_max), "a name");
	expect(strlen(r.uuid) == boot_uuid_len, "a UUID");
	expect(r.tpm.srk.len && r.tpm.srk.len <= evidence_public_max,
	       "a maximum");
	expect(request_write(r.volume, r.uuid, r.fresh, &r.tpm, &again) == 0,
	       "memory");
	expect(request_read(&again, &s) == 0, "it is read again");
	expect(r.tpm.ek.len == s.tpm.ek.len &&
		       memcmp(r.tpm.ek.data, s.tpm.ek.data, r.tpm.ek.len) == 0,
	       "the same request");
}

/* The hash of the key that the answer names, so that the signature counts. */
static void hash_key(const struct bytes *text, uint8_t *ret)
{
	own_json struct json_object *o =
		json_tokener_parse((const char *)text->data);
	own_bytes struct bytes key = { 0 };

	if (json_value_base64(json_get(o, "key"), 4096, &key) == 0)
		expect(EVP_Digest(key.data, key.len, ret, NULL, EVP_sha256(),
				  NULL) == 1,
		       "a hash");
}

/* Nobody has signed it: it is refused, in words. */
void fuzz_answer(const uint8_t *data, size_t len)
{
	uint8_t hash[answer_key_hash_size] = { 0 };
	const uint8_t fresh[request_fresh_size] = { 5 };
	uint8_t random[4] = { 1, 2, 3, 4 };
	const struct bytes nonce = { random, sizeof(random) };
	const struct answer_context context = { &nonce, "uuid", fresh };
	own_bytes struct bytes text = as_text(data, len);
	own_bytes struct bytes token = { 0 };
	struct fail f = { 0 };

	hash_key(&text, hash);
	expect(answer_read(&text, &context, hash, "use it", &token, &f) < 0,
	       "a refusal");
	expect(!token.data, "no token");
	expect_failure(&f);
}
