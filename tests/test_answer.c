// SPDX-License-Identifier: MIT
/* The broker's answer: signed for one boot and volume, by one key. */
#include "evidence/exchange/answer.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#include "lib/json.h"
#include "lib/own.h"
#include "tests/line.h"
#include "tests/table.h"

#define UUID "01234567-89ab-cdef-0123-456789abcdef"

static EVP_PKEY *ours, *other, *rsa, *ed25519;

static uint8_t nonce_data[] = "0123456789abcdef";
static uint8_t later_data[] = "0123456789abcdeF";
static uint8_t token_data[] = "{\"type\":\"systemd-tpm2\"}";

static struct bytes nonce = { nonce_data, sizeof(nonce_data) - 1 };
static struct bytes token = { token_data, sizeof(token_data) - 1 };
static const uint8_t fresh[request_fresh_size] = "of this boot";
static const uint8_t stale[request_fresh_size] = "of the last one";
static const struct answer_context context = { &nonce, UUID, fresh };

static int make_keys(void)
{
	ours = EVP_EC_gen("P-256");
	other = EVP_EC_gen("P-256");
	rsa = EVP_RSA_gen(2048);
	ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return ours && other && rsa && ed25519 ? 0 : -1;
}

static void free_keys(void)
{
	EVP_PKEY_free(ours);
	EVP_PKEY_free(other);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ed25519);
}

/* Reads as a boot would that trusts key; the failure as a line, or "". */
static const char *read_line(const struct bytes *text,
			     const struct answer_context *c, EVP_PKEY *key,
			     struct bytes *ret)
{
	static char line[fail_line_max];
	uint8_t hash[answer_key_hash_size];
	struct fail f = { 0 };

	assert_int_equal(answer_key_hash(key, hash), 0);
	line[0] = '\0';
	if (answer_read(text, c, hash, "use it", ret, &f) < 0)
		fail_format(&f, "init", "volumes", line, sizeof(line));
	return line;
}

#define LINE(text) "init: volumes: cannot use it: " text

static void carries(EVP_PKEY *key)
{
	own_bytes struct bytes text = { 0 };
	own_bytes struct bytes got = { 0 };

	assert_int_equal(answer_write_key(&token, &context, key, &text), 0);
	assert_string_equal(read_line(&text, &context, key, &got), "");
	assert_int_equal(got.len, token.len);
	assert_string_equal((char *)got.data, (char *)token.data);
}

static void carries_a_key(void **state)
{
	(void)state;
	carries(ours);
	carries(rsa);
}

static void signs_with_nothing_else(void **state)
{
	own_bytes struct bytes text = { 0 };

	(void)state;
	assert_int_equal(answer_write_key(&token, &context, ed25519, &text),
			 -EINVAL);
}

#define NOT_FOR_US                                                             \
	LINE("the answer is not signed for this boot and volume; look at the " \
	     "broker's audit log")

static void refuses_another_boot(void **state)
{
	struct bytes later = { later_data, sizeof(later_data) - 1 };
	struct bytes shorter = { nonce.data, 15 };
	const struct answer_context replayed = { &later, UUID, fresh };
	const struct answer_context again = { &nonce, UUID, stale };
	const struct answer_context cut = { &shorter, UUID, fresh };
	const struct answer_context volume = {
		&nonce, "01234567-89ab-cdef-0123-456789abcdee", fresh
	};
	own_bytes struct bytes text = { 0 };
	own_bytes struct bytes got = { 0 };

	(void)state;
	assert_int_equal(answer_write_key(&token, &context, ours, &text), 0);
	assert_string_equal(read_line(&text, &replayed, ours, &got),
			    NOT_FOR_US);
	assert_string_equal(read_line(&text, &again, ours, &got), NOT_FOR_US);
	assert_string_equal(read_line(&text, &cut, ours, &got), NOT_FOR_US);
	assert_string_equal(read_line(&text, &volume, ours, &got), NOT_FOR_US);
	assert_null(got.data);
}

static void refuses_another_broker(void **state)
{
	own_bytes struct bytes text = { 0 };
	own_bytes struct bytes got = { 0 };

	(void)state;
	assert_int_equal(answer_write_key(&token, &context, other, &text), 0);
	assert_string_equal(
		read_line(&text, &context, ours, &got),
		LINE("the answer is signed by another broker; correct [broker] "
		     "key in boot.conf, or ask the broker that it names"));
	assert_null(got.data);
}

/* Each value of a good answer in turn, with one character changed. */
static void refuses_each_change(void **state)
{
	static const char *const keys[] = { "token", "key", "signature" };
	own_bytes struct bytes text = { 0 };

	(void)state;
	assert_int_equal(answer_write_key(&token, &context, ours, &text), 0);
	for (size_t i = 0; i < array_size(keys); i++) {
		own_json struct json_object *o =
			json_tokener_parse((const char *)text.data);
		own_bytes struct bytes changed = { 0 };
		own_bytes struct bytes got = { 0 };
		char value[2048];

		(void)snprintf(value, sizeof(value), "%s",
			       json_get_string(o, keys[i]));
		value[10] = value[10] == 'A' ? 'B' : 'A';
		assert_int_equal(json_set_string(o, keys[i], value), 0);
		assert_int_equal(json_write_line(o, &changed), 0);
		assert_string_not_equal(
			read_line(&changed, &context, ours, &got), "");
		assert_null(got.data);
	}
}

static void passes_a_refusal_on(void **state)
{
	own_bytes struct bytes text = { 0 };
	own_bytes struct bytes got = { 0 };

	(void)state;
	assert_int_equal(
		answer_write_refusal("the quote is \033[2J old\n", &text), 0);
	/* escaped by who sent it, and again by who shows it */
	assert_string_equal(
		read_line(&text, &context, ours, &got),
		LINE("the broker says: the quote is \\\\x1b[2J old\\\\x0a; "
		     "look at the broker's audit log"));
}

/* In the place of a challenge, which is no refusal either. */
static void knows_a_refusal(void **state)
{
	own_bytes struct bytes refusal = { 0 };
	own_bytes struct bytes key = { 0 };
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(answer_write_refusal("no", &refusal), 0);
	assert_refusal(answer_check_refusal(&refusal, "use it", &f), &f,
		       "cannot use it: the broker says: no; look at the "
		       "broker's audit log");
	assert_int_equal(answer_write_key(&token, &context, ours, &key), 0);
	assert_int_equal(answer_check_refusal(&key, "use it", &f), 0);
}

static void cuts_a_long_refusal(void **state)
{
	char reason[2000];
	own_bytes struct bytes text = { 0 };
	own_bytes struct bytes got = { 0 };

	(void)state;
	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	assert_int_equal(answer_write_refusal(reason, &text), 0);
	assert_true(text.len < 600);
	assert_non_null(strstr(read_line(&text, &context, ours, &got), "xxx"));
}

static const struct bad_case {
	const char *text;
} bad[] = {
	{ "" },
	{ "[]" },
	{ "{}" },
	{ "{\"type\":\"cvm-init delivered key\",\"schema\":1}" },
	{ "{\"type\":\"cvm-init delivered key\",\"schema\":2,\"token\":\"\","
	  "\"key\":\"\",\"signature\":\"\"}" },
	{ "{\"type\":\"cvm-init evidence\",\"schema\":1}" },
	{ "{\"type\":\"cvm-init delivered key\",\"schema\":1,\"token\":\"e30=\","
	  "\"key\":5,\"signature\":\"\"}" },
	{ "{\"type\":\"cvm-init delivered key\",\"type\":\"x\",\"schema\":1}" },
	{ "{\"type\":\"cvm-init refusal\",\"schema\":2,\"reason\":\"x\"}" },
};

static void refuses(void **state)
{
	const struct bad_case *c = *state;
	own_bytes struct bytes text = { 0 };
	own_bytes struct bytes got = { 0 };

	assert_int_equal(bytes_copy(c->text, strlen(c->text), &text), 0);
	assert_string_equal(read_line(&text, &context, ours, &got),
			    LINE("the answer is not one of a broker; look at "
				 "the broker's audit log"));
	assert_null(got.data);
}

static void refuses_a_nul_inside(void **state)
{
	own_bytes struct bytes text = { 0 };
	own_bytes struct bytes got = { 0 };

	(void)state;
	assert_int_equal(answer_write_key(&token, &context, ours, &text), 0);
	text.data[text.len - 1] = '\0'; /* its newline */
	assert_string_not_equal(read_line(&text, &context, ours, &got), "");
}

int main(void)
{
	const struct table tables[] = {
		CASE(carries_a_key),	    CASE(signs_with_nothing_else),
		CASE(refuses_another_boot), CASE(refuses_another_broker),
		CASE(refuses_each_change),  CASE(passes_a_refusal_on),
		CASE(knows_a_refusal),	    CASE(cuts_a_long_refusal),
		TABLE(refuses, bad),	    CASE(refuses_a_nul_inside),
	};
	int r;

	if (make_keys() < 0)
		return 1;
	r = table_run(tables, array_size(tables));
	free_keys();
	return r;
}
