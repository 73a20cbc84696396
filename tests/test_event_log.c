// SPDX-License-Identifier: MIT
/*
 * Logs and predictions as lists of events: what is read, what is refused, and
 * which event is said to differ.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/table.h"

#include "cvmctl/predict/event-log.h"
#include "lib/own.h"
#include "tests/line.h"

#define X10	    "aaaaaaaaaa"
#define A40	    X10 X10 X10 X10 /* a SHA-1 value */
#define SHA1(hex)   "{\"hashAlg\":\"sha1\",\"digest\":\"" hex "\"}"
#define OTHER	    "{\"hashAlg\":\"sm3_256\",\"digest\":7}"
#define DIGESTS(d)  "\"digests\":[" d "]"
#define CONTENT(c)  "\"content\":{" c "}"
#define FILE_OF_APP "\"kind\":\"file\",\"app\":\"web\",\"path\":\"/x\""

static const struct good {
	const char *name;
	const char *text;
	size_t n;
	const char *first;
} goods[] = {
	{ "no events", "[]", 0, NULL },
	{ "a file",
	  "[{\"recnum\":0,\"pcr\":14," DIGESTS(SHA1(A40)) "," CONTENT(
		  FILE_OF_APP) "}]",
	  1, "file /x of app web" },
	{ "a digest that we do not know",
	  "[{\"pcr\":14," DIGESTS(OTHER "," SHA1(A40)) "}]", 1, " " },
	{ "of systemd or firmware",
	  "[{\"pcr\":4," DIGESTS(
		  SHA1(A40)) ",\"type\":\"EV_SEPARATOR\",\"what\":\"zeros\"}]",
	  1, "EV_SEPARATOR zeros" },
	{ "an intent",
	  "[{\"pcr\":14," CONTENT(FILE_OF_APP ",\"state\":\"intent\"") "}]", 0,
	  NULL },
	{ "not into a PCR", "[{\"rtmr\":3," DIGESTS(SHA1(A40)) "}]", 0, NULL },
	{ "blanks", " [ ] \n", 0, NULL },
};

static void accepts(void **state)
{
	const struct good *c = *state;
	own_event_log struct event_log log = { 0 };
	struct fail f = { 0 };

	assert_ok(event_log_parse("LOG", c->text, strlen(c->text), &log, &f),
		  &f);
	assert_int_equal(log.n, c->n);
	if (c->first)
		assert_string_equal(log.event[0].name, c->first);
}

static const struct bad {
	const char *name;
	const char *text;
} bads[] = {
	{ "nothing", "" },
	{ "an object", "{}" },
	{ "a number", "7" },
	{ "cut", "[{\"pcr\":14" },
	{ "more behind it", "[] []" },
	{ "a second key", "[],\"more\":[]" },
	{ "the key twice", "[],\"log\":[]" },
	{ "a string for a record", "[\"event\"]" },
	{ "a string for a PCR", "[{\"pcr\":\"14\"," DIGESTS("") "}]" },
	{ "PCR 24", "[{\"pcr\":24," DIGESTS("") "}]" },
	{ "PCR -1", "[{\"pcr\":-1," DIGESTS("") "}]" },
	{ "no digests", "[{\"pcr\":14}]" },
	{ "a digest too short", "[{\"pcr\":14," DIGESTS(SHA1(X10)) "}]" },
	{ "a digest twice",
	  "[{\"pcr\":14," DIGESTS(SHA1(A40) "," SHA1(A40)) "}]" },
	{ "a digest without name",
	  "[{\"pcr\":14," DIGESTS("{\"digest\":\"" A40 "\"}") "}]" },
};

static void refuses(void **state)
{
	const struct bad *c = *state;
	own_event_log struct event_log log = { 0 };
	struct fail f = { 0 };

	assert_refusal(
		event_log_parse("LOG", c->text, strlen(c->text), &log, &f), &f,
		"cannot read LOG: it is no list of events; give the "
		"measurements.json of that boot, or its firmware's log");
	assert_null(log.event);
}

/* A letter for each event; capitals have the digest of their small one. */
static void make_log(const char *letters, struct event_log *ret)
{
	ret->n = strlen(letters);
	ret->event = calloc(ret->n + 1, sizeof(*ret->event));
	assert_non_null(ret->event);
	for (size_t i = 0; i < ret->n; i++) {
		struct logged_event *e = &ret->event[i];
		char c = letters[i];

		e->pcr = c == '4' ? 4 : 14;
		e->cap = c == '.' || c == '!';
		(void)snprintf(e->name, sizeof(e->name), "%c",
			       c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
		e->digests.algs = 1U << DIGEST_SHA1;
		e->digests.value[DIGEST_SHA1][0] = (uint8_t)c;
	}
}

static const struct pair {
	const char *name;
	const char *expected, *logged; /* '.' is the cap, '!' that of failure */
	enum event_difference_kind kind;
	size_t number;
	char expected_event, logged_event; /* 0: none */
} pairs[] = {
	{ "nothing at all", "", "", EVENTS_SAME, 1, 0, 0 },
	{ "the same", "abc.", "abc", EVENTS_SAME, 4, '.', 0 },
	{ "without a cap", "abc", "abc", EVENTS_SAME, 4, 0, 0 },
	{ "closed", "abc.", "abc.", EVENTS_CLOSED, 5, 0, 0 },
	{ "other PCRs between", "a4bc.", "4ab44c4", EVENTS_SAME, 4, '.', 0 },
	{ "changed", "abc.", "aBc", EVENT_CHANGED, 2, 'b', 'b' },
	{ "changed, and closed", "abc.", "abC.", EVENT_CHANGED, 3, 'c', 'c' },
	{ "another", "abc.", "axc", EVENT_REPLACED, 2, 'b', 'x' },
	{ "exchanged", "abc.", "bac", EVENT_REPLACED, 1, 'a', 'b' },
	{ "missing", "abc.", "ac", EVENT_MISSING, 2, 'b', 'c' },
	{ "the last is missing", "abc.", "ab", EVENT_MISSING, 3, 'c', 0 },
	{ "missing, and closed", "abc.", "ab.", EVENT_MISSING, 3, 'c', '.' },
	{ "failed", "abc.", "ab!", EVENT_REPLACED, 3, 'c', '!' },
	{ "one more", "abc.", "aXbc", EVENT_EXTRA, 2, 'b', 'x' },
	{ "one more at the end", "abc", "abcd", EVENT_EXTRA, 4, 0, 'd' },
	{ "one more in place of the cap", "abc.", "abcd.", EVENT_EXTRA, 4, '.',
	  'd' },
	{ "twice", "abc.", "aabc", EVENT_EXTRA, 2, 'b', 'a' },
	{ "after the cap", "ab.", "ab.c", EVENT_EXTRA, 4, 0, 'c' },
};

static void assert_event(const struct logged_event *e, char letter)
{
	if (letter)
		assert_int_equal(e->name[0], letter);
	else
		assert_null(e);
}

static void compares(void **state)
{
	const struct pair *c = *state;
	own_event_log struct event_log expected = { 0 };
	own_event_log struct event_log logged = { 0 };
	struct event_difference d;

	make_log(c->expected, &expected);
	make_log(c->logged, &logged);
	event_log_compare(&expected, &logged, 14, DIGEST_SHA1, &d);
	assert_int_equal(d.kind, c->kind);
	assert_int_equal(d.number, c->number);
	assert_event(d.expected, c->expected_event);
	assert_event(d.logged, c->logged_event);
}

/* A bank that an event lacks cannot be replayed, and is not the same. */
static void needs_the_bank(void **state)
{
	own_event_log struct event_log log = { 0 };
	struct event_difference d;
	struct digest_set value;

	(void)state;
	make_log("a", &log);
	pcr_start_value(1U << DIGEST_SHA256, &value);
	assert_int_equal(event_log_replay(&log, 14, &value), -ENODATA);
	assert_int_equal(event_log_replay(&log, 4, &value), 0);
	event_log_compare(&log, &log, 14, DIGEST_SHA256, &d);
	assert_int_equal(d.kind, EVENT_CHANGED);
	assert_true(event_log_has(&log, 14));
	assert_false(event_log_has(&log, 4));
}

/* Those before init, then those of init. */
static void takes_both_parts_of_a_prediction(void **state)
{
	static const char text[] =
		"{\"events\":[{\"pcr\":14," DIGESTS(SHA1(A40)) "," CONTENT(
			FILE_OF_APP) "}],\"boot\":{\"events\":[{\"pcr\":4,"
				     "\"type\":\"EV_IPL\",\"what\":"
				     "\"kernel\"," DIGESTS(SHA1(A40)) "}]}}";
	own_json struct json_object *o = json_tokener_parse(text);
	own_json struct json_object *none = json_tokener_parse("{}");
	own_event_log struct event_log log = { 0 };
	struct fail f = { 0 };

	(void)state;
	assert_ok(event_log_predicted(o, "P", &log, &f), &f);
	assert_int_equal(log.n, 2);
	assert_string_equal(log.event[0].name, "EV_IPL kernel");
	assert_int_equal(log.event[0].pcr, 4);
	assert_string_equal(log.event[1].name, "file /x of app web");
	event_log_free(&log);
	assert_refusal(event_log_predicted(none, "P", &log, &f), &f,
		       "cannot read P: it is no list of events; make it with "
		       "cvmctl predict --json");
}

int main(void)
{
	const struct table tables[] = {
		TABLE(accepts, goods), TABLE(refuses, bads),
		TABLE(compares, pairs), CASE(needs_the_bank),
		CASE(takes_both_parts_of_a_prediction)
	};

	return table_run(tables, array_size(tables));
}
