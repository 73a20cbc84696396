// SPDX-License-Identifier: MIT
/* Base64 by the vectors of RFC 4648, 10; one value has one spelling. */
#include "lib/base64.h"

#include <errno.h>
#include <string.h>

#include "lib/own.h"
#include "tests/table.h"

enum { most = 8 }; /* characters */

static const struct good {
	const char *text;
	const char *data;
	size_t len;
} goods[] = {
	{ "Zg==", "f", 1 },	    { "Zm8=", "fo", 2 },
	{ "Zm9v", "foo", 3 },	    { "Zm9vYg==", "foob", 4 },
	{ "Zm9vYmE=", "fooba", 5 }, { "Zm9vYmFy", "foobar", 6 },
	{ "AAAA", "\0\0\0", 3 },    { "+/+/", "\xfb\xff\xbf", 3 },
};

static void goes_both_ways(void **state)
{
	const struct good *c = *state;
	own_bytes struct bytes data = { 0 };
	own_free char *text = NULL;

	assert_int_equal(base64_decode(c->text, most, &data), 0);
	assert_int_equal(data.len, c->len);
	assert_memory_equal(data.data, c->data, c->len);
	assert_int_equal(base64_length(c->len), strlen(c->text));
	text = base64_encode(&data);
	assert_string_equal(text, c->text);
}

static const struct bad {
	const char *text;
	int result;
} bads[] = {
	{ "Zm9vYmFyZg==", -EINVAL }, /* over the maximum */
	{ "", -EINVAL },
	{ "Z", -EINVAL },
	{ "Zg", -EINVAL },
	{ "Zg=", -EINVAL },
	{ "Zg===", -EINVAL },
	{ "Zh==", -EINVAL }, /* bits behind the end */
	{ "Zm9=", -EINVAL },
	{ "Zg==Zg==", -EINVAL },
	{ "Z===", -EINVAL },
	{ "====", -EINVAL },
	{ "=Zg=", -EINVAL },
	{ "Zm9v\n", -EINVAL },
	{ "Zm 9v", -EINVAL },
	{ " Zm9v", -EINVAL },
	{ "Zm-_", -EINVAL },
	{ "Zm9\x80", -EINVAL },
};

static void refuses(void **state)
{
	const struct bad *c = *state;
	own_bytes struct bytes data = { 0 };

	assert_int_equal(base64_decode(c->text, most, &data), c->result);
	assert_null(data.data);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(goes_both_ways, goods),
		TABLE(refuses, bads),
	};

	return table_run(tables, array_size(tables));
}
