// SPDX-License-Identifier: MIT
/*
 * The judge and the logs: firmware, init, systemd, and the image that was
 * booted. As test_judge.c; IMA: test_judge_ima.c.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "tests/trial.h"

static struct boot_story story;

enum { firmware_initrd = 6, init_exec = 1, init_directory = 2 };

/* -- the firmware's log ---------------------------------------------------- */

/* The log anew, of events that the caller has changed. */
static void write_firmware(struct trial *t, const struct events *list)
{
	digest_algs banks = 0;

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (t->e.tpm.pcrs[a].mask)
			banks |= 1U << a;
	bytes_free(&t->e.firmware);
	assert_int_equal(events_write_tcg(list, banks, &t->e.firmware), 0);
}

/* Borrowed from the story: freed with free(). */
static struct events copy_firmware(const struct trial *t, size_t spare)
{
	struct events copy = { .n = t->story->firmware.n };

	copy.event = calloc(copy.n + spare, sizeof(*copy.event));
	assert_non_null(copy.event);
	memcpy(copy.event, t->story->firmware.event,
	       copy.n * sizeof(*copy.event));
	return copy;
}

static void cut_firmware(struct trial *t)
{
	t->e.firmware.len -= 5;
}

static void cut_first_event(struct trial *t)
{
	t->e.firmware.len = 40;
}

static void make_old_firmware(struct trial *t)
{
	t->e.firmware.data[40] ^= 1; /* in "Spec ID Event03" */
}

static void drop_last_firmware(struct trial *t)
{
	struct events copy = copy_firmware(t, 0);

	copy.n--;
	write_firmware(t, &copy);
	free(copy.event);
}

static void drop_firmware(struct trial *t)
{
	bytes_free(&t->e.firmware);
}

static void swap_firmware(struct trial *t)
{
	struct events copy = copy_firmware(t, 0);
	struct event last = copy.event[copy.n - 1];

	copy.event[copy.n - 1] = copy.event[copy.n - 2];
	copy.event[copy.n - 2] = last;
	write_firmware(t, &copy);
	free(copy.event);
}

/* After the others, or before them. */
static void repeat_firmware(struct trial *t)
{
	struct events copy = copy_firmware(t, 1);

	copy.event[copy.n] = copy.event[2]; /* the kernel, of PCR 4 */
	copy.n++;
	write_firmware(t, &copy);
	free(copy.event);
}

static void add_firmware(struct trial *t)
{
	struct events copy = copy_firmware(t, 1);

	memmove(copy.event + 1, copy.event, copy.n * sizeof(*copy.event));
	copy.event[0] = copy.event[1 + firmware_initrd];
	copy.n++;
	write_firmware(t, &copy);
	free(copy.event);
}

static void change_firmware(struct trial *t)
{
	struct events copy = copy_firmware(t, 0);

	copy.event[firmware_initrd].digests.value[DIGEST_SHA256][3] ^= 1;
	write_firmware(t, &copy);
	free(copy.event);
}

/* -- the log of init --------------------------------------------------------
 */

static struct json_object *init_record(const struct trial *t, size_t i)
{
	return json_object_array_get_idx(t->e.init, i);
}

static void drop_exec(struct trial *t)
{
	assert_int_equal(json_object_array_del_idx(t->e.init, init_exec, 1), 0);
}

static void swap_init(struct trial *t)
{
	struct json_object *exec = json_object_get(init_record(t, init_exec));
	struct json_object *directory =
		json_object_get(init_record(t, init_directory));

	json_object_array_put_idx(t->e.init, init_exec, directory);
	json_object_array_put_idx(t->e.init, init_directory, exec);
}

static void repeat_cap(struct trial *t)
{
	size_t last = json_object_array_length(t->e.init) - 1;

	json_object_array_add(t->e.init, json_object_get(init_record(t, last)));
}

static void change_listing(struct trial *t)
{
	struct json_object *content =
		json_get(init_record(t, init_directory), "content");

	json_set_string(content, "listing", "cvm-init listing 1\n");
}

static void drop_listing(struct trial *t)
{
	json_object_object_del(
		json_get(init_record(t, init_directory), "content"), "listing");
}

/* In a PCR that is none of init's an event could hide behind its log. */
static void move_record(struct trial *t)
{
	json_set_u64(init_record(t, init_exec), "pcr", 4);
}

static void drop_init(struct trial *t)
{
	json_release(&t->e.init);
	t->e.init = NULL;
}

/* -- the log of systemd ------------------------------------------------------
 */

static void set_systemd(struct trial *t, const char *text)
{
	assert_int_equal(bytes_copy(text, strlen(text), &t->e.systemd), 0);
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void add_phase(struct trial *t)
{
	set_systemd(t,
		    "\x1e{\"pcr\":11,\"digests\":[{\"hashAlg\":\"sha256\","
		    "\"digest\":\"" ZEROS "\"}],\"content_type\":\"systemd\","
		    "\"content\":{\"string\":\"ready\",\"eventType\":"
		    "\"phase\"}}\n");
}

static void add_nvpcr(struct trial *t)
{
	set_systemd(t, "\x1e{\"nv_index\":1,\"digests\":[]}\n"
		       "\x1e{\"nv_index\":1,\"digests\":[]}\n");
}

static void cut_systemd(struct trial *t)
{
	set_systemd(t, "\x1e{\"pcr\":11,\"dig");
}

static void write_no_sequence(struct trial *t)
{
	set_systemd(t, "{}\n");
}

static void name_no_pcr(struct trial *t)
{
	set_systemd(t, "\x1e{\"nv_index\":1}\n\x1e{\"pcr\":24}\n");
}

/* -- the image ---------------------------------------------------------------
 */

static void own_manifest(struct trial *t)
{
	assert_int_equal(json_object_deep_copy(t->story->manifest, &t->manifest,
					       NULL),
			 0);
	t->x.manifest = t->manifest;
}

/* Another program, and what PCR 14 would be then. */
static void expect_other_apps(struct trial *t)
{
	own_events struct events apps = { 0 };

	own_manifest(t);
	story_add_text(&apps, pcr_apps, EVENT_APPS_CONF, "/etc/apps.conf",
		       "[app web]");
	story_add_text(&apps, pcr_apps, EVENT_EXEC, "/usr/bin/python3",
		       "python, but newer");
	story_add_text(&apps, pcr_apps, EVENT_DIRECTORY, "/app", story_listing);
	assert_int_equal(
		events_add_cap(&apps, events_cap_ready, boot_all_banks), 0);
	json_set(t->manifest, "apps", story_predict_apps(&apps));
}

static void expect_more_apps(struct trial *t)
{
	own_events struct events apps = { 0 };

	own_manifest(t);
	story_apps(&apps);
	assert_int_equal(
		events_add_cap(&apps, events_cap_ready, boot_all_banks), 0);
	story_add_text(&apps, pcr_apps, EVENT_EXEC, "/bin/more", "more");
	json_set(t->manifest, "apps", story_predict_apps(&apps));
}

static void expect_no_apps(struct trial *t)
{
	own_manifest(t);
	json_object_object_del(t->manifest, "apps");
}

static void expect_other_initramfs(struct trial *t)
{
	own_manifest(t);
	json_set(t->manifest, "initramfs", story_digests("another"));
}

static void expect_other_cmdline(struct trial *t)
{
	own_manifest(t);
	json_set_string(json_get(t->manifest, "cmdline"), "text", "quiet");
}

static void expect_other_kernel(struct trial *t)
{
	own_manifest(t);
	json_set(json_get(t->manifest, "kernel"), "authenticode",
		 story_digests("another"));
}

static void predict(struct trial *t)
{
	t->x.prediction = t->story->prediction;
}

static void predict_for_others(struct trial *t)
{
	expect_other_apps(t);
	predict(t);
}

static struct json_object *own_prediction_boot(struct trial *t)
{
	assert_int_equal(json_object_deep_copy(t->story->prediction,
					       &t->prediction, NULL),
			 0);
	t->x.prediction = t->prediction;
	return json_get(t->prediction, "boot");
}

static void predict_another_chain(struct trial *t)
{
	struct json_object *boot = own_prediction_boot(t);
	struct json_object *pcrs = json_get(boot, "pcrs");

	json_set(pcrs, "9", json_object_get(json_get(pcrs, "4")));
	json_set(boot, "events", json_object_new_array());
	json_set(t->prediction, "events", json_object_new_array());
}

static void predict_no_boot(struct trial *t)
{
	(void)own_prediction_boot(t);
	json_object_object_del(t->prediction, "boot");
}

#define NOT_TO(pcrs) "the logs do not lead to PCRs " pcrs " of bank sha256: "
#define PCR_14	     "PCR 14 is not the manifest's; "

static const struct trial_case cases[] = {
	{ "nothing", NULL, CHECK_OK, "replay",
	  "the logs lead to PCRs 0,1,2,3,4,5,6,7,8,9,11,12,13,14,15 in each "
	  "bank" },
	{ "firmware: cut in an event", cut_firmware, CHECK_REFUSED,
	  "firmware-log", "it is cut off or damaged at event 6" },
	{ "firmware: cut in its first", cut_first_event, CHECK_REFUSED,
	  "firmware-log", "it is cut off in its first event" },
	{ "firmware: another form", make_old_firmware, CHECK_REFUSED,
	  "firmware-log", "it is no crypto-agile log" },
	{ "firmware: cut between events", drop_last_firmware, CHECK_REFUSED,
	  "replay", NOT_TO("9") "of PCR 9 an event was left out or changed" },
	{ "firmware: none", drop_firmware, CHECK_REFUSED, "replay",
	  NOT_TO("0,4,7,9") "no log has an event of PCR 0" },
	{ "firmware: exchanged", swap_firmware, CHECK_REFUSED, "replay",
	  NOT_TO("9") "firmware event 5 came after the next one" },
	{ "firmware: repeated", repeat_firmware, CHECK_REFUSED, "replay",
	  NOT_TO("4") "it was quoted before firmware event 7" },
	{ "firmware: one more", add_firmware, CHECK_REFUSED, "replay",
	  NOT_TO("9") "firmware event 0 is too much" },
	{ "firmware: changed", change_firmware, CHECK_REFUSED, "replay",
	  NOT_TO("9") "of PCR 9 an event was left out or changed" },
	{ "init: one less", drop_exec, CHECK_REFUSED, "replay",
	  NOT_TO("14") "of PCR 14 an event was left out or changed" },
	{ "init: exchanged", swap_init, CHECK_REFUSED, "replay",
	  NOT_TO("14") "init event 1 came after the next one" },
	{ "init: one more", repeat_cap, CHECK_REFUSED, "replay",
	  NOT_TO("14") "it was quoted before init event 5" },
	{ "init: another listing", change_listing, CHECK_REFUSED, "init-log",
	  "the digests of its record 2 are not those of the text in it" },
	{ "init: no listing", drop_listing, CHECK_REFUSED, "init-log",
	  "the digests of its record 2 are not those of the text in it" },
	{ "init: another PCR", move_record, CHECK_REFUSED, "init-log",
	  "its record 1 is none of init" },
	{ "init: none", drop_init, CHECK_REFUSED, "replay",
	  NOT_TO("14,15") "no log has an event of PCR 14" },
	{ "systemd: what was not measured", add_phase, CHECK_REFUSED, "replay",
	  NOT_TO("11") "PCR 11 was never extended" },
	{ "systemd: what is no PCR", add_nvpcr, CHECK_OK, "apps",
	  "PCR 14 is the manifest's: its applications were measured, then PCR "
	  "14 was closed" },
	{ "systemd: cut", cut_systemd, CHECK_REFUSED, "systemd-log",
	  "its record 0 is no JSON object" },
	{ "systemd: no sequence", write_no_sequence, CHECK_REFUSED,
	  "systemd-log", "it is no sequence of JSON records" },
	{ "systemd: PCR 24", name_no_pcr, CHECK_REFUSED, "systemd-log",
	  "its record 1 is none of systemd" },
	{ "other apps", expect_other_apps, CHECK_REFUSED, "apps",
	  PCR_14 "event 1 of init is another: exec web /usr/bin/python3" },
	{ "more apps", expect_more_apps, CHECK_REFUSED, "apps",
	  PCR_14 "of its 5 events the log of init has the first 4" },
	{ "no apps", expect_no_apps, CHECK_MISSING, "apps",
	  "PCR 14 is not both in the manifest and quoted in a bank other than "
	  "sha1" },
	{ "the image's boot", NULL, CHECK_OK, "boot",
	  "the kernel, command line and initramfs of the manifest were "
	  "booted" },
	{ "another initramfs", expect_other_initramfs, CHECK_REFUSED, "boot",
	  "the initramfs of the manifest was not booted, or not as it is: then "
	  "give a prediction" },
	{ "another command line", expect_other_cmdline, CHECK_REFUSED, "boot",
	  "the command line of the manifest was not booted, or not as it is: "
	  "then give a prediction" },
	{ "another kernel", expect_other_kernel, CHECK_REFUSED, "boot",
	  "the kernel of the manifest was not booted, or not as it is: then "
	  "give a prediction" },
	{ "no proof of the boot", drop_firmware, CHECK_MISSING, "boot",
	  "nothing proves what was booted: PCRs 4 and 9 are not quoted and "
	  "accounted for in a bank other than sha1, and no prediction was "
	  "given" },
	{ "predicted", predict, CHECK_OK, "boot",
	  "PCRs 4, 9, 11 and 12 are the predicted ones" },
	{ "predicted for another image", predict_for_others, CHECK_REFUSED,
	  "boot", "the prediction is not for the image of the manifest" },
	{ "another prediction", predict_another_chain, CHECK_REFUSED, "boot",
	  "PCR 9 is not the predicted one" },
	{ "nothing predicted", predict_no_boot, CHECK_MISSING, "boot",
	  "PCR 4 is not both predicted and quoted in a bank other than sha1" },
};

static void judges(void **state)
{
	trial_run(&story, *state);
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(judges, cases),
	};
	int r;

	story_make(&story);
	r = table_run(tables, array_size(tables));
	story_free(&story);
	return r;
}
