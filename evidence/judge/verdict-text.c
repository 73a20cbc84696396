// SPDX-License-Identifier: MIT
/* A verdict as JSON and in words: see verdict.h. */
#include <errno.h>
#include <string.h>

#include "evidence/judge/verdict.h"
#include "lib/json.h"
#include "lib/own.h"
#include "seal/measure/events.h"

enum { schema = 1, event_text_max = 256, check_text_max = 1024 };

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

static struct json_object *field_json(const struct difference_field *f)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "name", f->name) < 0 ||
	    (f->attribute && set_escaped(o, "attribute", f->attribute) < 0) ||
	    (f->expected && set_escaped(o, "expected", f->expected) < 0) ||
	    (f->found && set_escaped(o, "found", f->found) < 0))
		return NULL;
	return take_ptr(o);
}

static struct json_object *fields_json(const struct difference *d)
{
	own_json struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < d->fields; i++)
		if (json_append(list, field_json(&d->field[i])) < 0)
			return NULL;
	return take_ptr(list);
}

static struct json_object *difference_json(const struct check_difference *c)
{
	const struct difference *d = &c->listing;
	own_json struct json_object *o = json_object_new_object();
	own_text struct text entry = { 0 };

	text_add(&entry, "apps.events[%zu]", c->expected);
	if (text_failed(&entry) || json_set_u64(o, "event", c->event) < 0 ||
	    json_set_string(o, "entry", entry.s) < 0 ||
	    json_set_string(o, "kind", difference_kind_name(d->kind)) < 0 ||
	    (d->path && set_escaped(o, "path", d->path) < 0) ||
	    (d->fields && json_set(o, "fields", fields_json(d)) < 0) ||
	    (d->kind != DIFFERENCE_UNREADABLE &&
	     json_set_u64(o, "entries", d->entries) < 0))
		return NULL;
	return take_ptr(o);
}

static struct json_object *check_json(const struct check *c)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "name", c->name) < 0 ||
	    json_set_string(o, "result", check_result_name(c->result)) < 0 ||
	    set_escaped(o, "text", c->text) < 0 ||
	    (c->difference &&
	     json_set(o, "difference", difference_json(c->difference)) < 0))
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

	if (json_set_string(o, "type", VERDICT_TYPE) < 0 ||
	    json_set_u64(o, "schema", schema) < 0 ||
	    json_set_bool(o, "trusted", verdict_trusted(v)) < 0 ||
	    json_set(o, "checks", checks_json(v)) < 0 ||
	    json_set(o, "events", events_json(v)) < 0)
		return -ENOMEM;
	return json_write(o, ret);
}

/* The same for people, cut where it is longer than max. */
static void add_escaped(struct text *t, const char *s, size_t max)
{
	char escaped[check_text_max];

	text_escape(s, strlen(s), escaped, max);
	text_add(t, " %s", escaped);
}

/*
 * Whether the entry says more than its place, such as "boot.events[1] ...",
 * and what the log says itself: that it is known stands there already.
 */
static bool says_more(const struct log_event *e)
{
	const char *index = strchr(e->entry, '[');
	const char *name = index ? strchr(index, ']') : NULL;

	name = name ? name + 1 : e->entry;
	name += strspn(name, " ");
	return *name && strcmp(name, e->type) != 0 &&
	       !(e->says && strcmp(name, e->says) == 0);
}

static void add_event(struct text *t, const struct log_event *e)
{
	text_add(t, "%-8s %4zu %s %-2u %-16s", log_source_name(e->log),
		 e->number, e->mr_alone ? "RTMR" : "PCR",
		 e->mr_alone ? e->mr - log_mr_rtmr_0 : e->pcr,
		 log_origin_name(e->origin));
	add_escaped(t, e->type, event_text_max);
	if (e->says && *e->says)
		add_escaped(t, e->says, event_text_max);
	if (e->entry && says_more(e)) {
		text_add(t, " =");
		add_escaped(t, e->entry, event_text_max);
	}
	text_add(t, "\n");
}

int verdict_write_events(const struct verdict *v, struct bytes *ret)
{
	own_text struct text t = { 0 };

	for (size_t i = 0; i < v->events.n; i++)
		add_event(&t, &v->events.event[i]);
	return text_failed(&t) ? -ENOMEM : bytes_copy(t.s, t.len, ret);
}

/* A check of the same name may have been refused before: for another bank. */
static bool was_named(const struct verdict *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (check_hinders(&v->check[i]) &&
		    strcmp(v->check[i].name, v->check[n].name) == 0)
			return true;
	return false;
}

/* "not trusted: boot, apps", so that the last line says where to look. */
static void add_obstacles(struct text *t, const struct verdict *v)
{
	const char *before = ": ";

	text_add(t, "not trusted");
	for (size_t i = 0; i < v->n; i++) {
		if (!check_hinders(&v->check[i]) || was_named(v, i))
			continue;
		text_add(t, "%s%s", before, v->check[i].name);
		before = ", ";
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
		add_escaped(&t, v->check[i].text, check_text_max);
		text_add(&t, "\n");
	}
	if (verdict_trusted(v))
		text_add(&t, "trusted\n");
	else
		add_obstacles(&t, v);
	return text_failed(&t) ? -ENOMEM : bytes_copy(t.s, t.len, ret);
}
