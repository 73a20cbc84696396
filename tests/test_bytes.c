// SPDX-License-Identifier: MIT
/* The buffer that owns its memory. */
#include "lib/bytes.h"

#include <errno.h>
#include <string.h>

#include "lib/own.h"
#include "tests/table.h"

static const struct copy_case {
	const char *name;
	const char *data;
	size_t len;
} copies[] = {
	{ "empty", "", 0 },
	{ "nothing", NULL, 0 },
	{ "text", "abc", 3 },
	{ "embedded NUL", "a\0c", 3 },
};

static void copies_and_ends_with_nul(void **state)
{
	const struct copy_case *c = *state;
	own_bytes struct bytes b = { 0 };

	assert_int_equal(bytes_copy(c->data, c->len, &b), 0);
	assert_int_equal(b.len, c->len);
	if (c->len)
		assert_memory_equal(b.data, c->data, c->len);
	assert_int_equal(b.data[b.len], 0);
}

static void refuses_what_overflows(void **state)
{
	struct bytes b = { 0 };

	(void)state;
	assert_int_equal(bytes_copy("", SIZE_MAX, &b), -ENOMEM);
	assert_null(b.data);
}

static void taking_empties(void **state)
{
	own_bytes struct bytes b = { 0 };
	own_bytes struct bytes taken = { 0 };

	(void)state;
	assert_int_equal(bytes_copy("abc", 3, &b), 0);
	taken = take_bytes(&b);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	assert_string_equal((char *)taken.data, "abc");
}

static void frees_twice(void **state)
{
	struct bytes b = { 0 };

	(void)state;
	assert_int_equal(bytes_copy("abc", 3, &b), 0);
	bytes_free(&b);
	bytes_free(&b);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(copies_and_ends_with_nul, copies),
		CASE(refuses_what_overflows),
		CASE(taking_empties),
		CASE(frees_twice),
	};

	return table_run(tables, array_size(tables));
}
