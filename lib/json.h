/* SPDX-License-Identifier: MIT */
/*
 * JSON with json-c, in a form where every failed allocation is noticed and
 * every input may be of any kind. Values are handed over, a NULL value or
 * object counts as -ENOMEM, so calls nest and chain:
 *
 *	if (json_set_string(o, "kind", kind) < 0 ||
 *	    json_set(o, "digests", write_digests(set)) < 0)
 *		return -ENOMEM;
 */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "lib/bytes.h"
#include "lib/text.h"

/* For own_json. */
void json_release(struct json_object **o);

#define own_json __attribute__((cleanup(json_release)))

/* Puts value, which is taken over also on failure, at key. 0 or -ENOMEM. */
int json_set(struct json_object *o, const char *key, struct json_object *value);
int json_set_string(struct json_object *o, const char *key, const char *s);
int json_set_hex(struct json_object *o, const char *key, const uint8_t *data,
		 size_t len);
int json_set_base64(struct json_object *o, const char *key,
		    const struct bytes *data);
int json_set_u64(struct json_object *o, const char *key, uint64_t n);
int json_set_bool(struct json_object *o, const char *key, bool b);

/* Appends value, which is taken over also on failure. 0 or -ENOMEM. */
int json_append(struct json_object *array, struct json_object *value);

/* The value at key; NULL when there is none, when it is null, or o no object.
 */
struct json_object *json_get(struct json_object *o, const char *key);

/* The same for a string, borrowed from o: "" for what is none. */
const char *json_get_string(struct json_object *o, const char *key);

/*
 * The text of o with a newline at its end, indented or all in one line: all
 * of it, or -ENOMEM. The caller frees *ret.
 */
int json_write(struct json_object *o, struct bytes *ret);
int json_write_line(struct json_object *o, struct bytes *ret);

/* Appends the characters of a string, without its quotes. */
void json_escape(struct text *t, const char *s, size_t len);

#endif
