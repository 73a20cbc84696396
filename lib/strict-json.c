// SPDX-License-Identifier: MIT
/* See strict-json.h. */
#include "lib/strict-json.h"

#include <errno.h>
#include <string.h>

#include "lib/own.h"

static void tokener_free(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

#define own_tokener __attribute__((cleanup(tokener_free)))

/* json-c takes some hundred bytes for each, and for an object more. */
enum { values_max = 1000 * 1000, object_weight = 8 };

/* What of a text stands outside strings. */
struct written {
	size_t colons; /* of valid JSON, one for each member */
	size_t values; /* at most so many, and one more; objects count more */
};

static struct written count_written(const char *text)
{
	struct written w = { 0 };
	char quote = '\0';

	for (; *text; text++) {
		if (quote && *text == '\\' && text[1]) {
			text++;
		} else if (quote) {
			quote = *text == quote ? '\0' : quote;
		} else if (*text == '"' || *text == '\'') {
			quote = *text;
		} else {
			w.colons += *text == ':';
			w.values += *text == ':' || *text == ',';
			w.values += *text == '{' ? object_weight : 0;
		}
	}
	return w;
}

/* Members of o and all below it; as deep as the parser was told. */
static size_t count_members(struct json_object *o)
{
	struct json_object_iterator at;
	struct json_object_iterator end;
	size_t n = 0;

	if (json_object_is_type(o, json_type_array))
		for (size_t i = 0; i < json_object_array_length(o); i++)
			n += count_members(json_object_array_get_idx(o, i));
	if (!json_object_is_type(o, json_type_object))
		return n;
	at = json_object_iter_begin(o);
	end = json_object_iter_end(o);
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		n += 1 + count_members(json_object_iter_peek_value(&at));
	return n;
}

static int parse(const char *text, size_t max, int depth, enum json_type type,
		 struct json_object **ret)
{
	own_tokener struct json_tokener *tokener = json_tokener_new_ex(depth);
	own_json struct json_object *object = NULL;
	size_t len = strnlen(text, max + 1);
	struct written written;

	if (!tokener)
		return -ENOMEM;
	if (len > max)
		return -EFBIG;
	written = count_written(text);
	if (written.values > values_max)
		return -EFBIG;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, text, (int)len);
#if JSON_C_VERSION_NUM >= (17 << 8) /* earlier ones do not say */
	if (json_tokener_get_error(tokener) == json_tokener_error_memory)
		return -ENOMEM;
#endif
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    json_tokener_get_parse_end(tokener) != len ||
	    !json_object_is_type(object, type))
		return -EINVAL;
	/* json-c keeps the last of two, another reader may keep the first */
	if (count_members(object) != written.colons)
		return -EINVAL;
	*ret = take_ptr(object);
	return 0;
}

int strict_json_parse(const char *text, size_t max, int depth,
		      struct json_object **ret)
{
	return parse(text, max, depth, json_type_object, ret);
}

int strict_json_parse_list(const char *text, size_t max, int depth,
			   struct json_object **ret)
{
	return parse(text, max, depth, json_type_array, ret);
}
