// SPDX-License-Identifier: MIT
/*
 * See logs.h: what systemd has measured, if it is the workload's init.
 * NvPCRs, which are no PCRs, are passed over, and so are the records of our
 * own init, which are in its log too.
 */
#include <errno.h>
#include <string.h>

#include "evidence/logs/logs.h"
#include "lib/own.h"
#include "lib/strict-json.h"
#include "seal/object/json-values.h"
#include "seal/object/pcr.h"

enum { record_max = 64 * 1024, record_depth_max = 8, separator = 0x1e };

static char *copy_string(struct json_object *o, const char *key,
			 const char *otherwise)
{
	const char *s = json_value_string(json_get(o, key));

	return strdup(s ? s : otherwise);
}

/* 1 and an event; 0: nothing that extends a PCR. */
static int read_object(struct json_object *o, struct log_event *ret,
		       struct fail *f)
{
	struct json_object *content = json_get(o, "content");
	struct json_object *pcr = json_get(o, "pcr");
	int64_t n = json_object_get_int64(pcr);

	if (!pcr || strcmp(json_get_string(o, "content_type"), "cvm-init") == 0)
		return 0;
	if (!json_object_is_type(pcr, json_type_int) || n < 0 ||
	    n >= pcr_count ||
	    log_read_digests(json_get(o, "digests"), &ret->digests) < 0)
		return fail_reason(f, "its record %zu is none of systemd",
				   ret->number);
	ret->pcr = (unsigned)n;
	ret->type = copy_string(content, "eventType", "unknown");
	ret->says = copy_string(content, "string", "");
	return ret->type && ret->says ? 1 : -ENOMEM;
}

/* One record without its separator: text, and memory that can be cut. */
static int read_record(char *text, struct log_event *ret, struct fail *f)
{
	own_json struct json_object *o = NULL;
	int r;

	text_trim_end(text);
	r = strict_json_parse(text, record_max, record_depth_max, &o);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return fail_reason(f, "its record %zu is no JSON object",
				   ret->number);
	return read_object(o, ret, f);
}

static int add_record(char *text, size_t number, struct log_events *list,
		      struct fail *f)
{
	own_log_event struct log_event e = { .log = LOG_SYSTEMD,
					     .number = number };
	int r = read_record(text, &e, f);

	return r > 0 ? log_events_add(list, &e) : r;
}

int systemd_log_read(const struct bytes *b, struct log_events *ret,
		     struct fail *f)
{
	own_bytes struct bytes copy = { 0 };
	char *at;

	if (!b->len)
		return 0;
	if (bytes_copy(b->data, b->len, &copy) < 0)
		return -ENOMEM;
	at = (char *)copy.data;
	if (*at != separator || strlen(at) != copy.len)
		return fail_reason(f, "it is no sequence of JSON records");
	for (size_t number = 0; *at; number++) {
		char *next = strchr(at + 1, separator);
		int r;

		if (next)
			*next = '\0'; /* the text of this record ends here */
		r = add_record(at + 1, number, ret, f);
		if (r < 0)
			return r;
		if (!next)
			break;
		*next = separator;
		at = next;
	}
	return 0;
}
