// SPDX-License-Identifier: MIT
/* See pictures.h: two manifests that are compared. */
#include <string.h>

#include "cvmctl/show/compare.h"
#include "lib/own.h"
#include "lib/strict-json.h"
#include "tests/fuzz/pictures.h"
#include "tests/fuzz/promise.h"

static void expect_printable(const struct bytes *text)
{
	for (size_t i = 0; i < text->len; i++)
		expect(text->data[i] == '\n' ||
			       (text->data[i] >= 0x20 && text->data[i] < 0x7f),
		       "printable text");
}

/* Nothing is noted only of what is equal. */
static void expect_changes(struct json_object *before,
			   struct json_object *after)
{
	own_changes struct changes c = { .failed = false };
	own_bytes struct bytes text = { 0 };
	own_bytes struct bytes json = { 0 };
	own_json struct json_object *parsed = NULL;

	expect(compare_manifests(before, after, &c) == 0, "memory");
	expect(changes_none(&c) == json_object_equal(before, after),
	       "equal or different");
	expect(!changes_none(&c) || !(c.pcrs | c.uki_pcrs), "the same PCRs");
	expect(changes_write_text(&c, &text) == 0 &&
		       changes_write_json(&c, &json) == 0,
	       "memory");
	expect_printable(&text);
	expect_printable(&json);
	expect(strict_json_parse((char *)json.data, json.len, 4, &parsed) == 0,
	       "JSON");
}

void fuzz_diff(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = as_text(data, len);
	own_json struct json_object *first = NULL;
	own_json struct json_object *second = NULL;
	char *at = strstr((char *)b.data, "\n\n");

	if (!at)
		return;
	*at = '\0';
	if (strict_json_parse((char *)b.data, len, 12, &first) < 0 ||
	    strict_json_parse(at + 2, len, 12, &second) < 0)
		return;
	expect_changes(first, first);
	expect_changes(first, second);
	expect_changes(second, first);
}
