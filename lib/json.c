// SPDX-License-Identifier: MIT
/* See json.h. */
#include "lib/json.h"

#include <errno.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/own.h"
#include "lib/text.h"

void json_release(struct json_object **o)
{
	(void)json_object_put(*o); /* says only whether it was the last one */
}

int json_set(struct json_object *o, const char *key, struct json_object *value)
{
	/* json-c asserts that o is there */
	if (o && value && json_object_object_add(o, key, value) == 0)
		return 0;
	json_release(&value);
	return -ENOMEM;
}

int json_set_string(struct json_object *o, const char *key, const char *s)
{
	return json_set(o, key, json_object_new_string(s));
}

int json_set_hex(struct json_object *o, const char *key, const uint8_t *data,
		 size_t len)
{
	own_free char *hex = malloc(2 * len + 1);

	if (!hex)
		return -ENOMEM;
	hex_encode(data, len, hex);
	return json_set_string(o, key, hex);
}

int json_set_u64(struct json_object *o, const char *key, uint64_t n)
{
	return json_set(o, key, json_object_new_uint64(n));
}

int json_set_bool(struct json_object *o, const char *key, bool b)
{
	return json_set(o, key, json_object_new_boolean(b));
}

int json_append(struct json_object *array, struct json_object *value)
{
	if (array && value && json_object_array_add(array, value) == 0)
		return 0;
	json_release(&value);
	return -ENOMEM;
}

int json_write(struct json_object *o, struct bytes *ret)
{
	own_text struct text t = { 0 };
	const char *s = json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!s)
		return -ENOMEM;
	text_add(&t, "%s\n", s);
	return text_failed(&t) ? -ENOMEM : bytes_copy(t.s, t.len, ret);
}
