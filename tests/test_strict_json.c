// SPDX-License-Identifier: MIT
/* JSON of others: one object, each key once, nothing after it. */
#include <errno.h>
#include <string.h>

#include "tests/table.h"

#include "lib/own.h"
#include "lib/strict-json.h"
#include "lib/text.h"

enum { depth = 4, size_max = 64 };

static const struct text_case {
	const char *text;
	int want;
} texts[] = {
	{ "{}", 0 },
	{ "{}\n", 0 },
	{ "{\"a\":{\"a\":[{\"a\":1}]}}", -EINVAL }, /* five levels */
	{ "{\"a\":{\"a\":[1]},\"b\":{}}", 0 },
	{ "{\"a\":\":\\\":\\\\\",\"b:'\":1}", 0 },
	{ "", -EINVAL },
	{ "[]", -EINVAL },
	{ "{} {}", -EINVAL },
	{ "{\"a\":1,\"a\":1}", -EINVAL },
	{ "{\"a\":1,\"\\u0061\":2}", -EINVAL },
	{ "{\"a\":1,\"a\\u0000b\":2}", -EINVAL },
	{ "{\"x\":[{\"a\":1,\"b\":2,\"a\":3}]}", -EINVAL },
	{ "{\"a\":\":\",\"b\":2,\"a\":3}", -EINVAL },
	{ "{\"a\":1,}", -EINVAL },
	{ "{\"a\":01}", -EINVAL },
	{ "{\"a\":\"\\", -EINVAL },
	{ "{/**/}", -EINVAL },
};

static void judges(void **state)
{
	const struct text_case *c = *state;
	own_json struct json_object *o = NULL;

	assert_int_equal(strict_json_parse(c->text, size_max, depth, &o),
			 c->want);
	assert_true((c->want == 0) == (o != NULL));
}

static void is_bounded(void **state)
{
	own_json struct json_object *o = NULL;
	char text[size_max + 2];

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "{}", 2);
	text[size_max] = '\0';
	assert_int_equal(strict_json_parse(text, size_max, depth, &o), 0);
	json_release(&o);
	o = NULL;
	text[size_max] = ' ';
	text[size_max + 1] = '\0';
	assert_int_equal(strict_json_parse(text, size_max, depth, &o), -EFBIG);
}

/* {"":[0,0,...]}, of a value and n more of them */
static int parse_list(const char *value, size_t n)
{
	own_json struct json_object *o = NULL;
	own_text struct text text = { 0 };

	text_add(&text, "{\"\":[%s", value);
	for (size_t i = 0; i < n; i++) {
		text_add_bytes(&text, ",", 1);
		text_add_bytes(&text, value, strlen(value));
	}
	text_add(&text, "]}");
	assert_false(text_failed(&text));
	return strict_json_parse(text.s, text.len, depth, &o);
}

/* A value takes much more memory than the byte or two that are written. */
static void bounds_the_values(void **state)
{
	(void)state;
	assert_int_equal(parse_list("0", 999 * 1000), 0);
	assert_int_equal(parse_list("0", 1000 * 1000), -EFBIG);
	assert_int_equal(parse_list("{}", 100 * 1000), 0);
	assert_int_equal(parse_list("{}", 125 * 1000), -EFBIG);
}

/* However long: the values are few. */
static void takes_long_strings(void **state)
{
	own_json struct json_object *o = NULL;
	own_text struct text text = { 0 };

	(void)state;
	text_add(&text, "{\"a\":\"");
	for (size_t i = 0; i < 1500 * 1000; i++)
		text_add_bytes(&text, ",:", 2);
	text_add(&text, "\"}");
	assert_false(text_failed(&text));
	assert_int_equal(strict_json_parse(text.s, text.len, depth, &o), 0);
}

int main(void)
{
	const struct table tables[] = { TABLE(judges, texts), CASE(is_bounded),
					CASE(bounds_the_values),
					CASE(takes_long_strings) };

	return table_run(tables, array_size(tables));
}
