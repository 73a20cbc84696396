// SPDX-License-Identifier: MIT
/*
 * The judge and the image: what its manifest, or a prediction, says of the
 * PCRs. As test_judge.c.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "tests/trial.h"

static void drop_firmware(struct trial *t)
{
	bytes_free(&t->e.firmware);
}

/* Another program, and what PCR 14 would be then. */
static void expect_other_apps(struct trial *t)
{
	own_events struct events apps = { 0 };

	trial_own_manifest(t);
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

	trial_own_manifest(t);
	story_apps(&apps);
	assert_int_equal(
		events_add_cap(&apps, events_cap_ready, boot_all_banks), 0);
	story_add_text(&apps, pcr_apps, EVENT_EXEC, "/bin/more", "more");
	json_set(t->manifest, "apps", story_predict_apps(&apps));
}

static void expect_no_apps(struct trial *t)
{
	trial_own_manifest(t);
	json_object_object_del(t->manifest, "apps");
}

static void expect_other_initramfs(struct trial *t)
{
	trial_own_manifest(t);
	json_set(t->manifest, "initramfs", story_digests("another"));
}

static void expect_other_cmdline(struct trial *t)
{
	trial_own_manifest(t);
	json_set_string(json_get(t->manifest, "cmdline"), "text", "quiet");
}

static void expect_other_kernel(struct trial *t)
{
	trial_own_manifest(t);
	json_set(json_get(t->manifest, "kernel"), "authenticode",
		 story_digests("another"));
}

/* An event of the firmware, hidden where only systemd is looked for. */
static void move_to_systemd(struct trial *t)
{
	own_json struct json_object *o =
		event_to_json(&story.firmware.event[story.firmware.n - 1], 0,
			      &(struct events_into){ .banks = ~0U });
	own_text struct text record = { 0 };
	own_bytes struct bytes line = { 0 };

	json_set_string(o, "content_type", "systemd");
	assert_int_equal(json_write_line(o, &line), 0);
	text_add(&record, "\x1e%s", (const char *)line.data);
	trial_add_systemd(t, record.s);
	trial_drop_last_firmware(t);
	expect_other_initramfs(t);
}

/*
 * The firmware has measured that instead. The values are changed, too; that
 * they are not the quote's is another check.
 */
static void measure_instead(struct trial *t, const struct events *list,
			    unsigned pcr)
{
	struct digest_set value;

	pcr_start_value(boot_all_banks, &value);
	assert_int_equal(events_replay(list, pcr, &value), 0);
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (t->e.tpm.pcrs[a].mask)
			memcpy(t->e.tpm.pcrs[a].value[pcr], value.value[a],
			       digest_size(a));
	trial_write_firmware(t, list);
}

/* The boot manager has started what nobody measured, which extends the rest. */
static void tell_of_kernel(struct trial *t)
{
	const struct event *e = story.firmware.event;
	struct event late[] = {
		e[0], e[1], e[3], e[4], e[5], e[2], e[6], e[7]
	};
	struct events list = { .event = late, .n = array_size(late) };

	assert_int_equal(list.n, story.firmware.n);
	measure_instead(t, &list, 4);
}

enum { firmware_separator = 4, firmware_events = 8 }; /* of PCR 2 */

/* In the ROM of a device: before anything else that PCRs 2 and 4 tell. */
static void run_driver(struct trial *t)
{
	struct event first[1 + firmware_events] = { { .pcr = 2 } };
	struct events list = { .event = first, .n = array_size(first) };
	char name[] = "rom";

	assert_int_equal(story.firmware.n, firmware_events);
	memcpy(first + 1, story.firmware.event,
	       firmware_events * sizeof(*first));
	first[0].kind = EVENT_FILE;
	first[0].path = name;
	assert_int_equal(
		digest_data(boot_all_banks, "driver", 6, &first[0].digests), 0);
	measure_instead(t, &list, 2);
}

static void predict_and_run_driver(struct trial *t)
{
	run_driver(t);
	t->x.prediction = story.prediction;
}

static void leave_drivers_open(struct trial *t)
{
	struct event open[firmware_events - 1];
	struct events list = { .event = open, .n = array_size(open) };

	memcpy(open, story.firmware.event, firmware_separator * sizeof(*open));
	memcpy(open + firmware_separator,
	       story.firmware.event + firmware_separator + 1,
	       (firmware_events - firmware_separator - 1) * sizeof(*open));
	measure_instead(t, &list, 2);
}

static void predict(struct trial *t)
{
	t->x.prediction = story.prediction;
}

static void predict_for_others(struct trial *t)
{
	expect_other_apps(t);
	predict(t);
}

static struct json_object *own_prediction_boot(struct trial *t)
{
	assert_int_equal(json_object_deep_copy(story.prediction, &t->prediction,
					       NULL),
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

static void say_tpm(struct trial *t)
{
	trial_own_manifest(t);
	json_set_string(t->manifest, "into", "tpm");
}

static void say_both(struct trial *t)
{
	trial_own_manifest(t);
	json_set_string(t->manifest, "into", "tpm rtmr");
}

static void say_rtmr(struct trial *t)
{
	trial_own_manifest(t);
	json_set_string(t->manifest, "into", "rtmr");
}

static void say_none(struct trial *t)
{
	trial_own_manifest(t);
	json_set_string(t->manifest, "into", "none");
}

static void say_none_twice(struct trial *t)
{
	say_none(t);
	json_release(&t->e.init);
	t->e.init = NULL;
}

static void say_what_is_new(struct trial *t)
{
	trial_own_manifest(t);
	json_set_string(t->manifest, "into", "paper");
}

#define INTO   "boot.conf of the image measures into "
#define UNLESS "for a UKI, or where QEMU changes the kernel, give --prediction"
#define PCR_14 "PCR 14 is not the manifest's; "

static const struct trial_case cases[] = {
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
	  "the initramfs of the manifest was not booted as it is; " UNLESS },
	{ "another command line", expect_other_cmdline, CHECK_REFUSED, "boot",
	  "the command line of the manifest was not booted as it is; " UNLESS },
	{ "another kernel", expect_other_kernel, CHECK_REFUSED, "boot",
	  "the kernel of the manifest was not booted as it is; " UNLESS },
	{ "a kernel that others tell of", tell_of_kernel, CHECK_REFUSED, "boot",
	  "the kernel of the manifest comes after the boot manager: code that "
	  "nobody measured could have said so" },
	{ "a driver in a device's ROM", run_driver, CHECK_REFUSED, "boot",
	  "a driver ran before the kernel and can have changed it: firmware "
	  "event 0, EV_IPL file rom; give QEMU's devices an empty romfile=" },
	{ "a driver, where the rest was predicted", predict_and_run_driver,
	  CHECK_REFUSED, "boot",
	  "PCR 2 is not the predicted one; firmware event 0 was not predicted: "
	  "EV_IPL file rom" },
	{ "a driver that may yet come", leave_drivers_open, CHECK_REFUSED,
	  "boot",
	  "the firmware has not closed PCR 2: nothing proves that no driver ran "
	  "before the kernel" },
	{ "no proof of the boot", drop_firmware, CHECK_MISSING, "boot",
	  "nothing proves what was booted: PCRs 2, 4 and 9 are not quoted and "
	  "accounted for in a bank other than sha1, and no prediction was "
	  "given" },
	{ "predicted", predict, CHECK_OK, "boot",
	  "PCRs 2, 4, 9, 11 and 12 are the predicted ones" },
	{ "predicted for another image", predict_for_others, CHECK_REFUSED,
	  "boot", "the prediction is not for the image of the manifest" },
	{ "another prediction", predict_another_chain, CHECK_REFUSED, "boot",
	  "PCR 9 is not the predicted one" },
	{ "nothing predicted", predict_no_boot, CHECK_MISSING, "boot",
	  "PCR 2 is not both predicted and quoted in a bank other than sha1" },
	{ "into the TPM", say_tpm, CHECK_OK, "into",
	  "the log of init has PCR 14, as boot.conf of the image" },
	{ "into both", say_both, CHECK_REFUSED, "into",
	  INTO "PCR 14 and RTMR 3, the log of init has PCR 14" },
	{ "into another register", say_rtmr, CHECK_REFUSED, "into",
	  INTO "RTMR 3, the log of init has PCR 14" },
	{ "into more than none", say_none, CHECK_REFUSED, "into",
	  INTO "no register, the log of init has PCR 14" },
	{ "into none", say_none_twice, CHECK_REFUSED, "into",
	  INTO "no register, so that nothing shows what runs" },
	{ "into what is not known", say_what_is_new, CHECK_MISSING, "into",
	  "what the manifest calls into is not known to this cvmctl" },
	{ "systemd: an event of the firmware", move_to_systemd, CHECK_REFUSED,
	  "boot",
	  "the initramfs of the manifest was not booted as it is; " UNLESS },
};

#define HEAD "cvm-init listing 1\n"
#define TOP  "d\t0755\t0\t0\t-\t.\n"
#define CONTENT \
	"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define MAIN "f\t0644\t0\t0\t" CONTENT "\tmain.py\n"

/* The log has HEAD TOP MAIN. */
static const struct listing_case {
	const char *name;
	const char *listing; /* of the manifest */
	const char *words;
	const char *difference; /* in the verdict; NULL: none */
} listings[] = {
	{ "content", HEAD TOP "f\t0644\t0\t0\t00\tmain.py\n",
	  "; 1 of its entries differs, by content: main.py",
	  "{\"event\":2,\"entry\":\"apps.events[2]\",\"kind\":\"changed\","
	  "\"path\":\"main.py\",\"fields\":[{\"name\":\"content\","
	  "\"expected\":\"00\",\"found\":\"" CONTENT "\"}],"
	  "\"entries\":1}" },
	{ "added", HEAD TOP, "; 1 of its entries differs, added: main.py",
	  "{\"event\":2,\"entry\":\"apps.events[2]\",\"kind\":\"added\","
	  "\"path\":\"main.py\",\"entries\":1}" },
	{ "missing",
	  HEAD TOP
	  "f\t0644\t0\t0\t00\tlib/\\xe9\nl\t0777\t0\t0\ta\tlink\n" MAIN,
	  "; 2 of its entries differ, the first missing: lib/\xe9",
	  "{\"event\":2,\"entry\":\"apps.events[2]\",\"kind\":\"missing\","
	  "\"path\":\"lib/\\\\xe9\",\"entries\":2}" },
	{ "an attribute", HEAD TOP MAIN "x\tuser.a\t00\tmain.py\n",
	  "; 1 of its entries differs, by attribute user.a: main.py",
	  "{\"event\":2,\"entry\":\"apps.events[2]\",\"kind\":\"changed\","
	  "\"path\":\"main.py\",\"fields\":[{\"name\":\"attribute\","
	  "\"attribute\":\"user.a\",\"expected\":\"00\"}],\"entries\":1}" },
	{ "the first line", "cvm-init listing 2\n" TOP MAIN,
	  "; its first lines differ",
	  "{\"event\":2,\"entry\":\"apps.events[2]\",\"kind\":\"head\","
	  "\"fields\":[{\"name\":\"line\","
	  "\"expected\":\"cvm-init listing 2\","
	  "\"found\":\"cvm-init listing 1\"}],\"entries\":0}" },
	{ "cut off", HEAD TOP "f\t0644\t0\t0\t" CONTENT,
	  "; what differs cannot be told, since one of the two listings is cut "
	  "off or none",
	  "{\"event\":2,\"entry\":\"apps.events[2]\","
	  "\"kind\":\"unreadable\"}" },
};

static struct json_object *apps_check(struct json_object *verdict)
{
	struct json_object *checks = json_get(verdict, "checks");

	for (size_t i = 0; i < json_object_array_length(checks); i++) {
		struct json_object *o = json_object_array_get_idx(checks, i);

		if (strcmp(json_get_string(o, "name"), "apps") == 0)
			return o;
	}
	return NULL;
}

static void assert_difference(const struct verdict *v, const char *want)
{
	own_bytes struct bytes json = { 0 };
	own_json struct json_object *o = NULL;

	assert_int_equal(verdict_write_json(v, &json), 0);
	o = json_tokener_parse((const char *)json.data);
	assert_string_equal(json_object_to_json_string_ext(
				    json_get(apps_check(o), "difference"),
				    JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE),
			    want);
}

static void explains(void **state)
{
	const struct listing_case *c = *state;
	own_verdict struct verdict v = { .n = 0 };
	own_text struct text want = { 0 };
	struct trial t;

	text_add(&want, PCR_14 "event 2 of init is another: directory /app%s",
		 c->words);
	assert_false(text_failed(&want));
	trial_begin(&t);
	trial_expect_listing(&t, c->listing);
	assert_int_equal(judge(&t.e, &t.x, &v), 0);
	if (!trial_says(&v, &(struct trial_case){ .result = CHECK_REFUSED,
						  .check = "apps",
						  .text = want.s })) {
		trial_show(&v);
		fail_msg("not so: %s", want.s);
	}
	assert_difference(&v, c->difference);
	trial_end(&t);
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(judges, cases),
		TABLE(explains, listings),
	};

	return trial_main(tables, array_size(tables));
}
