// SPDX-License-Identifier: MIT
/* See evidence.h: how the judge compares listings, which are hostile. */
#include <string.h>

#include "evidence/judge/difference.h"
#include "lib/own.h"
#include "tests/fuzz/evidence.h"
#include "tests/fuzz/promise.h"

static void expect_same(const char *listing)
{
	own_difference struct difference d = { .kind = DIFFERENCE_NONE };

	expect(difference_find(listing, listing, &d) == 0, "memory");
	expect(d.kind == DIFFERENCE_NONE || d.kind == DIFFERENCE_UNREADABLE,
	       "that it is equal to itself");
}

static void expect_difference(const struct difference *d)
{
	bool has_path = d->kind == DIFFERENCE_CHANGED ||
			d->kind == DIFFERENCE_ADDED ||
			d->kind == DIFFERENCE_MISSING;

	expect(!d->path == !has_path, "a path");
	expect(!has_path || d->entries, "a number");
	expect(d->fields <= difference_fields_max, "fields");
	expect(!d->fields == !(d->kind == DIFFERENCE_CHANGED ||
			       d->kind == DIFFERENCE_HEAD),
	       "what has changed");
	for (size_t i = 0; i < d->fields; i++)
		expect(d->field[i].expected || d->field[i].found, "a value");
}

void fuzz_listing(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = as_text(data, len);
	own_difference struct difference there = { .kind = DIFFERENCE_NONE };
	own_difference struct difference back = { .kind = DIFFERENCE_NONE };
	own_text struct text words = { 0 };
	char *first = (char *)b.data;
	char *second = strstr(first, "\n\n");

	if (!second)
		return;
	second[1] = '\0';
	second += 2;
	expect_same(first);
	expect_same(second);
	expect(difference_find(first, second, &there) == 0 &&
		       difference_find(second, first, &back) == 0,
	       "memory");
	expect_difference(&there);
	expect_difference(&back);
	expect(there.entries == back.entries && there.fields == back.fields &&
		       !there.kind == !back.kind,
	       "the same the other way round");
	difference_describe(&there, &words);
	expect(!text_failed(&words), "memory");
}
