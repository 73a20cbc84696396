// SPDX-License-Identifier: MIT
/*
 * The same events as TCG Canonical Event Log 1.0 in JSON: an array of
 * records with the standard's recnum, pcr and digests. The content is our
 * own type, "cvm-init", since no standard one tells how to recompute a
 * digest from files.
 */
#include "seal/measure/events.h"

#include <errno.h>
#include <string.h>

#include "lib/json.h"

static struct json_object *write_digest(const struct digest_set *set,
					enum digest_alg alg)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "hashAlg", digest_name(alg)) < 0 ||
	    json_set_hex(o, "digest", set->value[alg], digest_size(alg)) < 0)
		return NULL;
	return json_object_get(o);
}

struct json_object *events_digests_json(const struct digest_set *set)
{
	own_json struct json_object *array = json_object_new_array();

	for (unsigned i = 0; array && i < DIGEST_ALG_COUNT; i++) {
		enum digest_alg alg = (enum digest_alg)i;

		if (set->algs & 1U << i &&
		    json_append(array, write_digest(set, alg)) < 0)
			return NULL;
	}
	return json_object_get(array);
}

/* What the event stands for; the listing, if it has one, at the end. */
static struct json_object *write_content(const struct event *e,
					 const char *listing)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "kind", event_kind_name(e->kind)) < 0 ||
	    (e->app && json_set_string(o, "app", e->app) < 0) ||
	    (e->path && json_set_string(o, "path", e->path) < 0) ||
	    (listing && json_set_string(o, "listing", listing) < 0))
		return NULL;
	return json_object_get(o);
}

/* The keys before "digests": where the event went. */
static int set_place(struct json_object *o, const struct event *e,
		     size_t recnum, const struct events_into *into)
{
	int r = json_set_u64(o, "recnum", recnum);

	if (r == 0 && into->banks)
		r = json_set_u64(o, "pcr", e->pcr);
	if (r == 0 && into->rtmr)
		r = json_set_u64(o, "rtmr", 3);
	return r;
}

/* The content stands at the end. */
static struct json_object *write_record(const struct event *e, size_t recnum,
					const struct events_into *into,
					const char *listing)
{
	own_json struct json_object *o = json_object_new_object();

	if (set_place(o, e, recnum, into) < 0 ||
	    json_set(o, "digests", events_digests_json(&e->digests)) < 0 ||
	    json_set_string(o, "content_type", "cvm-init") < 0 ||
	    json_set(o, "content", write_content(e, listing)) < 0)
		return NULL;
	return json_object_get(o);
}

struct json_object *event_to_json(const struct event *e, size_t recnum,
				  const struct events_into *into)
{
	return write_record(e, recnum, into, (const char *)e->detail.data);
}

int event_json_text(const struct event *e, size_t recnum,
		    const struct events_into *into, struct text *head,
		    const char **ret_foot)
{
	static const char foot[] = "\"}}"; /* of the listing, content, record */
	bool listed = e->detail.len > 0;
	own_json struct json_object *o =
		write_record(e, recnum, into, listed ? "" : NULL);
	own_bytes struct bytes line = { 0 };
	int r = json_write_line(o, &line);

	if (r < 0)
		return r;
	text_add_bytes(head, line.data,
		       line.len - 1 - (listed ? strlen(foot) : 0));
	*ret_foot = listed ? foot : "";
	return text_failed(head) ? -ENOMEM : 0;
}

struct json_object *event_to_systemd(const struct event *e,
				     const struct events_into *into)
{
	own_json struct json_object *o = json_object_new_object();
	struct digest_set extended = e->digests;

	extended.algs &= into->banks;
	if (json_set_u64(o, "pcr", e->pcr) < 0 ||
	    json_set(o, "digests", events_digests_json(&extended)) < 0 ||
	    json_set_string(o, "content_type", "cvm-init") < 0 ||
	    json_set(o, "content", write_content(e, NULL)) < 0)
		return NULL;
	return json_object_get(o);
}

struct json_object *event_intent_json(const struct event *e, size_t recnum,
				      const struct events_into *into)
{
	own_json struct json_object *o = json_object_new_object();
	struct json_object *content = write_content(e, NULL);

	if (json_set(o, "content", content) < 0 ||
	    json_set_string(content, "state", "intent") < 0 ||
	    set_place(o, e, recnum, into) < 0 ||
	    json_set_string(o, "content_type", "cvm-init") < 0)
		return NULL;
	return json_object_get(o);
}

struct json_object *events_to_json(const struct events *list)
{
	static const struct events_into tpm = { .banks = ~0U };
	own_json struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < list->n; i++)
		if (json_append(array,
				event_to_json(&list->event[i], i, &tpm)) < 0)
			return NULL;
	return json_object_get(array);
}
