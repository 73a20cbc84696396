// SPDX-License-Identifier: MIT
/* The comparisons of compare.h that know nothing of what they compare. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cvmctl/show/compare.h"
#include "lib/digest.h"
#include "lib/own.h"

/* Borrowed from it; NULL for none, and without memory. */
static const char *text_of(struct json_object *o)
{
	return !o ? NULL
	       : json_object_is_type(o, json_type_string)
		       ? json_object_get_string(o)
		       : json_object_to_json_string_ext(o,
							JSON_C_TO_STRING_PLAIN);
}

static bool is_tree(struct json_object *o)
{
	return json_object_is_type(o, json_type_object) ||
	       json_object_is_type(o, json_type_array);
}

/* Of a tree that there was not, or is no more, only that is said. */
static void note(const struct compare_place *place, const char *name,
		 struct json_object *before, struct json_object *after)
{
	struct change_source s = {
		.kind = !before	 ? CHANGE_ADDED
			: !after ? CHANGE_REMOVED
				 : CHANGE_CHANGED,
		.item = place->item,
		.field = name,
	};

	if ((before && after) || !is_tree(before ? before : after)) {
		s.before = text_of(before);
		s.after = text_of(after);
		if ((before && !s.before) || (after && !s.after))
			place->changes->failed = true;
	}
	changes_add(place->changes, place->part, &s);
}

static bool is_listed(const char *const *list, const char *s)
{
	for (; list && *list; list++)
		if (strcmp(*list, s) == 0)
			return true;
	return false;
}

/* Of one content there may be several digests: that by SHA-256 says enough. */
static bool is_told(struct json_object *before, struct json_object *after,
		    const char *member)
{
	const char *sha256 = digest_name(DIGEST_SHA256);
	bool is_digest = false;

	for (int i = 0; i < DIGEST_ALG_COUNT; i++)
		if (strcmp(member, digest_name((enum digest_alg)i)) == 0)
			is_digest = true;
	return is_digest && strcmp(member, sha256) != 0 &&
	       json_get(before, sha256) && json_get(after, sha256) &&
	       !json_object_equal(json_get(before, sha256),
				  json_get(after, sha256));
}

/* "verity.root-hash" */
static void compare_member(const struct compare_place *place, const char *name,
			   const char *member, struct json_object *before,
			   struct json_object *after)
{
	own_text struct text t = { 0 };

	if (!name) {
		compare_values(place, member, before, after, NULL);
		return;
	}
	text_add(&t, "%s.%s", name, member);
	if (text_failed(&t))
		place->changes->failed = true;
	else
		compare_values(place, t.s, before, after, NULL);
}

static void compare_objects(const struct compare_place *place, const char *name,
			    struct json_object *before,
			    struct json_object *after,
			    const char *const *except)
{
	json_object_object_foreach(before, member, value)
	{
		if (!is_listed(except, member) &&
		    !is_told(before, after, member))
			compare_member(place, name, member, value,
				       json_get(after, member));
	}
	json_object_object_foreach(after, other, added)
	{
		if (!is_listed(except, other) &&
		    !json_object_object_get_ex(before, other, NULL))
			compare_member(place, name, other, NULL, added);
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): a manifest is not deep */
void compare_values(const struct compare_place *place, const char *name,
		    struct json_object *before, struct json_object *after,
		    const char *const *except)
{
	if (json_object_is_type(before, json_type_object) &&
	    json_object_is_type(after, json_type_object))
		compare_objects(place, name, before, after, except);
	else if (!json_object_equal(before, after))
		note(place, name, before, after);
}

/* An element, with its number for those of one name. */
struct named {
	char *name;
	size_t number;
	struct json_object *o;
};

struct names {
	struct named *named;
	size_t n;
};

static void names_free(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->named[i].name);
	free(l->named);
}

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a;
	const struct named *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order
		     : (x->number > y->number) - (x->number < y->number);
}

/* The elements of a list, sorted by name; of what is no list, none. */
static bool read_names(struct json_object *list, const struct compare_list *how,
		       struct names *ret)
{
	size_t n = json_object_is_type(list, json_type_array)
			   ? json_object_array_length(list)
			   : 0;

	ret->named = calloc(n + 1, sizeof(*ret->named));
	if (!ret->named)
		return false;
	for (; ret->n < n; ret->n++) {
		struct named *next = &ret->named[ret->n];

		next->number = ret->n;
		next->o = json_object_array_get_idx(list, ret->n);
		next->name = how->name(next->o);
		if (!next->name)
			return false;
	}
	qsort(ret->named, n, sizeof(*ret->named), compare_named);
	return true;
}

static void note_element(struct changes *c, enum changes_part part,
			 const struct named *element, enum change_kind kind)
{
	const struct change_source s = { .kind = kind, .item = element->name };

	changes_add(c, part, &s);
}

static void merge(struct changes *c, enum changes_part part,
		  const struct names *before, const struct names *after,
		  const struct compare_list *how)
{
	size_t i = 0;
	size_t j = 0;

	while (i < before->n || j < after->n) {
		const struct named *a = &before->named[i];
		const struct named *b = &after->named[j];
		int order = i == before->n  ? 1
			    : j == after->n ? -1
					    : strcmp(a->name, b->name);
		struct compare_place place = { c, part, a->name };

		if (order < 0)
			note_element(c, part, a, CHANGE_REMOVED);
		else if (order > 0)
			note_element(c, part, b, CHANGE_ADDED);
		else if (!json_object_equal(a->o, b->o))
			how->compare(&place, a->o, b->o);
		i += order <= 0;
		j += order >= 0;
	}
}

void compare_lists(struct changes *c, enum changes_part part,
		   struct json_object *before, struct json_object *after,
		   const struct compare_list *how)
{
	__attribute__((cleanup(names_free))) struct names a = { 0 };
	__attribute__((cleanup(names_free))) struct names b = { 0 };

	if (!read_names(before, how, &a) || !read_names(after, how, &b))
		c->failed = true;
	else
		merge(c, part, &a, &b, how);
}
