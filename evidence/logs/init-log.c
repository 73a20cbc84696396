// SPDX-License-Identifier: MIT
/*
 * See logs.h. The log of init stands in a file that the workload could
 * write: nothing in it is believed but what the PCRs confirm.
 */
#include "evidence/logs/logs.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#include "lib/own.h"
#include "seal/measure/events.h"
#include "seal/object/json-values.h"
#include "seal/object/pcr.h"

static bool is_kind(const char *name, enum event_kind kind)
{
	return strcmp(name, event_kind_name(kind)) == 0;
}

static bool is_number(struct json_object *value, int64_t number)
{
	return json_object_is_type(value, json_type_int) &&
	       json_object_get_int64(value) == number;
}

/*
 * Where it went: RTMR 3 of Intel TDX, one PCR, or both; or nowhere, as with
 * into = none. init extends no others; in theirs an event of its log would be
 * a lie.
 */
static int read_place(struct json_object *o, const char *kind,
		      struct log_event *ret)
{
	struct json_object *pcr = NULL;
	struct json_object *rtmr = NULL;

	ret->pcr = is_kind(kind, EVENT_VOLUME_KEY) ? (unsigned)pcr_volume_keys
						   : (unsigned)pcr_apps;
	if (json_object_object_get_ex(o, "rtmr", &rtmr)) {
		if (!is_number(rtmr, 3))
			return -EINVAL;
		ret->mr = log_mr_rtmr_3;
	}
	if (json_object_object_get_ex(o, "pcr", &pcr))
		return is_number(pcr, ret->pcr) ? 0 : -EINVAL;
	ret->mr_alone = ret->mr;
	if (!ret->mr)
		ret->origin = ORIGIN_INFORMATION;
	return 0;
}

/* Kinds whose digests are of a text that the record has to have. */
static bool has_listing(const char *kind)
{
	return is_kind(kind, EVENT_DIRECTORY) ||
	       is_kind(kind, EVENT_ATTRIBUTES) || is_kind(kind, EVENT_VERITY);
}

/* What the digests are said to be of, if it is in the log; or NULL. */
static const char *measured_text(struct json_object *content, const char *kind)
{
	if (has_listing(kind))
		return json_value_string(json_get(content, "listing"));
	if (is_kind(kind, EVENT_CAP))
		return json_value_string(json_get(content, "path"));
	return NULL;
}

/* 0 if they are of the text; -EINVAL if not; -ENOMEM or -EIO. */
static int check_digest(const struct digest_set *digests, const char *text)
{
	struct digest_set computed;
	int r = digest_data(digests->algs, text, strlen(text), &computed);

	for (enum digest_alg a = 0; r == 0 && a < DIGEST_ALG_COUNT; a++)
		if (digests->algs & 1U << a &&
		    CRYPTO_memcmp(digests->value[a], computed.value[a],
				  digest_size(a)) != 0)
			r = -EINVAL;
	return r;
}

/* "web /usr/bin/python3" */
static char *describe(struct json_object *content)
{
	const char *app = json_get_string(content, "app");
	own_text struct text t = { 0 };

	text_add(&t, "%s%s%s", app, *app ? " " : "",
		 json_get_string(content, "path"));
	return text_failed(&t) ? NULL : take_ptr(t.s);
}

/* 0, or -EINVAL: the digests of what the record itself holds are others. */
static int check_text(const struct log_event *e, struct json_object *content,
		      const char *kind)
{
	const char *text = measured_text(content, kind);

	if (!text)
		return has_listing(kind) || is_kind(kind, EVENT_CAP) ? -EINVAL
								     : 0;
	return check_digest(&e->digests, text);
}

static int read_record(struct json_object *o, struct log_event *ret,
		       struct fail *f)
{
	struct json_object *content = json_get(o, "content");
	const char *kind = json_value_string(json_get(content, "kind"));
	int r;

	if (strcmp(json_get_string(content, "state"), "intent") == 0)
		return fail_reason(f,
				   "its record %zu is an intent: the boot "
				   "broke off there",
				   ret->number);
	if (!kind || read_place(o, kind, ret) < 0 ||
	    log_read_digests(json_get(o, "digests"), &ret->digests) < 0 ||
	    (ret->mr && !(ret->digests.algs & 1U << DIGEST_SHA384)))
		return fail_reason(f, "its record %zu is none of init",
				   ret->number);
	r = check_text(ret, content, kind);
	if (r == -EINVAL)
		return fail_reason(f,
				   "the digests of its record %zu are not "
				   "those of the text in it",
				   ret->number);
	if (r < 0)
		return r;
	if (ret->origin != ORIGIN_INFORMATION &&
	    is_kind(kind, EVENT_VOLUME_KEY))
		ret->origin = ORIGIN_SECRET;
	ret->type = strdup(kind);
	ret->says = describe(content);
	return ret->type && ret->says ? 0 : -ENOMEM;
}

int init_log_read(struct json_object *records, struct log_events *ret,
		  struct fail *f)
{
	if (!json_object_is_type(records, json_type_array))
		return fail_reason(f, "it is no list of records");
	for (size_t i = 0; i < json_object_array_length(records); i++) {
		own_log_event struct log_event e = { .log = LOG_INIT,
						     .number = i };
		int r = read_record(json_object_array_get_idx(records, i), &e,
				    f);

		if (r == 0)
			r = log_events_add(ret, &e);
		if (r < 0)
			return r;
	}
	return 0;
}
