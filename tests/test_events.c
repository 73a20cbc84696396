// SPDX-License-Identifier: MIT
/* The event list: its order, its limits, and both written forms. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "lib/hex.h"
#include "lib/json.h"
#include "lib/own.h"
#include "seal/events.h"
#include "seal/pcr.h"

enum { both = 1U << DIGEST_SHA1 | 1U << DIGEST_SHA256 };

static void add(struct events *list, enum event_kind kind, const char *app,
		const char *path, const char *content)
{
	struct event e = { .pcr = pcr_apps, .kind = kind };

	e.app = app ? strdup(app) : NULL;
	e.path = strdup(path);
	assert_int_equal(
		digest_data(both, content, strlen(content), &e.digests), 0);
	if (kind == EVENT_DIRECTORY)
		assert_int_equal(
			bytes_copy(content, strlen(content), &e.detail), 0);
	assert_int_equal(events_add(list, &e), 0);
	assert_null(e.path);
}

static void make_list(struct events *list)
{
	add(list, EVENT_APPS_CONF, NULL, "/etc/cvm-init/apps.conf", "[app a]");
	add(list, EVENT_EXEC, "web", "/usr/bin/python3", "\177ELF");
	add(list, EVENT_FILE, "web", "/app/main.py", "print()");
	add(list, EVENT_DIRECTORY, "web", "/app", "cvm-init listing 1\nd\t.\n");
	assert_int_equal(events_add_cap(list, events_cap_ready, both), 0);
}

static void adds_up_to_the_maximum(void **state)
{
	own_events struct events list = { 0 };
	own_event struct event over = { .path = strdup("x") };

	(void)state;
	for (size_t i = 0; i < events_max; i++)
		assert_int_equal(events_add_cap(&list, "x", both), 0);
	assert_int_equal(events_add(&list, &over), -E2BIG);
	assert_string_equal(over.path, "x");
	assert_int_equal(list.n, events_max);
}

static void cap_texts_are_fixed(void **state)
{
	(void)state;
	assert_string_equal(events_cap_ready, "cvm-init: ready");
	assert_string_equal(events_cap_failed, "cvm-init: failed");
}

/*
 * Against numbers made with openssl mac -digest SHA256 -macopt
 * hexkey:000102...3f HMAC, as systemd does it with its own library.
 */
static void measures_volume_keys(void **state)
{
	static const char text[] =
		"cryptsetup:state:5e0cb7a4-6d1f-4c8e-9f3b-0a1d2c3b4e5f";
	own_events struct events list = { 0 };
	own_secret struct secret key = { 0 };
	char hex[2 * digest_size_max + 1];

	(void)state;
	assert_int_equal(secret_alloc(64, &key), 0);
	for (size_t i = 0; i < key.len; i++)
		key.data[i] = (uint8_t)i;
	assert_int_equal(
		events_add_volume_key(&list, "state",
				      "5e0cb7a4-6d1f-4c8e-9f3b-0a1d2c3b4e5f",
				      &key, both),
		0);
	assert_int_equal(list.event[0].pcr, 15);
	assert_string_equal(list.event[0].path, text);
	assert_string_equal(event_kind_name(list.event[0].kind), "volume-key");
	hex_encode(list.event[0].digests.value[DIGEST_SHA1], 20, hex);
	assert_string_equal(hex, "86c3d43252817042ddd65e32ff5110c04256cbfa");
	hex_encode(list.event[0].digests.value[DIGEST_SHA256], 32, hex);
	assert_string_equal(hex, "a3609b82b4cc7422ca1659d0a9220475"
				 "68cd741cf893692e39567ff446057ded");
}

/* Against numbers made with sha256sum: H(H(0 || H(a)) || H(b)). */
static void replays_one_pcr(void **state)
{
	static const char want[] = "153d5381929b50792d3b22ae9596544a"
				   "f3b0e4805be1555a595e6d2a2734933f";
	own_events struct events list = { 0 };
	struct digest_set value;
	char hex[2 * digest_size_max + 1];

	(void)state;
	add(&list, EVENT_FILE, "a", "/a", "a");
	add(&list, EVENT_FILE, "a", "/other", "other");
	list.event[1].pcr = 13;
	add(&list, EVENT_FILE, "b", "/b", "b");
	pcr_start_value(both, &value);
	assert_int_equal(events_replay(&list, pcr_apps, &value), 0);
	hex_encode(value.value[DIGEST_SHA256], 32, hex);
	assert_string_equal(hex, want);
}

/* Runs tpm2_eventlog over the log; false when it is not installed. */
static bool run_eventlog(const struct bytes *log, char *ret, size_t size)
{
	char path[] = "/tmp/cvm-eventlog-XXXXXX";
	char command[128];
	own_fd int fd = mkstemp(path);
	FILE *out;
	size_t n;
	int status;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, log->data, log->len), log->len);
	(void)snprintf(command, sizeof(command), "tpm2_eventlog %s 2>&1", path);
	out = popen(command, "r");
	assert_non_null(out);
	n = fread(ret, 1, size - 1, out);
	ret[n] = '\0';
	status = pclose(out);
	(void)unlink(path);
	if (WEXITSTATUS(status) == 127)
		return false;
	assert_int_equal(status, 0);
	return true;
}

static void tpm2_eventlog_reads_the_log(void **state)
{
	own_events struct events list = { 0 };
	own_bytes struct bytes log = { 0 };
	char out[64 * 1024];
	char hex[2 * digest_size_max + 1];
	struct digest_set value;

	(void)state;
	make_list(&list);
	assert_int_equal(events_write_tcg(&list, both, &log), 0);
	if (!run_eventlog(&log, out, sizeof(out)))
		skip();
	assert_non_null(strstr(out, "exec web /usr/bin/python3"));
	assert_non_null(strstr(out, "cap cvm-init: ready"));
	assert_non_null(strstr(out, "EventNum: 5"));
	assert_null(strstr(out, "EventNum: 6"));
	/* its own replay must come to ours, in both banks */
	pcr_start_value(both, &value);
	assert_int_equal(events_replay(&list, pcr_apps, &value), 0);
	hex_encode(value.value[DIGEST_SHA1], 20, hex);
	assert_non_null(strstr(strstr(out, "pcrs:"), hex));
	hex_encode(value.value[DIGEST_SHA256], 32, hex);
	assert_non_null(strstr(strstr(out, "pcrs:"), hex));
}

static void log_begins_with_spec_id(void **state)
{
	static const uint8_t want[] = {
		0,   0,	  0,   0,   3,	  0,   0,   0, /* PCR 0, EV_NO_ACTION */
		0,   0,	  0,   0,   0,	  0,   0,   0,	 0,
		0,   0,	  0,   0,   0,	  0,   0,   0,	 0,
		0,   0,	  33,  0,   0,	  0, /* size */
		'S', 'p', 'e', 'c', ' ',  'I', 'D', ' ', 'E',
		'v', 'e', 'n', 't', '0',  '3', 0,   0,	 0,
		0,   0,	  0,   2,   105,  2,	       /* class, version */
		1,   0,	  0,   0,   0x0b, 0,   32,  0, /* one algorithm: SHA-256
							*/
		0,				       /* vendor data */
	};
	own_events struct events list = { 0 };
	own_bytes struct bytes log = { 0 };

	(void)state;
	assert_int_equal(events_write_tcg(&list, 1U << DIGEST_SHA256, &log), 0);
	assert_int_equal(log.len, sizeof(want));
	assert_memory_equal(log.data, want, sizeof(want));
}

static void log_needs_every_bank_it_announces(void **state)
{
	own_events struct events list = { 0 };
	own_bytes struct bytes log = { 0 };

	(void)state;
	make_list(&list);
	assert_int_equal(events_write_tcg(&list, both | 1U << DIGEST_SHA384,
					  &log),
			 -EINVAL);
	assert_null(log.data);
}

static void cel_json_holds_every_event(void **state)
{
	own_events struct events list = { 0 };
	own_bytes struct bytes text = { 0 };
	own_json struct json_object *o = NULL;
	struct json_object *e;
	struct json_object *v;

	(void)state;
	make_list(&list);
	assert_int_equal(events_write_cel_json(&list, &text), 0);
	o = json_tokener_parse((const char *)text.data);
	assert_int_equal(json_object_array_length(o), 5);
	e = json_object_array_get_idx(o, 3);
	assert_true(json_object_object_get_ex(e, "recnum", &v));
	assert_int_equal(json_object_get_int(v), 3);
	assert_true(json_object_object_get_ex(e, "digests", &v));
	assert_int_equal(json_object_array_length(v), 2);
	assert_true(json_object_object_get_ex(e, "content", &v));
	assert_true(json_object_object_get_ex(v, "listing", &v));
	assert_string_equal(json_object_get_string(v),
			    "cvm-init listing 1\nd\t.\n");
}

static void empty_list_is_an_empty_array(void **state)
{
	own_events struct events list = { 0 };
	own_bytes struct bytes text = { 0 };
	own_json struct json_object *o = NULL;

	(void)state;
	assert_int_equal(events_write_cel_json(&list, &text), 0);
	o = json_tokener_parse((const char *)text.data);
	assert_int_equal(json_object_array_length(o), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_up_to_the_maximum),
		cmocka_unit_test(cap_texts_are_fixed),
		cmocka_unit_test(measures_volume_keys),
		cmocka_unit_test(replays_one_pcr),
		cmocka_unit_test(tpm2_eventlog_reads_the_log),
		cmocka_unit_test(log_begins_with_spec_id),
		cmocka_unit_test(log_needs_every_bank_it_announces),
		cmocka_unit_test(cel_json_holds_every_event),
		cmocka_unit_test(empty_list_is_an_empty_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
