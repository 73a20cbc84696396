// SPDX-License-Identifier: MIT
/*
 * Known answers: those of go-tpm's tpm2/test/testvectors, which a TPM
 * simulator agreed with, and one made with Python's hmac.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "tests/table.h"

#include "lib/hex.h"
#include "lib/own.h"
#include "seal/object/kdf.h"

enum { input_max = 64 };

static const struct kdf_case {
	const char *name;
	bool is_kdf_e;
	const char *key; /* or z */
	const char *label;
	const char *u;
	const char *v;
	const char *result;
	uint8_t mask; /* of the first byte, for sizes in bits */
} answers[] = {
	{ "kdfa/30_SHA256_200", false, "", "SECRET",
	  "fbf51f160255018bbc8efea4c36ac4fb4cbba34e9eff", "3cea0fdc2600",
	  "a26c73dca13a265e09eec4b0abc4ecb2bf8d26db04e8823ee6", 0xff },
	{ "kdfa/STORAGE_128", false, "000102030405060708", "STORAGE",
	  "000bffee", "", "db7bf09e7f0b7aab33a0d4f2c6aff0e1", 0xff },
	{ "kdfe/24_SHA256_228", true, "001e629d6c796167055b96b7cc5accbbaf",
	  "DUPLICATE", "1d29515f55a1a0bf0d252200", "00",
	  "0450ecb7bdc31f9c59cc87f43a479a25dc6591368e2475f9babf41f6c7", 0x0f },
	{ "kdfe/27_SHA256_250", true, "ff739afe0f", "STORAGE",
	  "a2c096d007a0ba160cb38065cc11205b2b433e53e8320a44c34907b15bff",
	  "ff85d3c6e10a7cd01e864680c30b",
	  "0377bc98e95ee8e36d2ff9346c3f1ca9988f8044623845be4c6a0763c6045ab7",
	  0x03 },
};

static size_t decode(const char *hex, uint8_t ret[static input_max])
{
	size_t len = 0;

	if (*hex)
		assert_int_equal(hex_decode(hex, input_max, ret, &len), 0);
	return len;
}

static void gives_known_answer(void **state)
{
	const struct kdf_case *c = *state;
	uint8_t key[input_max];
	uint8_t u[input_max];
	uint8_t v[input_max];
	uint8_t expected[input_max];
	uint8_t output[kdf_size_max] = { 0 };
	size_t key_len = decode(c->key, key);
	size_t size = decode(c->result, expected);
	const struct kdf_context context = { c->label, u, decode(c->u, u), v,
					     decode(c->v, v) };

	assert_int_equal(c->is_kdf_e
				 ? kdf_e(key, key_len, &context, output)
				 : kdf_a(key, key_len, &context, output, size),
			 0);
	output[0] &= c->mask;
	assert_memory_equal(output, expected, size);
}

/* 4 bytes for the round, the label with its NUL, 4 for the size. */
static void bounds_its_input(void **state)
{
	static uint8_t long_input[kdf_context_max];
	struct kdf_context context = { .label = "A", .u = long_input };
	uint8_t output[kdf_size_max + 1];

	(void)state;
	context.u_len = kdf_context_max - 10;
	assert_int_equal(kdf_a(NULL, 0, &context, output, kdf_size_max), 0);
	assert_int_equal(kdf_a(NULL, 0, &context, output, kdf_size_max + 1),
			 -EINVAL);
	context.u_len++;
	assert_int_equal(kdf_a(NULL, 0, &context, output, kdf_size_max),
			 -EINVAL);
	context.u_len = 0;
	assert_int_equal(
		kdf_e(long_input, kdf_context_max - 6, &context, output), 0);
	assert_int_equal(kdf_e(long_input, kdf_context_max - 5, &context,
			       output),
			 -EINVAL);
}

int main(void)
{
	const struct table tables[] = { TABLE(gives_known_answer, answers),
					CASE(bounds_its_input) };

	return table_run(tables, array_size(tables));
}
