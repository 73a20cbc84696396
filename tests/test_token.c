// SPDX-License-Identifier: MIT
/*
 * Tokens as systemd 252 and this project wrote them, and every way in which
 * one is refused: each case is a field of a good token with another value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hex.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/luks/token.h"
#include "tests/line.h"

#define BLOB                                                                 \
	"AJ4AIH2jbPiPLhfzHjBK7mgxlP00M7NXcgWMTx4S26FZhY2oABDRxeqnmO9IoMZBXN" \
	"rhJdqSZSsk9jwWLgtMgJGlTsYUWBQTZu4pX5jjKS0zdPy8ubp61KlkARt52FitW5EQ" \
	"stjED3hcawSjd5Y0rpo+ZiVl9OcRfCWbSNM/dg+3eG1+QgIy5gsRrx1Qe2DZ0sPJTd" \
	"DiwJ0Wp8QIc91cSQBOAAgACwAABBIAIDxX8eNeaPPD6X7c7VeY2mm8sx8yl5abt9Xx" \
	"XvMCKvBpABAAIPTJaapr1Uo1n/22LqMFB3khhbKAwvDCJkeMgAiUqG5Q"
#define POLICY \
	"3c57f1e35e68f3c3e97edced5798da69bcb31f3297969bb7d5f15ef3022af069"
/* handle, name, type, then the public area of an ECC SRK */
#define SRK                                                                  \
	"gQAAAQAiAAtOvyqZfhvFoUVW5TxHKxiioEk54+rkjRqHCuXXrarsAwAAAAEAWgAjAA" \
	"sAAwRyAAAABgCAAEMAEAADABAAIMtwc08D/vV4uc2vhLNMZ9qnpGLPRcT5u9Gpw7yK" \
	"7GKFACC6QmyofoeINXwcx5VmUMoER5Yft9ZJGfYKIvUJxb6YVQ=="
/* the same with the last byte changed: not the key that the name names */
#define SRK_OTHER_KEY                                                        \
	"gQAAAQAiAAtOvyqZfhvFoUVW5TxHKxiioEk54+rkjRqHCuXXrarsAwAAAAEAWgAjAA" \
	"sAAwRyAAAABgCAAEMAEAADABAAIMtwc08D/vV4uc2vhLNMZ9qnpGLPRcT5u9Gpw7yK" \
	"7GKFACC6QmyofoeINXwcx5VmUMoER5Yft9ZJGfYKIvUJxb6YVA=="

/* base64 of the PEM of a key on P-256 */
#define SIGNER                                                             \
	"LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KTUZrd0V3WUhLb1pJemowQ0FRWUlL" \
	"b1pJemowREFRY0RRZ0FFSGZTRXFuUENzNm91d0ZXdWk3M2dnOFdGWEhiTApGWGhJ" \
	"MkZ4Sjg5ZThHd2FJK3YzdmN1eTZYME9EQTUwTG9pNEdvYWdHcmxVNHgxdUtTeXdS" \
	"SlBUdFJBPT0KLS0tLS1FTkQgUFVCTElDIEtFWS0tLS0tCg=="

/* What token_format writes is what systemd writes, byte for byte. */
static const char good[] =
	"{\"type\":\"systemd-tpm2\",\"keyslots\":[\"3\"],\"tpm2-blob\":\"" BLOB
	"\",\"tpm2-pcrs\":[4,14],\"tpm2-pcr-bank\":\"sha256\","
	"\"tpm2-primary-alg\":\"ecc\",\"tpm2-policy-hash\":\"" POLICY
	"\",\"tpm2_srk\":\"" SRK "\"}";

static void test_reads_what_it_writes(void **state)
{
	own_sealed_key struct sealed_key key = { 0 };
	own_free char *again = NULL;
	struct fail f = { 0 };
	char hex[65];
	int keyslot = -1;

	(void)state;
	assert_ok(token_parse(good, &key, &keyslot, &f), &f);
	assert_int_equal(keyslot, 3);
	assert_int_equal(key.pcr_mask, 1U << 4 | 1U << 14);
	assert_int_equal(key.bank, DIGEST_SHA256);
	assert_int_equal(key.blob.len, 160 + 80);
	hex_encode(key.policy_digest, 32, hex);
	assert_string_equal(hex, POLICY);
	assert_ok(token_format(&key, keyslot, &again, &f), &f);
	assert_string_equal(again, good);
}

/* As systemd 248 wrote them: no bank, no kind of key, no SRK. */
static void test_reads_old_tokens(void **state)
{
	static const char old[] =
		"{\"type\":\"systemd-tpm2\",\"keyslots\":[\"1\"],"
		"\"tpm2-blob\":\"" BLOB "\",\"tpm2-pcrs\":[14],"
		"\"tpm2-policy-hash\":\"" POLICY "\"}";
	static const char again[] =
		"{\"type\":\"systemd-tpm2\",\"keyslots\":[\"1\"],"
		"\"tpm2-blob\":\"" BLOB "\",\"tpm2-pcrs\":[14],"
		"\"tpm2-pcr-bank\":\"sha256\",\"tpm2-primary-alg\":\"%s\","
		"\"tpm2-policy-hash\":\"" POLICY "\"}";

	(void)state;
	for (int rsa = 0; rsa < 2; rsa++) {
		own_sealed_key struct sealed_key key = { 0 };
		own_free char *json = NULL;
		own_text struct text expected = { 0 };
		struct fail f = { 0 };
		int keyslot = -1;

		assert_ok(token_parse(old, &key, &keyslot, &f), &f);
		assert_int_equal(key.srk.len, 0);
		assert_int_equal(key.bank, DIGEST_SHA256);
		assert_false(key.rsa_primary);
		key.rsa_primary = rsa;
		assert_ok(token_format(&key, keyslot, &json, &f), &f);
		text_add(&expected, again, rsa ? "rsa" : "ecc");
		assert_string_equal(json, expected.s);
		sealed_key_free(&key);
		assert_ok(token_parse(json, &key, &keyslot, &f), &f);
		assert_int_equal(key.rsa_primary, rsa);
	}
}

struct change {
	const char *name;   /* of the field; one more field if not there */
	const char *value;  /* JSON; NULL leaves the field out */
	const char *reason; /* NULL when accepted */
};

static const struct change changes[] = {
	{ "type", "\"systemd-fido2\"", "it is not for a TPM" },
	{ "type", "3", "it is not for a TPM" },
	{ "type", NULL, "it has no type" },
	{ "keyslots", "[\"31\"]", NULL },
	{ "keyslots", "[\"32\"]", "it does not name one keyslot" },
	{ "keyslots", "[1]", "it does not name one keyslot" },
	{ "keyslots", "\"1\"", "it does not name one keyslot" },
	{ "keyslots", "[]", "it does not name one keyslot" },
	{ "keyslots", "[\"1\",\"2\"]", "it does not name one keyslot" },
	{ "keyslots", NULL, "it has no keyslots" },
	{ "tpm2-blob", "[\"" BLOB "\"]", NULL },
	{ "tpm2-blob", "[\"" BLOB "\",\"" BLOB "\"]",
	  "its key is in several shards" },
	{ "tpm2-blob", "\"AA=A\"", "its tpm2-blob is not base64" },
	{ "tpm2-blob", "\" AAAA\"", "its tpm2-blob is not base64" },
	{ "tpm2-blob", "\"AAB=\"", "its tpm2-blob is not base64" },
	{ "tpm2-blob", "\"AAAA\\u0000AAAA\"", "its tpm2-blob is not base64" },
	{ "tpm2-blob", "\"\"", "its tpm2-blob is not base64" },
	{ "tpm2-blob", NULL, "it has no tpm2-blob" },
	{ "tpm2-pcrs", "[0,23]", NULL },
	{ "tpm2-pcrs", "[]", "it is bound to no PCR" },
	{ "tpm2-pcrs", "[24]", "its tpm2-pcrs are not PCRs from 0 to 23" },
	{ "tpm2-pcrs", "[-1]", "its tpm2-pcrs are not PCRs from 0 to 23" },
	{ "tpm2-pcrs", "[4,4]", "its tpm2-pcrs are not PCRs from 0 to 23" },
	{ "tpm2-pcrs", "[\"4\"]", "its tpm2-pcrs are not PCRs from 0 to 23" },
	{ "tpm2-pcrs", "4", "its tpm2-pcrs is not a list" },
	{ "tpm2-pcrs", NULL, "it has no tpm2-pcrs" },
	{ "tpm2-pcr-bank", "\"sha384\"", NULL },
	{ "tpm2-pcr-bank", "\"sm3_256\"",
	  "its PCR bank is none of SHA-1 and SHA-2" },
	{ "tpm2-pcr-bank", NULL, NULL },
	{ "tpm2-primary-alg", "\"rsa\"", NULL },
	{ "tpm2-primary-alg", NULL, NULL },
	{ "tpm2-primary-alg", "\"none\"",
	  "its primary key is neither ECC nor RSA" },
	{ "tpm2-policy-hash", "[\"" POLICY "\"]", NULL },
	{ "tpm2-policy-hash", "[\"" POLICY "\",\"" POLICY "\"]",
	  "its policy digest is not that of one SHA-256 policy" },
	{ "tpm2-policy-hash", "\"3c57\"",
	  "its policy digest is not that of one SHA-256 policy" },
	{ "tpm2-policy-hash", "\"" POLICY "00\"",
	  "its policy digest is not that of one SHA-256 policy" },
	{ "tpm2-policy-hash", NULL, "it has no tpm2-policy-hash" },
	{ "tpm2_srk", "\"" SRK_OTHER_KEY "\"",
	  "its tpm2_srk is not that of SRK 0x81000001" },
	{ "tpm2_srk", "\"gQAAAQ==\"",
	  "its tpm2_srk is not that of SRK 0x81000001" },
	{ "tpm2_srk", NULL, NULL },
	{ "tpm2-pin", "false", NULL },
	{ "tpm2-pin", "true", "it needs a PIN" },
	{ "tpm2-pin", "\"no\"", "it needs a PIN" },
	{ "tpm2_salt", "\"AAAA\"", "it needs a PIN" },
	{ "tpm2_argon2id_memcost", "1048576", "it needs a PIN" },
	{ "tpm2_pcrlock", "false", NULL },
	{ "tpm2_pcrlock", "true", "it needs a pcrlock policy" },
	{ "tpm2_pcrlock_nv", "\"AAAA\"", "it needs a pcrlock policy" },
	{ "tpm2_pubkey_pcrs", "[]", NULL },
	{ "tpm2_pubkey_pcrs", "[11]", "it has no tpm2_pubkey" },
	{ "tpm2_pubkey_pcrs", "[24]",
	  "its tpm2_pubkey_pcrs are not PCRs from 0 to 23" },
	{ "tpm2_pubkey", "\"AAAA\"",
	  "its release key is neither RSA nor on P-256" },
	{ "tpm2_pubkey", "3", "its release key is neither RSA nor on P-256" },
	{ "tpm2_pubkey", "\"" SIGNER "\"", "its release key signs no PCR" },
	{ "tpm2_pubkey_ref", "\"x\"", "it needs a policy reference" },
	{ "cvm-init-pcrs", "{}", NULL },
	{ "cvm-init-pcrs", "{\"14\":\"" POLICY "\"}", NULL },
	{ "cvm-init-pcrs", "{\"24\":\"" POLICY "\"}",
	  "its cvm-init-pcrs are not PCR values of one bank" },
	{ "cvm-init-pcrs", "{\"14\":\"00\"}",
	  "its cvm-init-pcrs are not PCR values of one bank" },
	{ "cvm-init-pcrs",
	  "{\"14\":\"" POLICY
	  "\",\"4\":\"0000000000000000000000000000000000000000\"}",
	  "its cvm-init-pcrs are not PCR values of one bank" },
	{ "cvm-init-pcrs", "[14]",
	  "its cvm-init-pcrs are not PCR values of one bank" },
	{ "tpm2_new", "1", "its field tpm2_new is not known" },
	{ "tpm2-pcrs", "[[[[[1]]]]]", "it is not a JSON object" },
};

/* The good token with one change. The caller frees. */
static char *changed_token(const struct change *c)
{
	static const char *const fields[][2] = {
		{ "type", "\"systemd-tpm2\"" },
		{ "keyslots", "[\"3\"]" },
		{ "tpm2-blob", "\"" BLOB "\"" },
		{ "tpm2-pcrs", "[4,14]" },
		{ "tpm2-pcr-bank", "\"sha256\"" },
		{ "tpm2-primary-alg", "\"ecc\"" },
		{ "tpm2-policy-hash", "\"" POLICY "\"" },
		{ "tpm2_srk", "\"" SRK "\"" },
	};
	own_text struct text t = { 0 };

	for (size_t i = 0; i < array_size(fields); i++)
		if (strcmp(fields[i][0], c->name) != 0)
			text_add(&t, "%s\"%s\":%s", t.s ? "," : "{",
				 fields[i][0], fields[i][1]);
	if (c->value)
		text_add(&t, ",\"%s\":%s", c->name, c->value);
	text_add(&t, "}");
	assert_false(text_failed(&t));
	return take_ptr(t.s);
}

static void test_judges_each_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(changes); i++) {
		own_sealed_key struct sealed_key key = { 0 };
		own_free char *json = changed_token(&changes[i]);
		char line[fail_line_max];
		struct fail f = { 0 };
		int keyslot = -1;
		int r = token_parse(json, &key, &keyslot, &f);

		if (!changes[i].reason) {
			assert_ok(r, &f);
			continue;
		}
		(void)snprintf(line, sizeof(line),
			       "cannot read the TPM token: %s; seal the key "
			       "with cvmctl seal",
			       changes[i].reason);
		assert_refusal(r, &f, line);
		assert_null(key.blob.data);
		assert_int_equal(keyslot, -1);
	}
}

static void test_refuses_what_is_no_object(void **state)
{
	static const char *const texts[] = {
		"", "[]", "3", "null", "{", "{}x", "{\"type\":}", "{} {}",
	};

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++) {
		struct sealed_key key = { 0 };
		struct fail f = { 0 };
		int keyslot;

		assert_refusal(token_parse(texts[i], &key, &keyslot, &f), &f,
			       "cannot read the TPM token: it is not a JSON "
			       "object; seal the key with cvmctl seal");
	}
}

/* Blanks are JSON too, up to the limit and not one more. */
static void test_is_bounded(void **state)
{
	own_free char *json = malloc(token_json_max + 2);
	struct sealed_key key = { 0 };
	struct fail f = { 0 };
	int keyslot;

	(void)state;
	assert_non_null(json);
	memset(json, ' ', token_json_max + 1);
	json[token_json_max + 1] = '\0';
	memcpy(json, good, strlen(good));
	assert_refusal(token_parse(json, &key, &keyslot, &f), &f,
		       "cannot read the TPM token: it is longer than 64 KiB; "
		       "seal the key with cvmctl seal");
	json[token_json_max] = '\0';
	assert_ok(token_parse(json, &key, &keyslot, &f), &f);
	sealed_key_free(&key);
}

static void test_refuses_to_write_another_srk(void **state)
{
	static const uint8_t other[] = { 0x81, 0, 0, 1 };
	own_sealed_key struct sealed_key key = { 0 };
	struct fail f = { 0 };
	char *json = NULL;

	(void)state;
	assert_int_equal(bytes_copy(other, sizeof(other), &key.srk), 0);
	assert_refusal(token_format(&key, 0, &json, &f), &f,
		       "cannot write the TPM token: its SRK is neither ECC nor "
		       "RSA; seal the key with cvmctl seal");
	assert_null(json);
}

/* base64 -w0, which is what systemd makes of the secret. */
static void test_passphrase_is_base64(void **state)
{
	own_secret struct secret secret = { 0 };
	own_secret struct secret passphrase = { 0 };

	(void)state;
	assert_int_equal(secret_alloc(32, &secret), 0);
	memset(secret.data, 0x42, 32);
	assert_int_equal(token_passphrase(&secret, &passphrase), 0);
	assert_int_equal(passphrase.len, 44);
	assert_memory_equal(passphrase.data,
			    "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=", 44);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_what_it_writes),
		cmocka_unit_test(test_reads_old_tokens),
		cmocka_unit_test(test_judges_each_field),
		cmocka_unit_test(test_refuses_what_is_no_object),
		cmocka_unit_test(test_is_bounded),
		cmocka_unit_test(test_refuses_to_write_another_srk),
		cmocka_unit_test(test_passphrase_is_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
