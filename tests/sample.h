/* SPDX-License-Identifier: MIT */
/*
 * docs/broker-sample.json: keys, numbers and messages of docs/broker.md that
 * stay the same. Include cmocka.h first.
 */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include <fcntl.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/hex.h"
#include "lib/io.h"
#include "lib/json.h"
#include "lib/own.h"

enum { sample_part_max = 2048, sample_file_max = 64 * 1024 };

static struct json_object *sample;

/* Reads it, from the top of the source tree; json_object_put frees. */
static inline int sample_load(void)
{
	own_bytes struct bytes text = { 0 };

	if (io_read_file(AT_FDCWD, "docs/broker-sample.json", sample_file_max,
			 &text) < 0)
		return -1;
	sample = json_tokener_parse((const char *)text.data);
	return sample ? 0 : -1;
}

static inline const char *sample_text(const char *part, const char *key)
{
	struct json_object *o = json_get(json_get(sample, part), key);

	assert_true(json_object_is_type(o, json_type_string));
	return json_object_get_string(o);
}

/* What stands there in hex; the caller frees. */
static inline struct bytes sample_part(const char *part, const char *key)
{
	uint8_t data[sample_part_max];
	struct bytes b = { 0 };
	size_t len = 0;

	assert_int_equal(hex_decode(sample_text(part, key), sizeof(data), data,
				    &len),
			 0);
	assert_int_equal(bytes_copy(data, len, &b), 0);
	return b;
}

static inline struct json_object *sample_message(const char *key)
{
	return json_get(json_get(sample, "messages"), key);
}

/* As text, which the caller frees. */
static inline struct bytes sample_message_text(const char *key)
{
	const char *s = json_object_to_json_string(sample_message(key));
	struct bytes b = { 0 };

	assert_int_equal(bytes_copy(s, strlen(s), &b), 0);
	return b;
}

static inline void assert_sample(const void *data, size_t len, const char *part,
				 const char *key)
{
	own_bytes struct bytes want = sample_part(part, key);

	assert_int_equal(len, want.len);
	assert_memory_equal(data, want.data, len);
}

#endif
