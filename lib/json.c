// SPDX-License-Identifier: MIT
/* See json.h. */
#include "lib/json.h"

#include <errno.h>
#include <string.h>

#include "lib/base64.h"
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

int json_set_base64(struct json_object *o, const char *key,
		    const struct bytes *data)
{
	own_free char *text = base64_encode(data);

	return text ? json_set_string(o, key, text) : -ENOMEM;
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

struct json_object *json_get(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	if (json_object_is_type(o, json_type_object))
		(void)json_object_object_get_ex(o, key, &value); /* or NULL */
	return value;
}

const char *json_get_string(struct json_object *o, const char *key)
{
	struct json_object *value = json_get(o, key);

	return json_object_is_type(value, json_type_string)
		       ? json_object_get_string(value)
		       : "";
}

struct writer {
	struct text text;
	bool indented;
};

static void writer_free(struct writer *w)
{
	text_free(&w->text);
}

#define own_writer __attribute__((cleanup(writer_free)))

static void new_line(struct writer *w, int depth)
{
	if (w->indented)
		text_add(&w->text, "\n%*s", 2 * depth, "");
}

/* RFC 8259, 7: what has to be escaped, and in the short form if it has one. */
static void escape_one(struct text *t, char c)
{
	static const char special[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const char *short_form = c ? strchr(special, c) : NULL;
	char two[2] = { '\\' };

	if (!short_form) {
		text_add(t, "\\u%04x", (unsigned char)c);
		return;
	}
	two[1] = letters[short_form - special];
	text_add_bytes(t, two, sizeof(two));
}

void json_escape(struct text *t, const char *s, size_t len)
{
	size_t done = 0;

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] >= 0x20 && s[i] != '"' && s[i] != '\\')
			continue;
		text_add_bytes(t, s + done, i - done);
		escape_one(t, s[i]);
		done = i + 1;
	}
	text_add_bytes(t, s + done, len - done);
}

static void write_string(struct text *t, const char *s, size_t len)
{
	text_add_bytes(t, "\"", 1);
	json_escape(t, s, len);
	text_add_bytes(t, "\"", 1);
}

static void write_value(struct writer *w, struct json_object *o, int depth);

static void write_object(struct writer *w, struct json_object *o, int depth)
{
	const char *comma = "";

	text_add(&w->text, "{");
	json_object_object_foreach(o, key, value)
	{
		text_add(&w->text, "%s", comma);
		new_line(w, depth + 1);
		write_string(&w->text, key, strlen(key));
		text_add(&w->text, ":");
		write_value(w, value, depth + 1);
		comma = ",";
	}
	if (*comma)
		new_line(w, depth);
	text_add(&w->text, "}");
}

static void write_array(struct writer *w, struct json_object *o, int depth)
{
	size_t n = json_object_array_length(o);

	text_add(&w->text, "[");
	for (size_t i = 0; i < n; i++) {
		text_add(&w->text, i ? "," : "");
		new_line(w, depth + 1);
		write_value(w, json_object_array_get_idx(o, i), depth + 1);
	}
	if (n)
		new_line(w, depth);
	text_add(&w->text, "]");
}

/* Numbers and booleans, in json-c's words: all of them or none. */
static void write_scalar(struct text *t, struct json_object *o)
{
	const char *s = json_object_get_string(o);

	if (s && *s)
		text_add(t, "%s", s);
	else
		t->failed = true;
}

static void write_value(struct writer *w, struct json_object *o, int depth)
{
	switch (json_object_get_type(o)) {
	case json_type_null: text_add(&w->text, "null"); break;
	case json_type_object: write_object(w, o, depth); break;
	case json_type_array: write_array(w, o, depth); break;
	case json_type_string:
		write_string(&w->text, json_object_get_string(o),
			     (size_t)json_object_get_string_len(o));
		break;
	case json_type_boolean:
	case json_type_double:
	case json_type_int: write_scalar(&w->text, o); break;
	}
}

/*
 * json-c has functions for this, which leave out what they have no memory for
 * and do not say so (json_object.c and printbuf.c of 0.18).
 */
static int write_all(struct json_object *o, bool indented, struct bytes *ret)
{
	own_writer struct writer w = { .indented = indented };

	if (!o)
		return -ENOMEM;
	write_value(&w, o, 0);
	text_add(&w.text, "\n");
	if (text_failed(&w.text))
		return -ENOMEM;
	*ret = take_text(&w.text);
	return 0;
}

int json_write(struct json_object *o, struct bytes *ret)
{
	return write_all(o, true, ret);
}

int json_write_line(struct json_object *o, struct bytes *ret)
{
	return write_all(o, false, ret);
}
