// SPDX-License-Identifier: MIT
/*
 * The judge and RTMR 3 of a guest of Intel TDX: the log of init and the
 * manifest, without a TPM and beside one. As test_judge_td.c.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "tests/td-trial.h"

/* -- RTMR 3 ------------------------------------------------------------------
 */

static struct json_object *record(const struct trial *t, size_t i)
{
	return json_object_array_get_idx(t->e.init, i);
}

static void drop_record(struct trial *t)
{
	td_trial_be_alone(t);
	json_object_array_del_idx(t->e.init, 1, 1);
}

static void repeat_cap(struct trial *t)
{
	td_trial_be_alone(t);
	json_object_array_add(
		t->e.init,
		json_object_get(
			record(t, json_object_array_length(t->e.init) - 1)));
}

static void have_no_log(struct trial *t)
{
	td_trial_be_alone(t);
	json_release(&t->e.init);
	t->e.init = NULL;
}

/* The log says that these extended nothing. */
static void have_no_register(struct trial *t)
{
	static const struct events_into nothing = { .banks = 0 };

	td_trial_be_alone(t);
	td_trial_log(t, &story.init, &nothing);
}

static void measure_nothing(struct trial *t)
{
	static const struct events none = { .n = 0 };
	struct td_parts p;

	td_trial_begin_alone(t, &p);
	td_trial_measure(t, &p, &none);
	td_trial_quote(t, &p);
}

static void extend_other_register(struct trial *t)
{
	td_trial_be_alone(t);
	json_set_u64(record(t, 0), "rtmr", 2);
}

static void drop_digest(struct trial *t)
{
	struct json_object *list;

	td_trial_be_alone(t);
	list = json_get(record(t, 0), "digests");
	for (size_t i = json_object_array_length(list); i-- > 0;)
		if (strcmp(json_get_string(json_object_array_get_idx(list, i),
					   "hashAlg"),
			   "sha384") == 0)
			json_object_array_del_idx(list, i, 1);
}

/* A boot with other events than the story's, each told as it was. */
static void be_boot(struct trial *t, struct events *list)
{
	struct td_parts p;

	td_trial_begin_alone(t, &p);
	td_trial_measure(t, &p, list);
	td_trial_quote(t, &p);
	events_free(list);
}

static void have_other_app(struct trial *t)
{
	struct events list = { 0 };

	story_add_text(&list, pcr_apps, EVENT_APPS_CONF, "/etc/apps.conf",
		       "[app web]");
	story_add_text(&list, pcr_apps, EVENT_EXEC, "/bin/sh", "a shell");
	be_boot(t, &list);
}

static void break_off(struct trial *t)
{
	struct events list = { 0 };

	story_apps(&list);
	be_boot(t, &list);
}

static void fail_boot(struct trial *t)
{
	struct events list = { 0 };

	story_apps(&list);
	assert_int_equal(
		events_add_cap(&list, events_cap_failed, boot_all_banks), 0);
	be_boot(t, &list);
}

/* What the workload extends, passed off for the key of a volume. */
static void go_on_after_cap(struct trial *t)
{
	struct events list = { 0 };

	story_apps(&list);
	assert_int_equal(
		events_add_cap(&list, events_cap_ready, boot_all_banks), 0);
	story_add_text(&list, pcr_volume_keys, EVENT_VOLUME_KEY,
		       "cryptsetup:other:2", "anything");
	be_boot(t, &list);
}

/* The same with another cap behind it; the log calls the first a key, too. */
static void hide_after_cap(struct trial *t)
{
	struct events list = { 0 };

	story_apps(&list);
	story_add_text(&list, pcr_volume_keys, EVENT_VOLUME_KEY,
		       "cryptsetup:state:1", events_cap_ready);
	story_add_text(&list, pcr_volume_keys, EVENT_VOLUME_KEY,
		       "cryptsetup:other:2", "anything");
	assert_int_equal(
		events_add_cap(&list, events_cap_ready, boot_all_banks), 0);
	be_boot(t, &list);
}

static void ask_before_cap(struct trial *t)
{
	break_off(t);
	t->x.before_cap = true;
}

/* A manifest for a machine without SHA-384. */
static void drop_manifest_digests(struct trial *t)
{
	struct json_object *list;

	td_trial_be_alone(t);
	assert_int_equal(
		json_object_deep_copy(story.manifest, &t->manifest, NULL), 0);
	list = json_get(
		json_object_array_get_idx(
			json_get(json_get(t->manifest, "apps"), "events"), 0),
		"digests");
	json_object_array_del_idx(list, 0, json_object_array_length(list));
	t->x.manifest = t->manifest;
}

static void say_into(struct trial *t, const char *into)
{
	assert_int_equal(
		json_object_deep_copy(story.manifest, &t->manifest, NULL), 0);
	json_set_string(t->manifest, "into", into);
	t->x.manifest = t->manifest;
}

static void say_rtmr(struct trial *t)
{
	td_trial_be_alone(t);
	say_into(t, "rtmr");
}

static void say_tpm(struct trial *t)
{
	td_trial_be_alone(t);
	say_into(t, "tpm");
}

/* -- beside a TPM ------------------------------------------------------------
 */

static void have_tpm(struct trial *t)
{
	struct td_parts p;

	td_trial_begin(t, &p);
	td_trial_quote(t, &p);
}

static void have_tpm_alone(struct trial *t)
{
	static const struct events none = { .n = 0 };
	struct json_object *log = json_object_get(t->e.init);
	struct td_parts p;

	td_trial_begin(t, &p);
	td_trial_measure(t, &p, &none);
	td_trial_quote(t, &p);
	json_release(&t->e.init);
	t->e.init = log;
}

static void know_no_registers(struct trial *t)
{
	have_tpm(t);
	for (size_t i = 0; i < expected_rtmrs; i++)
		t->x.tdx.rtmr[i].given = false;
}

static void say_both(struct trial *t)
{
	have_tpm(t);
	say_into(t, "tpm rtmr");
}

static void say_one(struct trial *t)
{
	have_tpm(t);
	say_into(t, "tpm");
}

/* Only the TPM has what was measured. */
static void hide_from_td(struct trial *t)
{
	static const struct events_into tpm = { .banks = boot_all_banks };

	have_tpm(t);
	td_trial_log(t, &story.init, &tpm);
}

static void be_other_key(struct trial *t)
{
	struct td_parts p;

	td_trial_begin(t, &p);
	p.body[td_data_at + 63] ^= 1;
	td_trial_quote(t, &p);
}

#define BOUND	"that of the TD is bound to the nonce"
#define INTO	"boot.conf of the image measures into "
#define NOT_LED "the log of init does not lead to it: "

static const struct trial_case registers[] = {
	{ "one less", drop_record, CHECK_REFUSED, "rtmr3",
	  NOT_LED "of RTMR 3 an event was left out or changed" },
	{ "one more", repeat_cap, CHECK_REFUSED, "rtmr3",
	  NOT_LED "it was quoted before init event 5" },
	{ "no log", have_no_log, CHECK_REFUSED, "rtmr3",
	  NOT_LED "no log has an event of RTMR 3" },
	{ "a log of no register", have_no_register, CHECK_REFUSED, "rtmr3",
	  NOT_LED "no log has an event of RTMR 3" },
	{ "nothing measured", measure_nothing, CHECK_REFUSED, "rtmr3",
	  "init has not measured into it" },
	{ "nothing accounted for", measure_nothing, CHECK_REFUSED,
	  "required-pcrs", "the log of init does not account for RTMR 3" },
	{ "another register", extend_other_register, CHECK_REFUSED, "init-log",
	  "its record 0 is none of init" },
	{ "no SHA-384", drop_digest, CHECK_REFUSED, "init-log",
	  "its record 0 is none of init" },
	{ "another application", have_other_app, CHECK_REFUSED, "apps",
	  "RTMR 3 is not the manifest's; event 1 of init is another: exec web "
	  "/bin/sh" },
	{ "not closed", break_off, CHECK_REFUSED, "apps",
	  "RTMR 3 is not the manifest's; of its 4 events the log of init has "
	  "the first 3" },
	{ "a failed boot", fail_boot, CHECK_REFUSED, "apps",
	  "the boot has failed: RTMR 3 was closed with an error" },
	{ "after the cap", go_on_after_cap, CHECK_REFUSED, "apps",
	  "RTMR 3 is not the manifest's; event 4 of init is another: "
	  "volume-key cryptsetup:other:2" },
	{ "between two caps", hide_after_cap, CHECK_REFUSED, "apps",
	  "RTMR 3 is not the manifest's; event 4 of init is another: "
	  "volume-key cryptsetup:other:2" },
	{ "before the cap", ask_before_cap, CHECK_OK, "apps",
	  "RTMR 3 is the manifest's: its applications were measured, and "
	  "nothing else yet" },
	{ "into RTMR 3", say_rtmr, CHECK_OK, "into",
	  "the log of init has RTMR 3, as boot.conf of the image" },
	{ "into the TPM", say_tpm, CHECK_REFUSED, "into",
	  INTO "PCR 14, the log of init has RTMR 3" },
	{ "a manifest without SHA-384", drop_manifest_digests, CHECK_MISSING,
	  "apps",
	  "the manifest has no SHA-384 of each application to compare RTMR 3 "
	  "with" },
};

static const struct trial_case beside_a_tpm[] = {
	{ "into both", say_both, CHECK_OK, "into",
	  "the log of init has PCR 14 and RTMR 3, as boot.conf of the image" },
	{ "into one of both", say_one, CHECK_REFUSED, "into",
	  INTO "PCR 14, the log of init has PCR 14 and RTMR 3" },
	{ "bound to its key", have_tpm, CHECK_OK, "report",
	  BOUND " and the key; SEPT_VE_DISABLE is set" },
	{ "PCR 14", have_tpm, CHECK_OK, "apps",
	  "PCR 14 is the manifest's: its applications were measured, then PCR "
	  "14 was closed" },
	{ "RTMR 3", have_tpm, CHECK_OK, "apps",
	  "RTMR 3 is the manifest's: its applications were measured, then "
	  "RTMR 3 was closed" },
	{ "the TPM alone", have_tpm_alone, CHECK_SKIPPED, "rtmr3",
	  "init has not measured into it" },
	{ "any kernel", know_no_registers, CHECK_SKIPPED, "rtmr1",
	  "it was not compared: none was given; it is "
	  "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
	  "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1" },
	{ "hidden from the TD", hide_from_td, CHECK_REFUSED, "rtmr3",
	  NOT_LED "no log has an event of RTMR 3" },
	{ "another key", be_other_key, CHECK_REFUSED, "report",
	  "it is about another nonce or another key" },
};

static void shows_registers(void **state)
{
	own_verdict struct verdict v = { .n = 0 };
	own_bytes struct bytes json = { 0 };
	own_bytes struct bytes text = { 0 };
	struct trial t;

	(void)state;
	trial_begin(&t);
	td_trial_be_alone(&t);
	assert_int_equal(judge(&t.e, &t.x, &v), 0);
	assert_int_equal(verdict_write_json(&v, &json), 0);
	assert_int_equal(verdict_write_events(&v, &text), 0);
	assert_non_null(strstr((const char *)text.data,
			       "init        1 RTMR 3  known            exec "
			       "web /usr/bin/python3\n"));
	assert_non_null(strstr((const char *)text.data,
			       " 3 RTMR 3  not recomputable volume-key "));
	assert_non_null(strstr((const char *)json.data, "\"rtmr\":3"));
	assert_null(strstr((const char *)json.data, "\"pcr\":14"));
	trial_end(&t);
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(judges, registers),
		TABLE(judges, beside_a_tpm),
		CASE(shows_registers),
	};

	return td_trial_main(tables, array_size(tables));
}
