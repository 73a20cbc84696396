// SPDX-License-Identifier: MIT
/*
 * A verdict in JSON and in words is plain text, whatever bytes the evidence
 * holds: test_judge.c has one with plain ones.
 */
#include "evidence/judge/verdict.h"

#include <string.h>

#include "tests/table.h"

#include "lib/json.h"
#include "lib/own.h"

static const struct odd_case {
	const char *name;
	const char *said; /* by a log */
	const char *written;
} cases[] = {
	{ "plain", "/usr/bin/python3", "/usr/bin/python3" },
	{ "UTF-8", "/\xc3\xa9", "/\\xc3\\xa9" },
	{ "a backslash", "\\EFI\\x41", "\\\\EFI\\\\x41" },
	{ "a lone byte", "/\x80", "/\\x80" },
	{ "Latin 1", "/\xe9", "/\\xe9" },
	{ "an overlong slash", "\xc0\xaf", "\\xc0\\xaf" },
	{ "a surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80" },
	{ "beyond Unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
	{ "a cut sequence", "\xe2\x82", "\\xe2\\x82" },
	{ "no byte of UTF-8", "\xfe\xff", "\\xfe\\xff" },
	{ "a new line", "a\nok \x7f", "a\\x0aok \\x7f" },
	{ "a terminal's order", "\x1b[2J\x9b", "\\x1b[2J\\x9b" },
	{ "quotes", "a\"b", "a\"b" },
};

static char *copy(const char *s)
{
	char *copied = strdup(s);

	assert_non_null(copied);
	return copied;
}

/* All that a log or a manifest may choose. */
static void make_verdict(const char *said, struct verdict *ret)
{
	struct log_event e = { .log = LOG_IMA,
			       .pcr = 10,
			       .type = copy(said),
			       .says = copy(said),
			       .origin = ORIGIN_KNOWN,
			       .entry = copy(said) };

	struct difference d = { .kind = DIFFERENCE_CHANGED,
				.path = copy(said),
				.entries = 1,
				.fields = 1,
				.field = { { "attribute", copy(said),
					     copy(said), copy(said) } } };

	assert_int_equal(verdict_add(ret, "ima-log", CHECK_REFUSED, "%s", said),
			 0);
	assert_int_equal(verdict_add_difference(ret, 0, 0, &d), 0);
	assert_int_equal(log_events_add(&ret->events, &e), 0);
}

static void assert_printable(const struct bytes *b)
{
	for (size_t i = 0; i < b->len; i++)
		assert_true(b->data[i] == '\n' ||
			    (b->data[i] >= 0x20 && b->data[i] < 0x7f));
}

static struct json_object *first(struct json_object *o, const char *list)
{
	return json_object_array_get_idx(json_get(o, list), 0);
}

static void assert_written(struct json_object *field, const char *want)
{
	assert_string_equal(json_get_string(field, "attribute"), want);
	assert_string_equal(json_get_string(field, "expected"), want);
	assert_string_equal(json_get_string(field, "found"), want);
}

static void escapes(void **state)
{
	const struct odd_case *c = *state;
	own_verdict struct verdict v = { .n = 0 };
	own_bytes struct bytes json = { 0 };
	own_bytes struct bytes text = { 0 };
	own_bytes struct bytes events = { 0 };
	own_json struct json_object *o = NULL;
	struct json_object *difference;
	struct json_object *event;

	make_verdict(c->said, &v);
	assert_int_equal(verdict_write_json(&v, &json), 0);
	assert_int_equal(verdict_write_text(&v, &text), 0);
	assert_int_equal(verdict_write_events(&v, &events), 0);
	assert_printable(&json);
	assert_printable(&text);
	assert_printable(&events);
	o = json_tokener_parse((const char *)json.data);
	event = first(o, "events");
	assert_string_equal(json_get_string(first(o, "checks"), "text"),
			    c->written);
	assert_string_equal(json_get_string(event, "type"), c->written);
	assert_string_equal(json_get_string(event, "says"), c->written);
	assert_string_equal(json_get_string(event, "entry"), c->written);
	difference = json_get(first(o, "checks"), "difference");
	assert_string_equal(json_get_string(difference, "path"), c->written);
	assert_written(first(difference, "fields"), c->written);
	assert_non_null(strstr((const char *)text.data, c->written));
	assert_non_null(strstr((const char *)events.data, c->written));
}

/* The last line names each check that is against it, once. */
static void last_line_says_why(void **state)
{
	own_verdict struct verdict v = { .n = 0 };
	own_bytes struct bytes text = { 0 };

	(void)state;
	assert_int_equal(verdict_add(&v, "nonce", CHECK_OK, "a"), 0);
	assert_int_equal(verdict_add(&v, "boot", CHECK_REFUSED, "b"), 0);
	assert_int_equal(verdict_add(&v, "srk", CHECK_SKIPPED, "c"), 0);
	assert_int_equal(verdict_add(&v, "boot", CHECK_MISSING, "d"), 0);
	assert_int_equal(verdict_add(&v, "apps", CHECK_MISSING, "e"), 0);
	assert_int_equal(verdict_write_text(&v, &text), 0);
	assert_string_equal(strstr((const char *)text.data, "not trusted"),
			    "not trusted: boot, apps\n");
}

static const struct entry_case {
	const char *name;
	const char *says, *entry;
	const char *line;
} entries[] = {
	{ "only a place", "/bin/a", "apps.events[0]", "T /bin/a\n" },
	{ "the same words", "/bin/a", "initramfs.files[7] /bin/a",
	  "T /bin/a\n" },
	{ "the type", "Exit", "T", "T Exit\n" },
	{ "a name", "", "boot.events[0] vmlinuz",
	  "T = boot.events[0] vmlinuz\n" },
	{ "another name", "/bin/a", "apps.events[2] b",
	  "T /bin/a = apps.events[2] b\n" },
	{ "without a number", "table", "root.verity.root-hash",
	  "T table = root.verity.root-hash\n" },
	{ "a bracket alone", "a", "b[c", "T a = b[c\n" },
};

/* A place in the manifest is shown where it tells something. */
static void entry_is_shown(void **state)
{
	const struct entry_case *c = *state;
	own_verdict struct verdict v = { .n = 0 };
	own_bytes struct bytes text = { 0 };
	struct log_event e = { .log = LOG_IMA,
			       .pcr = 10,
			       .type = copy("T"),
			       .says = copy(c->says),
			       .origin = ORIGIN_KNOWN,
			       .entry = copy(c->entry) };

	assert_int_equal(log_events_add(&v.events, &e), 0);
	assert_int_equal(verdict_write_events(&v, &text), 0);
	assert_string_equal((const char *)text.data + 38, c->line);
}

/* Every byte there is, and a name as long as IMA can have. */
static void escapes_all_of_it(void **state)
{
	own_verdict struct verdict v = { .n = 0 };
	own_bytes struct bytes json = { 0 };
	own_json struct json_object *o = NULL;
	char said[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(said) - 1; i++)
		said[i] = (char)(1 + i % 255);
	said[sizeof(said) - 1] = '\0';
	make_verdict(said, &v);
	assert_int_equal(verdict_write_json(&v, &json), 0);
	assert_printable(&json);
	o = json_tokener_parse((const char *)json.data);
	/* 94 printable ones, of which the backslash takes two */
	assert_true(strlen(json_get_string(first(o, "events"), "says")) >
		    sizeof(said) / 255 * (93 + 2 + 161 * 4));
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(escapes, cases),
		CASE(escapes_all_of_it),
		CASE(last_line_says_why),
		TABLE(entry_is_shown, entries),
	};

	return table_run(tables, array_size(tables));
}
