// SPDX-License-Identifier: MIT
/* A verdict as JSON and in words: see verdict.h. */
#include <errno.h>
#include <string.h>

#include "evidence/judge/verdict.h"
#include "lib/json.h"
#include "lib/own.h"
#include "seal/measure/events.h"

enum { schema = 1, escaped_max = 256 };

/* Logs are written by others, and need not be UTF-8, which JSON has to be. */
static int set_escaped(struct json_object *o, const char *key, const char *s)
{
	size_t len = strlen(s);
	size_t size = 4 * len + 1; /* \xNN for each byte */
	own_free char *escaped = malloc(size);

	if (!escaped)
		return -ENOMEM;
	text_escape(s, len, escaped, size);
	return json_set_string(o, key, escaped);
}

static struct json_object *check_json(const struct check *c)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "name", c->name) < 0 ||
	    json_set_string(o, "result", check_result_name(c->result)) < 0 ||
	    set_escaped(o, "text", c->text) < 0)
		return NULL;
	return take_ptr(o);
}

static struct json_object *event_json(const struct log_event *e)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "log", log_source_name(e->log)) < 0 ||
	    json_set_u64(o, "number", e->number) < 0 ||
	    (!e->mr_alone && json_set_u64(o, "pcr", e->pcr) < 0) ||
	    (e->mr && json_set_u64(o, "rtmr", e->mr - log_mr_rtmr_0) < 0) ||
	    set_escaped(o, "type", e->type) < 0 ||
	    (e->says && set_escaped(o, "says", e->says) < 0) ||
	    json_set_string(o, "origin", log_origin_name(e->origin)) < 0 ||
	    (e->entry && set_escaped(o, "entry", e->entry) < 0) ||
	    json_set(o, "digests", events_digests_json(&e->digests)) < 0)
		return NULL;
	return take_ptr(o);
}

static struct json_object *checks_json(const struct verdict *v)
{
	own_json struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < v->n; i++)
		if (json_append(list, check_json(&v->check[i])) < 0)
			return NULL;
	return take_ptr(list);
}

static struct json_object *events_json(const struct verdict *v)
{
	own_json struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < v->events.n; i++)
		if (json_append(list, event_json(&v->events.event[i])) < 0)
			return NULL;
	return take_ptr(list);
}

int verdict_write_json(const struct verdict *v, struct bytes *ret)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "type", "cvm-init verdict") < 0 ||
	    json_set_u64(o, "schema", schema) < 0 ||
	    json_set_bool(o, "trusted", verdict_trusted(v)) < 0 ||
	    json_set(o, "checks", checks_json(v)) < 0 ||
	    json_set(o, "events", events_json(v)) < 0)
		return -ENOMEM;
	return json_write(o, ret);
}

/* The same for people, cut where it is long. */
static void add_escaped(struct text *t, const char *s)
{
	char escaped[escaped_max];

	text_escape(s, strlen(s), escaped, sizeof(escaped));
	text_add(t, " %s", escaped);
}

static void add_event(struct text *t, const struct log_event *e)
{
	text_add(t, "  %-8s %4zu %s %-2u %-16s", log_source_name(e->log),
		 e->number, e->mr_alone ? "RTMR" : "PCR",
		 e->mr_alone ? e->mr - log_mr_rtmr_0 : e->pcr,
		 log_origin_name(e->origin));
	add_escaped(t, e->type);
	if (e->says && *e->says)
		add_escaped(t, e->says);
	if (e->entry) {
		text_add(t, " =");
		add_escaped(t, e->entry);
	}
	text_add(t, "\n");
}

int verdict_write_text(const struct verdict *v, struct bytes *ret)
{
	own_text struct text t = { 0 };

	for (size_t i = 0; i < v->n; i++) {
		text_add(&t, "%-8s %-20s",
			 check_result_name(v->check[i].result),
			 v->check[i].name);
		add_escaped(&t, v->check[i].text);
		text_add(&t, "\n");
	}
	for (size_t i = 0; i < v->events.n; i++)
		add_event(&t, &v->events.event[i]);
	text_add(&t, "%s\n", verdict_trusted(v) ? "trusted" : "not trusted");
	return text_failed(&t) ? -ENOMEM : bytes_copy(t.s, t.len, ret);
}
