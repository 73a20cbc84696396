// SPDX-License-Identifier: MIT
/*
 * The logs while a boot is under way: what a reader finds when it ends at any
 * point, and what the tools of others make of them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/hex.h"
#include "tests/journal.h"

static void shows_where_a_boot_ended(void **state)
{
	own_place struct place p = { 0 };
	struct fail f;

	(void)state;
	place_begin(&p);
	make_list(&p.list);
	assert_state(&p, JOURNAL_COMPLETE, 0);
	for (size_t i = 0; i < p.list.n; i++) {
		const struct event *e = &p.list.event[i];

		assert_ok(journal_intend(p.journal, e, &f), &f);
		assert_state(&p, JOURNAL_OPEN, i);
		assert_ok(journal_complete(p.journal, e, &f), &f);
		assert_state(&p, JOURNAL_COMPLETE, i + 1);
	}
}

/* It is longer than what is escaped at a time, and each byte of it is. */
static void writes_a_long_listing(void **state)
{
	own_free char *listing = malloc(much / 4 + 1);
	own_place struct place p = { 0 };
	own_json struct json_object *o = NULL;
	own_bytes struct bytes log = { 0 };
	struct fail f;

	(void)state;
	for (size_t i = 0; i < much / 4; i++)
		listing[i] = "\n\"\t\\\x01"[i % 5];
	listing[much / 4] = '\0';
	place_begin(&p);
	add(&p.list, EVENT_DIRECTORY, "web", "/app", listing);
	add(&p.list, EVENT_EXEC, "web", "/app/run", "\177ELF");
	assert_ok(run(&p, &f), &f);
	assert_state(&p, JOURNAL_COMPLETE, 2);
	o = read_cel(&p);
	assert_string_equal(
		json_get_string(json_get(json_object_array_get_idx(o, 0),
					 "content"),
				"listing"),
		listing);
	read_log(&p, TCG, &log);
	assert_non_null(memmem(log.data, log.len, listing, much / 4));
}

/* The extend fails, and the way down has an event of its own. */
static void keeps_a_deserted_intent(void **state)
{
	own_place struct place p = { 0 };
	struct fail f;

	(void)state;
	place_begin(&p);
	make_list(&p.list);
	assert_ok(journal_intend(p.journal, &p.list.event[0], &f), &f);
	assert_ok(journal_complete(p.journal, &p.list.event[0], &f), &f);
	assert_ok(journal_intend(p.journal, &p.list.event[1], &f), &f);
	assert_ok(journal_intend(p.journal, &p.list.event[3], &f), &f);
	assert_state(&p, JOURNAL_OPEN, 1);
	assert_ok(journal_complete(p.journal, &p.list.event[3], &f), &f);
	assert_state(&p, JOURNAL_OPEN, 2);
}

static void refuses_what_is_no_log(void **state)
{
	static const char *const texts[] = { "{}", "7", "[{}]",
					     "[{\"digests\":null}]", "[[]]" };
	enum journal_state found;

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++) {
		own_json struct json_object *o = json_tokener_parse(texts[i]);

		assert_int_equal(journal_cel_state(o, &found), -EBADMSG);
	}
	assert_int_equal(journal_cel_state(NULL, &found), -EBADMSG);
}

/* Without a register there is nothing that the binary form could number. */
static void logs_what_is_measured_into_nothing(void **state)
{
	static const struct events_into none = { 0 };
	own_place struct place p = { 0 };
	struct journal_files files = { .cel = p.path[CEL] };
	own_bytes struct bytes log = { 0 };
	struct fail f;
	size_t records;

	(void)state;
	place_begin(&p); /* for its path */
	journal_close(&p.journal);
	make_list(&p.list);
	assert_ok(journal_open(&files, &none, &p.journal, &f), &f);
	assert_ok(run(&p, &f), &f);
	assert_int_equal(cel_state(&p, &records), JOURNAL_COMPLETE);
	assert_int_equal(records, 4);
	read_log(&p, CEL, &log);
	assert_null(strstr((char *)log.data, "\"pcr\""));
}

/* RFC 7464: a record separator, JSON, a newline; pcrlock.c of systemd. */
static void writes_what_systemd_reads(void **state)
{
	own_place struct place p = { 0 };
	own_bytes struct bytes log = { 0 };
	size_t records = 0;
	char *next = NULL;
	struct fail f;

	(void)state;
	place_begin(&p);
	make_list(&p.list);
	assert_ok(run(&p, &f), &f);
	read_log(&p, SYSTEMD, &log);
	assert_int_equal(log.data[0], 0x1e);
	for (char *text = strtok_r((char *)log.data, "\x1e", &next); text;
	     text = strtok_r(NULL, "\x1e", &next)) {
		own_json struct json_object *o = json_tokener_parse(text);

		assert_int_equal(text[strlen(text) - 1], '\n');
		assert_int_equal(json_object_get_int(json_get(o, "pcr")), 14);
		assert_int_equal(
			json_object_array_length(json_get(o, "digests")), 2);
		records++;
	}
	assert_int_equal(records, 4);
}

/* Runs tpm2_eventlog over the log; false when it is not installed. */
static bool run_eventlog(const struct place *p, char *ret, size_t size)
{
	char command[PATH_MAX + 64];
	FILE *out;
	size_t n;
	int status;

	(void)snprintf(command, sizeof(command), "tpm2_eventlog %s 2>&1",
		       p->path[TCG]);
	out = popen(command, "r");
	assert_non_null(out);
	n = fread(ret, 1, size - 1, out);
	ret[n] = '\0';
	status = pclose(out);
	if (WEXITSTATUS(status) == 127)
		return false;
	if (status)
		fail_msg("tpm2_eventlog: %s", ret);
	return true;
}

/* Its own replay must come to ours over the first n events, in both banks. */
static void assert_replays(const struct place *p, size_t n, const char *out)
{
	struct events done = { p->list.event, n };
	char hex[2 * digest_size_max + 1];
	struct digest_set value;

	pcr_start_value(both, &value);
	assert_int_equal(events_replay(&done, pcr_apps, &value), 0);
	hex_encode(value.value[DIGEST_SHA1], 20, hex);
	assert_non_null(strstr(strstr(out, "pcrs:"), hex));
	hex_encode(value.value[DIGEST_SHA256], 32, hex);
	assert_non_null(strstr(strstr(out, "pcrs:"), hex));
}

/* At any time. */
static void tpm2_eventlog_reads_the_log(void **state)
{
	own_place struct place p = { 0 };
	char out[64 * 1024];
	struct fail f;

	(void)state;
	place_begin(&p);
	make_list(&p.list);
	if (!run_eventlog(&p, out, sizeof(out)))
		skip();
	for (size_t i = 0; i < p.list.n; i++) {
		const struct event *e = &p.list.event[i];

		assert_ok(journal_intend(p.journal, e, &f), &f);
		assert_true(run_eventlog(&p, out, sizeof(out)));
		assert_ok(journal_complete(p.journal, e, &f), &f);
		assert_true(run_eventlog(&p, out, sizeof(out)));
		assert_replays(&p, i + 1, out);
	}
	assert_non_null(strstr(out, "exec web /usr/bin/python3"));
	assert_non_null(strstr(out, "cap cvm-init: ready"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_where_a_boot_ended),
		cmocka_unit_test(writes_a_long_listing),
		cmocka_unit_test(keeps_a_deserted_intent),
		cmocka_unit_test(refuses_what_is_no_log),
		cmocka_unit_test(logs_what_is_measured_into_nothing),
		cmocka_unit_test(writes_what_systemd_reads),
		cmocka_unit_test(tpm2_eventlog_reads_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
