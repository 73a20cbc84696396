// SPDX-License-Identifier: MIT
/*
 * The events behind PCR 14 of two manifests: which of them is another, and of
 * a directory which entries.
 */
#include <string.h>

#include "cvmctl/show/compare.h"
#include "evidence/judge/difference-walk.h"
#include "lib/digest.h"
#include "lib/own.h"
#include "seal/measure/events.h"

/* "web: directory /app" */
static char *event_name(struct json_object *event)
{
	struct json_object *content = json_get(event, "content");
	const char *app = json_get_string(content, "app");
	own_text struct text t = { 0 };

	text_add(&t, "%s%s%s %s", app, *app ? ": " : "",
		 json_get_string(content, "kind"),
		 json_get_string(content, "path"));
	return text_failed(&t) ? NULL : (char *)take_text(&t).data;
}

static const char *digest_of(struct json_object *event, const char *alg)
{
	struct json_object *list = json_get(event, "digests");
	size_t n = json_object_is_type(list, json_type_array)
			   ? json_object_array_length(list)
			   : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *d = json_object_array_get_idx(list, i);

		if (strcmp(json_get_string(d, "hashAlg"), alg) == 0)
			return json_get_string(d, "digest");
	}
	return NULL;
}

/* Either may be NULL. */
static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* One digest that differs stands for all. */
static void compare_digests(const struct compare_place *place,
			    struct json_object *before,
			    struct json_object *after)
{
	static const enum digest_alg algs[] = { DIGEST_SHA256, DIGEST_SHA384,
						DIGEST_SHA512, DIGEST_SHA1 };

	for (size_t i = 0; i < array_size(algs); i++) {
		const char *name = digest_name(algs[i]);
		const struct change_source s = {
			.item = place->item,
			.field = name,
			.before = digest_of(before, name),
			.after = digest_of(after, name),
		};

		if (is_same(s.before, s.after))
			continue;
		changes_add(place->changes, place->part, &s);
		return;
	}
}

static void note_fields(const struct compare_place *place,
			const struct difference *d)
{
	for (size_t i = 0; i < d->fields; i++) {
		const struct difference_field *f = &d->field[i];
		own_text struct text name = { 0 };
		struct change_source s = {
			.item = place->item,
			.entry = d->path,
			.before = f->expected,
			.after = f->found,
		};

		text_add(&name, "%s%s%s", f->name, f->attribute ? " " : "",
			 f->attribute ? f->attribute : "");
		if (text_failed(&name))
			place->changes->failed = true;
		s.field = name.s;
		changes_add(place->changes, place->part, &s);
	}
}

static void note_entry(const struct compare_place *place,
		       const struct difference *d)
{
	const struct change_source s = {
		.kind = d->kind == DIFFERENCE_ADDED ? CHANGE_ADDED
						    : CHANGE_REMOVED,
		.item = place->item,
		.entry = d->path,
	};

	if (d->kind == DIFFERENCE_CHANGED)
		note_fields(place, d);
	else
		changes_add(place->changes, place->part, &s);
}

/* Each entry that differs, the head first. */
static void compare_listings(const struct compare_place *place,
			     const char *before, const char *after)
{
	own_difference struct difference first = { .kind = DIFFERENCE_NONE };
	struct changes *c = place->changes;
	struct differences walk;

	if (difference_find(before, after, &first) < 0)
		c->failed = true;
	if (first.kind == DIFFERENCE_HEAD)
		note_fields(place, &first);
	if (!differences_open(before, after, &walk))
		return; /* the digests say that it changed */
	while (!c->failed && differences_next(&walk)) {
		own_difference struct difference d = { .entries = 0 };

		if (differences_get(&walk, &d) < 0)
			c->failed = true;
		else
			note_entry(place, &d);
	}
}

static void compare_event(const struct compare_place *place,
			  struct json_object *before, struct json_object *after)
{
	static const char *const known[] = { "recnum", "digests", "content",
					     NULL };
	static const char *const listed[] = { "kind", "app", "path", "listing",
					      NULL };
	struct json_object *a = json_get(before, "content");
	struct json_object *b = json_get(after, "content");
	size_t n = changes_count(place->changes, place->part);

	if (!json_object_equal(json_get(a, "listing"), json_get(b, "listing")))
		compare_listings(place, json_get_string(a, "listing"),
				 json_get_string(b, "listing"));
	if (changes_count(place->changes, place->part) == n)
		compare_digests(place, before, after);
	compare_values(place, NULL, before, after, known);
	compare_values(place, "content", a, b, listed);
}

void compare_events(struct changes *c, struct json_object *before,
		    struct json_object *after)
{
	static const struct compare_list how = { event_name, compare_event };

	compare_lists(c, CHANGES_APPS, before, after, &how);
}
