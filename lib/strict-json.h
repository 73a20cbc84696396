/* SPDX-License-Identifier: MIT */
/* Reading JSON that others may have written. */
#ifndef LIB_STRICT_JSON_H
#define LIB_STRICT_JSON_H

#include <stddef.h>

#include "lib/json.h"

/*
 * Parses text of at most max bytes and a million values, of which an object
 * counts as eight, that is one object, at most depth levels deep, in which no
 * object has a key twice, and nothing after it. The caller releases *ret. 0;
 * -EFBIG; -EINVAL; -ENOMEM.
 */
int strict_json_parse(const char *text, size_t max, int depth,
		      struct json_object **ret);

/* The same for text that is one list. */
int strict_json_parse_list(const char *text, size_t max, int depth,
			   struct json_object **ret);

#endif
