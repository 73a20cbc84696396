// SPDX-License-Identifier: MIT
/* See request.h. */
#include "evidence/exchange/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/boot-values.h"
#include "lib/base64.h"
#include "lib/own.h"
#include "lib/strict-json.h"
#include "lib/text.h"
#include "seal/object/json-values.h"

enum { json_depth_max = 2 };

void request_free(struct request *r)
{
	evidence_tpm_free(&r->tpm);
}

int request_write(const char *volume, const char *uuid,
		  const uint8_t fresh[static request_fresh_size],
		  const struct evidence_tpm *tpm, struct bytes *ret)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "type", REQUEST_TYPE) < 0 ||
	    json_set_u64(o, "schema", request_schema) < 0 ||
	    json_set_string(o, "volume", volume) < 0 ||
	    json_set_string(o, "uuid", uuid) < 0 ||
	    json_set_hex(o, "fresh", fresh, request_fresh_size) < 0 ||
	    evidence_set_keys(o, tpm) < 0)
		return -ENOMEM;
	return json_write_line(o, ret);
}

static int read_public(struct json_object *o, const char *name, size_t max,
		       struct bytes *ret)
{
	int r = json_value_base64(json_get(o, name), base64_length(max), ret);

	return r == 0 && ret->len > max ? -EINVAL : r;
}

static int read_keys(struct json_object *o, struct evidence_tpm *ret)
{
	int r = read_public(o, "ek", evidence_public_max, &ret->ek);

	if (r == 0)
		r = read_public(o, "ak", evidence_public_max, &ret->ak);
	if (r == 0)
		r = read_public(o, "srk", evidence_public_max, &ret->srk);
	if (r == 0 && json_get(o, "ek-certificate"))
		r = read_public(o, "ek-certificate", evidence_certificate_max,
				&ret->ek_certificate);
	return r;
}

/* Both come into file names and the audit log. */
static int read_volume(struct json_object *o, struct request *ret)
{
	const char *volume = json_get_string(o, "volume");
	const char *uuid = json_get_string(o, "uuid");

	if (!text_is_name(volume, boot_name_max))
		return -EINVAL;
	(void)snprintf(ret->volume, sizeof(ret->volume), "%s", volume);
	return boot_parse_uuid(uuid, ret->uuid);
}

int request_read(const struct bytes *text, struct request *ret)
{
	own_json struct json_object *o = NULL;
	const char *s = (const char *)text->data;
	int r = strlen(s) == text->len ? strict_json_parse(s, request_json_max,
							   json_depth_max, &o)
				       : -EINVAL;

	if (r < 0)
		return r == -ENOMEM ? r : -EINVAL;
	if (strcmp(json_get_string(o, "type"), REQUEST_TYPE) != 0 ||
	    json_object_get_int64(json_get(o, "schema")) != request_schema)
		return -EINVAL;
	r = read_volume(o, ret);
	if (r == 0)
		r = json_value_hex(json_get(o, "fresh"), request_fresh_size,
				   ret->fresh);
	return r < 0 ? r : read_keys(o, &ret->tpm);
}
