// SPDX-License-Identifier: MIT
/*
 * See event-log.h; reading. Both forms are lists of records with "pcr" and
 * "digests". The log was in a file that the workload can write, and may come
 * from elsewhere.
 */
#include "cvmctl/predict/event-log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/logs/log.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/strict-json.h"
#include "lib/text.h"
#include "seal/measure/events.h"
#include "seal/object/json-values.h"

enum { depth_max = 10 };

static const char log_remedy[] = "give the measurements.json of that boot, or "
				 "its firmware's log";
static const char prediction_remedy[] = "make it with cvmctl predict --json";

void event_log_free(struct event_log *log)
{
	free(log->event);
	*log = (struct event_log){ 0 };
}

/* What the record says of itself; the name serves people only. */
static void take_name(struct json_object *o, struct logged_event *ret)
{
	struct json_object *content = json_get(o, "content");
	const char *app = json_get_string(content, "app");
	const char *kind = json_get_string(content, "kind");

	ret->cap = strcmp(kind, event_kind_name(EVENT_CAP)) == 0;
	if (content)
		(void)snprintf(ret->name, sizeof(ret->name), "%s %s%s%s", kind,
			       json_get_string(content, "path"),
			       *app ? " of app " : "", app); /* may be cut */
	else
		(void)snprintf(ret->name, sizeof(ret->name), "%s %s",
			       json_get_string(o, "type"),
			       json_get_string(o, "what"));
}

/* 1 and the event; 0 when it extended no PCR; -EINVAL. */
static int take_record(struct json_object *o, struct logged_event *ret)
{
	struct json_object *pcr = json_get(o, "pcr");
	struct logged_event e = { 0 };
	const char *state = json_get_string(json_get(o, "content"), "state");
	int64_t number = json_object_get_int64(pcr);

	if (!json_object_is_type(o, json_type_object))
		return -EINVAL;
	if (!pcr || strcmp(state, "intent") == 0)
		return 0;
	if (!json_object_is_type(pcr, json_type_int) || number < 0 ||
	    number >= pcr_count ||
	    log_read_digests(json_get(o, "digests"), &e.digests) < 0)
		return -EINVAL;
	e.pcr = (unsigned)number;
	take_name(o, &e);
	*ret = e;
	return 1;
}

/* Appends the events of a list of records. 0, -EINVAL or -ENOMEM. */
static int take_records(struct json_object *list, struct event_log *log)
{
	struct logged_event *bigger;
	size_t n;

	if (!json_object_is_type(list, json_type_array))
		return -EINVAL;
	n = json_object_array_length(list);
	bigger = reallocarray(log->event, log->n + n + 1, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	log->event = bigger;
	for (size_t i = 0; i < n; i++) {
		int r = take_record(json_object_array_get_idx(list, i),
				    &log->event[log->n]);

		if (r < 0)
			return r;
		log->n += (size_t)r;
	}
	return 0;
}

static int fail_read(int r, const char *remedy, const char *name,
		     struct fail *f)
{
	if (r == -ENOMEM)
		return fail_errno(f, r, "free memory", "read %s", name);
	return fail_because(f, "it is no list of events", remedy, "read %s",
			    name);
}

int event_log_parse(const char *name, const char *text, size_t len,
		    struct event_log *ret, struct fail *f)
{
	own_event_log struct event_log log = { 0 };
	own_json struct json_object *o = NULL;
	own_text struct text t = { 0 };
	int r = strnlen(text, len) == len ? 0 : -EINVAL;

	/* an object, as the parser wants it */
	text_add(&t, "{\"log\":");
	text_add_bytes(&t, text, len);
	text_add(&t, "}");
	if (r == 0)
		r = text_failed(&t)
			    ? -ENOMEM
			    : strict_json_parse(t.s, t.len, depth_max, &o);
	if (r == 0 && json_object_object_length(o) != 1)
		r = -EINVAL;
	if (r == 0)
		r = take_records(json_get(o, "log"), &log);
	if (r < 0)
		return fail_read(r, log_remedy, name, f);
	*ret = log;
	log = (struct event_log){ 0 };
	return 0;
}

/* Its first event is of PCR 0, in binary. */
static bool is_firmware(const struct bytes *b)
{
	return b->len && b->data[0] == 0;
}

static int parse_firmware(const char *path, const struct bytes *b,
			  struct event_log *ret, struct fail *f)
{
	int r = event_log_parse_firmware(b, ret, f);

	if (r == -ENOMEM)
		return fail_read(r, log_remedy, path, f);
	if (r < 0) {
		fail_what(f, "read %s", path);
		(void)fail_remedy(f, log_remedy);
	}
	return r;
}

/* Moves the events of one log behind those of another. */
static int append(struct event_log *log, const struct event_log *more)
{
	struct logged_event *bigger =
		reallocarray(log->event, log->n + more->n + 1, sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	if (more->n)
		memcpy(bigger + log->n, more->event, more->n * sizeof(*bigger));
	log->event = bigger;
	log->n += more->n;
	return 0;
}

int event_log_add(struct event_log *log, const char *path, struct fail *f)
{
	own_event_log struct event_log more = { 0 };
	own_bytes struct bytes b = { 0 };
	int r = io_read_file(AT_FDCWD, path, event_log_max, &b);

	if (r < 0)
		return fail_errno(f, r, log_remedy, "read %s", path);
	r = is_firmware(&b) ? parse_firmware(path, &b, &more, f)
			    : event_log_parse(path, (const char *)b.data, b.len,
					      &more, f);
	if (r < 0)
		return r;
	r = append(log, &more);
	return r < 0 ? fail_read(r, log_remedy, path, f) : 0;
}

int event_log_predicted(struct json_object *prediction, const char *name,
			struct event_log *ret, struct fail *f)
{
	own_event_log struct event_log log = { 0 };
	struct json_object *boot = json_get(prediction, "boot");
	int r = boot ? take_records(json_get(boot, "events"), &log) : 0;

	if (r == 0)
		r = take_records(json_get(prediction, "events"), &log);
	if (r < 0)
		return fail_read(r, prediction_remedy, name, f);
	*ret = log;
	log = (struct event_log){ 0 };
	return 0;
}
