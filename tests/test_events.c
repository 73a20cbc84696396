// SPDX-License-Identifier: MIT
/* The event list: its order, its limits, and the written forms of one. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "lib/hex.h"
#include "lib/json.h"
#include "lib/own.h"
#include "seal/measure/events.h"
#include "seal/object/pcr.h"
#include "tests/event-list.h"

static void make_list(struct events *list)
{
	add(list, EVENT_APPS_CONF, NULL, "/etc/cvm-init/apps.conf", "[app a]");
	add(list, EVENT_EXEC, "web", "/usr/bin/python3", "\177ELF");
	add(list, EVENT_FILE, "web", "/app/main.py", "print()");
	add(list, EVENT_DIRECTORY, "web", "/app", "cvm-init listing 2\nd\t.\n");
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
	own_text struct text log = { 0 };

	(void)state;
	events_tcg_begin(1U << DIGEST_SHA256, &log);
	assert_int_equal(log.len, sizeof(want));
	assert_memory_equal(log.s, want, sizeof(want));
}

static void log_needs_every_bank_it_announces(void **state)
{
	static const struct events_into into = { .banks = both |
							  1U << DIGEST_SHA384 };
	own_events struct events list = { 0 };
	own_text struct text log = { 0 };

	(void)state;
	make_list(&list);
	assert_int_equal(events_tcg_add(&list.event[0], &into, &log), -EINVAL);
	assert_null(log.s);
}

/* With the longest path there is. */
static void log_has_room_for_the_longest_listing(void **state)
{
	static const struct events_into into = { .banks = both };
	char path[PATH_MAX];
	struct event e = { .pcr = pcr_apps,
			   .kind = EVENT_DIRECTORY,
			   .path = path,
			   .detail.len = event_detail_max };
	own_text struct text log = { 0 };

	(void)state;
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	e.digests.algs = both;
	assert_int_equal(events_tcg_add(&e, &into, &log), 0);
	e.detail.len = event_data_max;
	assert_int_equal(events_tcg_add(&e, &into, &log), -EFBIG);
}

/* UEFI 2.10, 38.4.1, counts the registers of TDX from MRTD on: RTMR 3 is 4. */
static void numbers_the_register_of_tdx(void **state)
{
	static const struct events_into into = { .rtmr = true };
	static const uint8_t head[] = { 4, 0, 0, 0, 13, 0, 0,	 0,
					1, 0, 0, 0, 12, 0, 0xff, 0xff };
	struct event e = { .pcr = pcr_apps, .kind = EVENT_EXEC };
	own_text struct text log = { 0 };

	(void)state;
	assert_int_equal(events_algs(&into), 1U << DIGEST_SHA384);
	e.digests.algs = 1U << DIGEST_SHA384;
	memset(e.digests.value[DIGEST_SHA384], 0xff, 48);
	assert_int_equal(events_tcg_add(&e, &into, &log), 0);
	assert_memory_equal(log.s, head, sizeof(head));
}

/* "pcr rtmr state": what is there. */
static void assert_keys(struct json_object *record, const char *want)
{
	own_json struct json_object *o = record;
	char keys[64];

	(void)snprintf(keys, sizeof(keys), "%s%s%s%s",
		       json_get(o, "pcr") ? "pcr " : "",
		       json_get(o, "rtmr") ? "rtmr " : "",
		       json_get(o, "digests") ? "digests " : "",
		       json_get(json_get(o, "content"), "state") ? "state "
								 : "");
	assert_string_equal(keys, want);
}

static void records_name_their_registers(void **state)
{
	static const struct events_into tpm = { .banks = both };
	static const struct events_into rtmr = { .rtmr = true };
	static const struct events_into all = { .banks = both, .rtmr = true };
	static const struct events_into none = { 0 };
	own_events struct events list = { 0 };
	const struct event *e;

	(void)state;
	make_list(&list);
	e = &list.event[1];
	assert_keys(event_to_json(e, 1, &tpm), "pcr digests ");
	assert_keys(event_to_json(e, 1, &rtmr), "rtmr digests ");
	assert_keys(event_to_json(e, 1, &all), "pcr rtmr digests ");
	assert_keys(event_to_json(e, 1, &none), "digests ");
	assert_keys(event_intent_json(e, 1, &tpm), "pcr state ");
	assert_keys(event_to_systemd(e, &all), "pcr digests ");
	assert_int_equal(events_algs(&none), 1U << DIGEST_SHA256);
	assert_int_equal(events_algs(&all), both | 1U << DIGEST_SHA384);
}

static void cel_json_holds_every_event(void **state)
{
	own_events struct events list = { 0 };
	own_json struct json_object *o = NULL;
	struct json_object *e;
	struct json_object *v;

	(void)state;
	make_list(&list);
	o = events_to_json(&list);
	assert_int_equal(json_object_array_length(o), 5);
	e = json_object_array_get_idx(o, 3);
	assert_true(json_object_object_get_ex(e, "recnum", &v));
	assert_int_equal(json_object_get_int(v), 3);
	assert_true(json_object_object_get_ex(e, "digests", &v));
	assert_int_equal(json_object_array_length(v), 2);
	assert_true(json_object_object_get_ex(e, "content", &v));
	assert_true(json_object_object_get_ex(v, "listing", &v));
	assert_string_equal(json_object_get_string(v),
			    "cvm-init listing 2\nd\t.\n");
}

static void empty_list_is_an_empty_array(void **state)
{
	own_events struct events list = { 0 };
	own_json struct json_object *o = events_to_json(&list);

	(void)state;
	assert_int_equal(json_object_array_length(o), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_up_to_the_maximum),
		cmocka_unit_test(cap_texts_are_fixed),
		cmocka_unit_test(measures_volume_keys),
		cmocka_unit_test(replays_one_pcr),
		cmocka_unit_test(log_begins_with_spec_id),
		cmocka_unit_test(log_needs_every_bank_it_announces),
		cmocka_unit_test(log_has_room_for_the_longest_listing),
		cmocka_unit_test(numbers_the_register_of_tdx),
		cmocka_unit_test(records_name_their_registers),
		cmocka_unit_test(cel_json_holds_every_event),
		cmocka_unit_test(empty_list_is_an_empty_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
