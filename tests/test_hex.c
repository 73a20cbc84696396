// SPDX-License-Identifier: MIT
/* Hexadecimal, both ways; one value has one spelling. */
#include "lib/hex.h"

#include <errno.h>
#include <string.h>

#include "lib/own.h"
#include "tests/table.h"

enum { most = 4, untouched = 99 };

static const struct hex_case {
	const char *hex;
	int result;
	uint8_t data[most];
	size_t len;
} cases[] = {
	{ "00", 0, { 0 }, 1 },
	{ "ff", 0, { 0xff }, 1 },
	{ "0123", 0, { 0x01, 0x23 }, 2 },
	{ "89abcdef", 0, { 0x89, 0xab, 0xcd, 0xef }, 4 },
	{ "0011223344", -ERANGE, { 0 }, 0 },
	{ "", -EINVAL, { 0 }, 0 },
	{ "0", -EINVAL, { 0 }, 0 },
	{ "001", -EINVAL, { 0 }, 0 },
	{ "FF", -EINVAL, { 0 }, 0 },
	{ "0x01", -EINVAL, { 0 }, 0 },
	{ "0g", -EINVAL, { 0 }, 0 },
	{ " 00", -EINVAL, { 0 }, 0 },
	{ "00 ", -EINVAL, { 0 }, 0 },
	{ "00\n", -EINVAL, { 0 }, 0 },
	{ "\x80\x80", -EINVAL, { 0 }, 0 },
	{ "001122334g", -EINVAL, { 0 }, 0 },
};

static void decodes(void **state)
{
	const struct hex_case *c = *state;
	uint8_t data[most] = { untouched };
	size_t len = untouched;

	assert_int_equal(hex_decode(c->hex, most, data, &len), c->result);
	assert_int_equal(len, c->result ? untouched : c->len);
	if (c->result)
		assert_int_equal(data[0], untouched);
	else
		assert_memory_equal(data, c->data, c->len);
}

static void encodes_every_byte(void **state)
{
	uint8_t all[256];
	uint8_t back[256];
	char hex[sizeof(all) * 2 + 1];
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	hex_encode(all, sizeof(all), hex);
	assert_int_equal(strlen(hex), 512);
	assert_memory_equal(hex, "000102030405060708090a0b0c0d0e0f10", 34);
	assert_int_equal(hex_decode(hex, sizeof(back), back, &len), 0);
	assert_int_equal(len, sizeof(all));
	assert_memory_equal(back, all, sizeof(all));
}

static void encodes_nothing(void **state)
{
	char hex[1] = { 'x' };

	(void)state;
	hex_encode(NULL, 0, hex);
	assert_string_equal(hex, "");
}

int main(void)
{
	const struct table tables[] = {
		TABLE(decodes, cases),
		CASE(encodes_every_byte),
		CASE(encodes_nothing),
	};

	return table_run(tables, array_size(tables));
}
