// SPDX-License-Identifier: MIT
/* See listing.h. */
#include "evidence/judge/listing.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"

enum { attribute_fields = 4 };

/* What is before the next such character, and behind it what is left. */
static bool take_until(struct listing_part *rest, char end,
		       struct listing_part *ret)
{
	const char *at = memchr(rest->at, end, rest->len);

	if (!at)
		return false;
	*ret = (struct listing_part){ rest->at, (size_t)(at - rest->at) };
	rest->at = at + 1;
	rest->len -= ret->len + 1;
	return true;
}

bool listing_next_line(struct listing_part *rest, struct listing_part *ret)
{
	return take_until(rest, '\n', ret);
}

/*
 * The byte that the next characters of a part that is not empty stand for; or
 * -EINVAL. Each byte is written in one way only.
 */
static int take_byte(struct listing_part *p)
{
	int byte = (unsigned char)p->at[0];
	size_t used = 1;

	if (byte == '\\' && p->len > 1 && p->at[1] == '\\') {
		used = 2;
	} else if (byte == '\\') {
		char digits[3] = "";
		uint8_t decoded = 0;
		size_t len;

		if (p->len < 4 || p->at[1] != 'x')
			return -EINVAL;
		memcpy(digits, p->at + 2, 2);
		if (hex_decode(digits, 1, &decoded, &len) < 0 || !decoded ||
		    (decoded >= 0x20 && decoded < 0x7f))
			return -EINVAL;
		byte = decoded;
		used = 4;
	} else if (byte < 0x20 || byte >= 0x7f) {
		return -EINVAL;
	}
	p->at += used;
	p->len -= used;
	return byte;
}

static bool is_field(struct listing_part p)
{
	while (p.len)
		if (take_byte(&p) < 0)
			return false;
	return true;
}

/* Into exactly n fields. */
static bool split(const struct listing_part *line, size_t n,
		  struct listing_part *ret)
{
	ret[n - 1] = *line;
	for (size_t i = 0; i + 1 < n; i++)
		if (!take_until(&ret[n - 1], '\t', &ret[i]))
			return false;
	for (size_t i = 0; i < n; i++)
		if (!is_field(ret[i]))
			return false;
	return true;
}

bool listing_equal(const struct listing_part *a, const struct listing_part *b)
{
	return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

int listing_compare(const struct listing_part *a, const struct listing_part *b)
{
	struct listing_part x = *a;
	struct listing_part y = *b;

	while (x.len && y.len) {
		int difference = take_byte(&x) - take_byte(&y);

		if (difference)
			return difference;
	}
	return (x.len > 0) - (y.len > 0);
}

static struct listing_part path_of(const struct listing_entry *e)
{
	const struct listing_part *path = &e->field[LISTING_PATH];
	bool is_top = path->len == 1 && path->at[0] == '.';

	return (struct listing_part){ path->at, is_top ? 0 : path->len };
}

int listing_compare_paths(const struct listing_entry *a,
			  const struct listing_entry *b)
{
	struct listing_part x = path_of(a);
	struct listing_part y = path_of(b);

	return listing_compare(&x, &y);
}

/* Whether the next line is one of these types. */
static bool begins(const struct listing_part *rest, const char *types)
{
	return rest->len > 1 && rest->at[0] && strchr(types, rest->at[0]) &&
	       rest->at[1] == '\t';
}

/* x, name, value, path */
static bool split_attribute(const struct listing_part *line,
			    struct listing_attribute *ret,
			    struct listing_part *ret_path)
{
	struct listing_part field[attribute_fields];

	if (!split(line, attribute_fields, field))
		return false;
	*ret = (struct listing_attribute){ field[1], field[2] };
	*ret_path = field[3];
	return true;
}

bool listing_next_attribute(struct listing_part *lines,
			    struct listing_attribute *ret)
{
	struct listing_part line;
	struct listing_part path;

	return listing_next_line(lines, &line) &&
	       split_attribute(&line, ret, &path);
}

/* Those of the entry, in their order, none of them twice. */
static bool take_attributes(struct listing_part *rest,
			    struct listing_entry *ret)
{
	struct listing_attribute before = { .name = { rest->at, 0 } };

	ret->attributes = (struct listing_part){ rest->at, 0 };
	while (begins(rest, "x")) {
		struct listing_attribute a;
		struct listing_part line;
		struct listing_part path;

		if (!listing_next_line(rest, &line) ||
		    !split_attribute(&line, &a, &path) ||
		    !listing_equal(&path, &ret->field[LISTING_PATH]) ||
		    listing_compare(&before.name, &a.name) >= 0)
			return false;
		before = a;
		ret->attributes.len += line.len + 1;
	}
	return true;
}

bool listing_next(struct listing *l, struct listing_entry *ret)
{
	struct listing_part rest = l->rest;
	struct listing_part line;

	if (!begins(&rest, "dfl") || !listing_next_line(&rest, &line) ||
	    !split(&line, LISTING_FIELDS, ret->field) ||
	    !ret->field[LISTING_PATH].len || !take_attributes(&rest, ret))
		return false;
	l->rest = rest;
	return true;
}

/* Whether there are entries, and nothing else to the end. */
static bool is_sorted(struct listing l)
{
	struct listing_entry before;
	struct listing_entry e;

	if (!listing_next(&l, &before))
		return false;
	while (listing_next(&l, &e)) {
		if (listing_compare_paths(&before, &e) >= 0)
			return false;
		before = e;
	}
	return !l.rest.len;
}

bool listing_open(const char *text, struct listing *ret)
{
	struct listing l = { { text, 0 }, { text, strlen(text) } };
	struct listing_part line;

	while (!begins(&l.rest, "dfl") && listing_next_line(&l.rest, &line))
		l.head.len += line.len + 1;
	if (!l.head.len || !is_sorted(l))
		return false;
	*ret = l;
	return true;
}

char *listing_decode(const struct listing_part *part, size_t max)
{
	struct listing_part rest = *part;
	size_t size = part->len < max ? part->len : max;
	char *decoded = malloc(size + 1);
	size_t n = 0;

	if (!decoded)
		return NULL;
	while (n < size && rest.len)
		decoded[n++] = (char)take_byte(&rest);
	decoded[n] = '\0';
	return decoded;
}
