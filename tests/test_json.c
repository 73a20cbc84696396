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
			    "    1\n"
			    "  ]\n"
			    "}\n");
}

/* LeakSanitizer sees a value that is not taken over. */
static void takes_over_also_on_failure(void **state)
{
	own_json struct json_object *o = json_object_new_object();

	(void)state;
	assert_int_equal(json_set(NULL, "a", json_object_new_int(1)), -ENOMEM);
	assert_int_equal(json_append(NULL, json_object_new_int(1)), -ENOMEM);
	assert_int_equal(json_set(o, "a", NULL), -ENOMEM);
	assert_int_equal(json_object_object_length(o), 0);
}

int main(void)
{
	const struct table tables[] = {
		CASE(writes_every_kind),
		CASE(takes_over_also_on_failure),
	};

	return table_run(tables, array_size(tables));
}
