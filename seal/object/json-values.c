// SPDX-License-Identifier: MIT
/* See json-values.h. */
#include "seal/object/json-values.h"

#include <errno.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/hex.h"
#include "lib/text.h"

const char *json_value_string(struct json_object *value)
{
	const char *s;

	if (!json_object_is_type(value, json_type_string))
		return NULL;
	s = json_object_get_string(value);
	return strlen(s) == (size_t)json_object_get_string_len(value) ? s
								      : NULL;
}

struct json_object *json_value_only(struct json_object *value)
{
	if (json_object_is_type(value, json_type_array) &&
	    json_object_array_length(value) == 1)
		return json_object_array_get_idx(value, 0);
	return value;
}

int json_value_pcrs(struct json_object *value, uint32_t *ret_mask)
{
	uint32_t mask = 0;

	if (!json_object_is_type(value, json_type_array))
		return -EINVAL;
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		struct json_object *pcr = json_object_array_get_idx(value, i);
		int64_t n = json_object_get_int64(pcr);

		if (!json_object_is_type(pcr, json_type_int) || n < 0 ||
		    n >= pcr_count || mask & 1U << n)
			return -EINVAL;
		mask |= 1U << n;
	}
	*ret_mask = mask;
	return 0;
}

int json_value_bank(struct json_object *value, enum digest_alg *ret)
{
	const char *s = json_value_string(value);
	int bank = s ? digest_from_name(s) : -EINVAL;

	if (bank < 0)
		return -EINVAL;
	*ret = (enum digest_alg)bank;
	return 0;
}

int json_value_base64(struct json_object *value, size_t max, struct bytes *ret)
{
	const char *s = json_value_string(value);

	bytes_free(ret);
	return s ? base64_decode(s, max, ret) : -EINVAL;
}

int json_value_hex(struct json_object *value, size_t size, uint8_t *ret)
{
	const char *s = json_value_string(value);
	uint8_t bytes[digest_size_max];
	size_t len;

	if (!s || size > sizeof(bytes) ||
	    hex_decode(s, size, bytes, &len) < 0 || len != size)
		return -EINVAL;
	memcpy(ret, bytes, size);
	return 0;
}

/* The bank whose digests have that size in hex, or -EINVAL. */
static int bank_of_hex(struct json_object *value)
{
	const char *s = json_value_string(value);

	for (enum digest_alg a = 0; s && a < DIGEST_ALG_COUNT; a++)
		if (strlen(s) == 2 * digest_size(a))
			return (int)a;
	return -EINVAL;
}

int json_value_pcr_values(struct json_object *value, struct pcr_values *ret)
{
	struct pcr_values values = { 0 };

	if (!json_object_is_type(value, json_type_object))
		return -EINVAL;
	json_object_object_foreach(value, name, hex)
	{
		int bank = bank_of_hex(hex);
		uint64_t pcr;

		if (bank < 0 ||
		    (values.mask && (enum digest_alg)bank != values.bank) ||
		    text_parse_u64(name, pcr_count - 1, &pcr) < 0 ||
		    values.mask & 1U << pcr ||
		    json_value_hex(hex, digest_size((enum digest_alg)bank),
				   values.value[pcr]) < 0)
			return -EINVAL;
		values.bank = (enum digest_alg)bank;
		values.mask |= 1U << pcr;
	}
	*ret = values;
	return 0;
}
