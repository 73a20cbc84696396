// SPDX-License-Identifier: MIT
/* See strict-json.h. */
#include "seal/strict-json.h"

#include <errno.h>
#include <string.h>

#include "lib/own.h"

static void tokener_free(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

#define own_tokener __attribute__((cleanup(tokener_free)))

int strict_json_parse(const char *text, size_t max, int depth,
		      struct json_object **ret)
{
	own_tokener struct json_tokener *tokener = json_tokener_new_ex(depth);
	own_json struct json_object *object = NULL;
	size_t len = strnlen(text, max + 1);

	if (!tokener)
		return -ENOMEM;
	if (len > max)
		return -EFBIG;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, text, (int)len);
#if JSON_C_VERSION_NUM >= (17 << 8) /* earlier ones do not say */
	if (json_tokener_get_error(tokener) == json_tokener_error_memory)
		return -ENOMEM;
#endif
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    json_tokener_get_parse_end(tokener) != len ||
	    !json_object_is_type(object, json_type_object))
		return -EINVAL;
	*ret = take_ptr(object);
	return 0;
}
