// SPDX-License-Identifier: MIT
/*
 * See difference.h. Both listings are read side by side, in the order of
 * their paths, so that an entry that one of them lacks does not make those
 * behind it differ.
 */
#include "evidence/judge/difference.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/judge/difference-walk.h"
#include "lib/own.h"

static const char *const kind_names[] = {
	[DIFFERENCE_CHANGED] = "changed",	[DIFFERENCE_ADDED] = "added",
	[DIFFERENCE_MISSING] = "missing",	[DIFFERENCE_HEAD] = "head",
	[DIFFERENCE_UNREADABLE] = "unreadable",
};

static const char *const field_names[LISTING_PATH] = {
	"type", "mode", "owner", "group", "content",
};

const char *difference_kind_name(enum difference_kind kind)
{
	return kind_names[kind];
}

void difference_free(struct difference *d)
{
	for (size_t i = 0; i < d->fields; i++) {
		free(d->field[i].attribute);
		free(d->field[i].expected);
		free(d->field[i].found);
	}
	free(d->path);
	*d = (struct difference){ .kind = DIFFERENCE_NONE };
}

static int copy(const struct listing_part *from, char **ret)
{
	if (!from)
		return 0;
	*ret = listing_decode(from, difference_value_max);
	return *ret ? 0 : -ENOMEM;
}

/* Each part may be NULL: there is none. */
static int add_field(struct difference *d, const char *name,
		     const struct listing_part *attribute,
		     const struct listing_part *expected,
		     const struct listing_part *found)
{
	struct difference_field *f = &d->field[d->fields++];

	*f = (struct difference_field){ .name = name };
	if (copy(attribute, &f->attribute) < 0 ||
	    copy(expected, &f->expected) < 0 || copy(found, &f->found) < 0)
		return -ENOMEM;
	return 0;
}

/* The first attribute that differs, if one does. */
static int add_attribute(struct difference *d, struct listing_part expected,
			 struct listing_part found)
{
	struct listing_attribute a;
	struct listing_attribute b;

	for (;;) {
		bool has_a = listing_next_attribute(&expected, &a);
		bool has_b = listing_next_attribute(&found, &b);
		int order = has_a && has_b ? listing_compare(&a.name, &b.name)
					   : has_b - has_a;

		if (!has_a && !has_b)
			return 0;
		if (order == 0 && listing_equal(&a.value, &b.value))
			continue;
		return add_field(d, "attribute", order > 0 ? &b.name : &a.name,
				 order > 0 ? NULL : &a.value,
				 order < 0 ? NULL : &b.value);
	}
}

/* All of them; of another type that one alone, which explains the others. */
static int add_fields(struct difference *d, const struct listing_entry *a,
		      const struct listing_entry *b)
{
	for (size_t i = LISTING_TYPE; i < LISTING_PATH; i++) {
		bool is_target = i == LISTING_CONTENT &&
				 a->field[LISTING_TYPE].at[0] == 'l';

		if (listing_equal(&a->field[i], &b->field[i]))
			continue;
		if (add_field(d, is_target ? "target" : field_names[i], NULL,
			      &a->field[i], &b->field[i]) < 0)
			return -ENOMEM;
		if (i == LISTING_TYPE)
			return 0;
	}
	return add_attribute(d, a->attributes, b->attributes);
}

static bool is_equal(const struct listing_entry *a,
		     const struct listing_entry *b)
{
	for (size_t i = 0; i < LISTING_FIELDS; i++)
		if (!listing_equal(&a->field[i], &b->field[i]))
			return false;
	return listing_equal(&a->attributes, &b->attributes);
}

bool differences_open(const char *expected, const char *found,
		      struct differences *ret)
{
	struct differences w = { .in_expected = true, .in_found = true };

	if (!listing_open(expected, &w.expected) ||
	    !listing_open(found, &w.found))
		return false;
	*ret = w;
	return true;
}

bool differences_next(struct differences *w)
{
	for (;;) {
		int order;

		if (w->in_expected)
			w->has_a = listing_next(&w->expected, &w->a);
		if (w->in_found)
			w->has_b = listing_next(&w->found, &w->b);
		if (!w->has_a && !w->has_b)
			return false;
		order = w->has_a && w->has_b
				? listing_compare_paths(&w->a, &w->b)
				: w->has_b - w->has_a;
		w->in_expected = order <= 0;
		w->in_found = order >= 0;
		if (order || !is_equal(&w->a, &w->b))
			return true;
	}
}

/* Fills in all but how many there are. */
static int describe_current(const struct differences *w, struct difference *d)
{
	const struct listing_entry *known = w->in_expected ? &w->a : &w->b;

	d->kind = !w->in_expected ? DIFFERENCE_ADDED
		  : !w->in_found  ? DIFFERENCE_MISSING
				  : DIFFERENCE_CHANGED;
	if (copy(&known->field[LISTING_PATH], &d->path) < 0)
		return -ENOMEM;
	return d->kind == DIFFERENCE_CHANGED ? add_fields(d, &w->a, &w->b) : 0;
}

static void move(struct difference *from, struct difference *to)
{
	*to = *from;
	*from = (struct difference){ .kind = DIFFERENCE_NONE };
}

int differences_get(const struct differences *w, struct difference *ret)
{
	own_difference struct difference d = { .entries = 1 };
	int r = describe_current(w, &d);

	if (r == 0)
		move(&d, ret);
	return r;
}

/* The first that differs in full, unless the heads do, and how many do. */
static int compare_entries(struct differences *w, struct difference *d)
{
	int r = 0;

	while (r == 0 && differences_next(w)) {
		d->entries++;
		if (d->kind == DIFFERENCE_NONE)
			r = describe_current(w, d);
	}
	return r;
}

/* As it stands: it need not be escaped as the fields of entries are. */
static int copy_line(const struct listing_part *line, char **ret)
{
	if (!line)
		return 0;
	*ret = strndup(line->at, line->len < difference_value_max
					 ? line->len
					 : difference_value_max);
	return *ret ? 0 : -ENOMEM;
}

/* Each line may be NULL: there is none. */
static int note_head(struct difference *d, const struct listing_part *expected,
		     const struct listing_part *found)
{
	struct difference_field *f = &d->field[d->fields++];

	d->kind = DIFFERENCE_HEAD;
	*f = (struct difference_field){ .name = "line" };
	if (copy_line(expected, &f->expected) < 0 ||
	    copy_line(found, &f->found) < 0)
		return -ENOMEM;
	return 0;
}

/* Notes the first line that differs, if one does. */
static int compare_heads(struct listing_part expected,
			 struct listing_part found, struct difference *d)
{
	for (;;) {
		struct listing_part a;
		struct listing_part b;
		bool has_a = listing_next_line(&expected, &a);
		bool has_b = listing_next_line(&found, &b);

		if (!has_a && !has_b)
			return 0;
		if (!has_a || !has_b || !listing_equal(&a, &b))
			return note_head(d, has_a ? &a : NULL,
					 has_b ? &b : NULL);
	}
}

int difference_find(const char *expected, const char *found,
		    struct difference *ret)
{
	own_difference struct difference d = { .kind = DIFFERENCE_NONE };
	struct differences w;
	int r = 0;

	if (!differences_open(expected, found, &w)) {
		d.kind = DIFFERENCE_UNREADABLE;
	} else {
		r = compare_heads(w.expected.head, w.found.head, &d);
		if (r == 0)
			r = compare_entries(&w, &d);
	}
	if (r == 0)
		move(&d, ret);
	return r;
}

/* " by mode (0755, not 0644) and content" */
static void describe_fields(const struct difference *d, struct text *t)
{
	for (size_t i = 0; i < d->fields; i++) {
		const struct difference_field *f = &d->field[i];
		bool is_short = strcmp(f->name, "content") != 0 &&
				strcmp(f->name, "target") != 0 && !f->attribute;

		text_add(t, "%s %s",
			 i == 0		     ? " by"
			 : i + 1 < d->fields ? ","
					     : " and",
			 f->name);
		if (f->attribute)
			text_add(t, " %s", f->attribute);
		if (is_short)
			text_add(t, " (%s, not %s)", f->found, f->expected);
	}
}

static void describe_entry(const struct difference *d, struct text *t)
{
	text_add(t, "; %zu of its entries %s,%s", d->entries,
		 d->entries == 1 ? "differs" : "differ",
		 d->entries == 1 ? "" : " the first");
	if (d->kind == DIFFERENCE_CHANGED)
		describe_fields(d, t);
	else
		text_add(t, " %s", kind_names[d->kind]);
	text_add(t, ": %s", d->path);
}

void difference_describe(const struct difference *d, struct text *t)
{
	switch (d->kind) {
	case DIFFERENCE_NONE: break;
	case DIFFERENCE_UNREADABLE:
		text_add(t, "; what differs cannot be told, since one of the "
			    "two listings is cut off or none");
		break;
	case DIFFERENCE_HEAD:
		text_add(t, "; its first lines differ");
		if (d->entries)
			text_add(t, ", and %zu of its entries", d->entries);
		break;
	case DIFFERENCE_CHANGED:
	case DIFFERENCE_ADDED:
	case DIFFERENCE_MISSING: describe_entry(d, t); break;
	}
}
