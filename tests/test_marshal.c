// SPDX-License-Identifier: MIT
/* Numbers and sized bytes at their limits, and one byte beyond. */
#include <errno.h>
#include <string.h>

#include "tests/table.h"

#include "lib/own.h"
#include "seal/object/marshal.h"

static const struct number_case {
	const char *name;
	size_t size;
	size_t len; /* bytes there are, of 01 02 03 04 */
	int result;
	uint32_t number;
} numbers[] = {
	{ "one byte", 1, 4, 0, 0x01 },
	{ "two bytes", 2, 4, 0, 0x0102 },
	{ "four bytes", 4, 4, 0, 0x01020304 },
	{ "a byte missing", 4, 3, -EINVAL, 0 },
	{ "nothing there", 1, 0, -EINVAL, 0 },
};

static void reads_numbers(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4 };
	const struct number_case *c = *state;
	struct unmarshal u = { bytes, c->len };
	uint32_t number = 0;

	assert_int_equal(unmarshal_number(&u, c->size, &number), c->result);
	assert_int_equal(number, c->number);
	assert_int_equal(u.len, c->result ? c->len : c->len - c->size);
	u = (struct unmarshal){ bytes, c->len };
	assert_int_equal(unmarshal_expect(&u, c->size, c->number), c->result);
	u = (struct unmarshal){ bytes, c->len };
	assert_int_equal(unmarshal_expect(&u, c->size, c->number + 1), -EINVAL);
}

static const struct sized_case {
	const char *name;
	uint8_t bytes[5];
	size_t len;
	int result;
	size_t inside; /* and the rest is left */
} sizes[] = {
	{ "two bytes of three", { 0, 2, 'a', 'b', 'c' }, 5, 0, 2 },
	{ "all of them", { 0, 3, 'a', 'b', 'c' }, 5, 0, 3 },
	{ "none", { 0, 0, 'a' }, 3, 0, 0 },
	{ "one too many", { 0, 4, 'a', 'b', 'c' }, 5, -EINVAL, 0 },
	{ "many too many", { 0xff, 0xff, 'a' }, 3, -EINVAL, 0 },
	{ "half a size", { 0 }, 1, -EINVAL, 0 },
};

static void reads_sized(void **state)
{
	const struct sized_case *c = *state;
	struct unmarshal u = { c->bytes, c->len };
	struct unmarshal inside = { NULL, 0 };

	assert_int_equal(unmarshal_sized(&u, &inside), c->result);
	assert_int_equal(inside.len, c->inside);
	if (c->result)
		return;
	assert_ptr_equal(inside.at, c->bytes + 2);
	assert_int_equal(u.len, c->len - 2 - c->inside);
}

static void writes_what_is_read(void **state)
{
	static const uint8_t expected[] = { 0,	 0, 1, 0x7f, 0,	  0x0b,
					    0xa, 0, 2, 'h',  'i', 'x' };
	uint8_t data[sizeof(expected)];
	struct marshal m = { data, sizeof(data), 0, false };

	(void)state;
	marshal_number(&m, 4, 0x17f);
	marshal_number(&m, 2, 0xb);
	marshal_number(&m, 1, 0xff0a);
	marshal_sized(&m, "hi", 2);
	marshal_bytes(&m, "x", 1);
	marshal_bytes(&m, NULL, 0);
	assert_false(m.failed);
	assert_int_equal(m.len, sizeof(expected));
	assert_memory_equal(data, expected, sizeof(expected));
}

static void remembers_what_does_not_fit(void **state)
{
	static const uint8_t large[UINT16_MAX + 1];
	uint8_t data[3] = "abc";
	struct marshal m = { data, 2, 0, false };

	(void)state;
	marshal_number(&m, 4, 0);
	assert_true(m.failed);
	marshal_bytes(&m, "x", 1);
	assert_true(m.failed);
	assert_int_equal(data[2], 'c');
	m = (struct marshal){ data, 2, 0, false };
	marshal_sized(&m, large, sizeof(large));
	assert_true(m.failed);
}

int main(void)
{
	const struct table tables[] = { TABLE(reads_numbers, numbers),
					TABLE(reads_sized, sizes),
					CASE(writes_what_is_read),
					CASE(remembers_what_does_not_fit) };

	return table_run(tables, array_size(tables));
}
