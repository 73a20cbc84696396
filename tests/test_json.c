// SPDX-License-Identifier: MIT
/* Values are handed over, and a missing one is a failed allocation. */
#include "lib/json.h"

#include <errno.h>
#include <string.h>

#include "lib/own.h"
#include "tests/table.h"

static void writes_every_kind(void **state)
{
	static const uint8_t data[] = { 0x00, 0xab };
	own_json struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();
	own_bytes struct bytes text = { 0 };

	(void)state;
	assert_int_equal(json_set_string(o, "path", "/a \"b\"\n"), 0);
	assert_int_equal(json_set_hex(o, "hex", data, sizeof(data)), 0);
	assert_int_equal(json_set_hex(o, "none", NULL, 0), 0);
	assert_int_equal(json_set_u64(o, "most", UINT64_MAX), 0);
	assert_int_equal(json_set_bool(o, "is", true), 0);
	assert_int_equal(json_append(list, json_object_new_int(1)), 0);
	assert_int_equal(json_append(list, json_object_new_object()), 0);
	assert_int_equal(json_set(o, "list", list), 0);
	assert_int_equal(json_write(o, &text), 0);
	assert_string_equal((char *)text.data,
			    "{\n"
			    "  \"path\":\"/a \\\"b\\\"\\n\",\n"
			    "  \"hex\":\"00ab\",\n"
			    "  \"none\":\"\",\n"
			    "  \"most\":18446744073709551615,\n"
			    "  \"is\":true,\n"
			    "  \"list\":[\n"
			    "    1,\n"
			    "    {}\n"
			    "  ]\n"
			    "}\n");
}

static const struct document {
	const char *text;
} documents[] = {
	{ "{\"a\":null,\"b\":[true,false,null],\"c\":{\"d\":{\"e\":[[1]]}}}" },
	{ "[0,-1,9223372036854775807,18446744073709551615,1.5,-2e-7]" },
	{ "[0.1000000000000000055511151231257827021181583404541015625]" },
	{ "[\"/\\u0000\\u0001\\b\\f\\n\\r\\t\\u001f\\\"\\\\\177\xc3\xa9\"]" },
	{ "{\"\\n\":1,\"\\\"\":2,\"\":3}" },
};

/* As json-c does when there is memory; only of {} its versions differ. */
static void writes_as_json_c_does(void **state)
{
	const struct document *c = *state;
	own_json struct json_object *o = json_tokener_parse(c->text);
	const int line = JSON_C_TO_STRING_NOSLASHESCAPE;
	own_bytes struct bytes text = { 0 };
	own_bytes struct bytes one = { 0 };

	assert_non_null(o);
	assert_int_equal(json_write(o, &text), 0);
	assert_int_equal(text.data[--text.len], '\n');
	text.data[text.len] = '\0';
	assert_string_equal((char *)text.data,
			    json_object_to_json_string_ext(
				    o, line | JSON_C_TO_STRING_PRETTY));
	assert_int_equal(json_write_line(o, &one), 0);
	assert_int_equal(one.data[--one.len], '\n');
	one.data[one.len] = '\0';
	assert_string_equal((char *)one.data,
			    json_object_to_json_string_ext(o, line));
}

static const struct reading {
	const char *text;
	const char *want; /* of the string at "type" */
} readings[] = {
	{ "{\"type\":\"a\"}", "a" },
	{ "{\"type\":null}", "" },
	{ "{\"type\":7}", "" },
	{ "{\"type\":[\"a\"]}", "" },
	{ "{}", "" },
	{ "[\"type\"]", "" },
	{ "\"type\"", "" },
	{ "null", "" },
};

static void reads_what_is_there(void **state)
{
	const struct reading *c = *state;
	own_json struct json_object *o = json_tokener_parse(c->text);

	assert_string_equal(json_get_string(o, "type"), c->want);
}

/* LeakSanitizer sees a value that is not taken over. */
static void takes_over_also_on_failure(void **state)
{
	own_json struct json_object *o = json_object_new_object();
	own_bytes struct bytes text = { 0 };

	(void)state;
	assert_int_equal(json_set(NULL, "a", json_object_new_int(1)), -ENOMEM);
	assert_int_equal(json_append(NULL, json_object_new_int(1)), -ENOMEM);
	assert_int_equal(json_set(o, "a", NULL), -ENOMEM);
	assert_int_equal(json_object_object_length(o), 0);
	assert_int_equal(json_write(NULL, &text), -ENOMEM);
	assert_null(text.data);
}

int main(void)
{
	const struct table tables[] = {
		CASE(writes_every_kind),
		TABLE(writes_as_json_c_does, documents),
		TABLE(reads_what_is_there, readings),
		CASE(takes_over_also_on_failure),
	};

	return table_run(tables, array_size(tables));
}
