// SPDX-License-Identifier: MIT
/*
 * The judge and the logs of firmware, init and systemd. As test_judge.c; what
 * the manifest says of them: test_judge_image.c; IMA: test_judge_ima.c.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "tests/trial.h"

enum { firmware_initrd = 7, init_exec = 1, init_directory = 2 };

/* -- the firmware's log ---------------------------------------------------- */

/* Borrowed from the story: freed with free(). */
static struct events copy_firmware(size_t spare)
{
	struct events copy = { .n = story.firmware.n };

	copy.event = calloc(copy.n + spare, sizeof(*copy.event));
	assert_non_null(copy.event);
	memcpy(copy.event, story.firmware.event, copy.n * sizeof(*copy.event));
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

static void drop_firmware(struct trial *t)
{
	bytes_free(&t->e.firmware);
}

static void swap_firmware(struct trial *t)
{
	struct events copy = copy_firmware(0);
	struct event last = copy.event[copy.n - 1];

	copy.event[copy.n - 1] = copy.event[copy.n - 2];
	copy.event[copy.n - 2] = last;
	trial_write_firmware(t, &copy);
	free(copy.event);
}

/* After the others, or before them. */
static void repeat_firmware(struct trial *t)
{
	struct events copy = copy_firmware(1);

	copy.event[copy.n] = copy.event[2]; /* the kernel, of PCR 4 */
	copy.n++;
	trial_write_firmware(t, &copy);
	free(copy.event);
}

static void add_firmware(struct trial *t)
{
	struct events copy = copy_firmware(1);

	memmove(copy.event + 1, copy.event, copy.n * sizeof(*copy.event));
	copy.event[0] = copy.event[1 + firmware_initrd];
	copy.n++;
	trial_write_firmware(t, &copy);
	free(copy.event);
}

static void change_firmware(struct trial *t)
{
	struct events copy = copy_firmware(0);

	copy.event[firmware_initrd].digests.value[DIGEST_SHA256][3] ^= 1;
	trial_write_firmware(t, &copy);
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

static void break_off(struct trial *t)
{
	struct json_object *o = init_record(t, init_exec);

	json_object_object_del(o, "digests");
	json_set_string(json_get(o, "content"), "state", "intent");
}

/* As on Intel TDX without a TPM: then it says nothing of PCR 14. */
static void note_only(struct trial *t)
{
	json_object_object_del(init_record(t, init_exec), "pcr");
}

static void drop_init(struct trial *t)
{
	json_release(&t->e.init);
	t->e.init = NULL;
}

/* -- the log of systemd ------------------------------------------------------
 */

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define RECORD(type)                                                \
	"\x1e{\"pcr\":11,\"digests\":[{\"hashAlg\":\"sha256\","     \
	"\"digest\":\"" ZEROS "\"}],\"content_type\":\"" type "\"," \
	"\"content\":{\"string\":\"ready\",\"eventType\":\"phase\"}}\n"

/* After the quote, or said to be. */
static void add_phase(struct trial *t)
{
	trial_add_systemd(t, RECORD("systemd"));
}

static void add_our_record(struct trial *t)
{
	trial_add_systemd(t, RECORD("cvm-init"));
}

static void add_nvpcr(struct trial *t)
{
	trial_add_systemd(t, "\x1e{\"nv_index\":1,\"digests\":[]}\n"
			     "\x1e{\"nv_index\":1,\"digests\":[]}\n");
}

static void drop_systemd(struct trial *t)
{
	bytes_free(&t->e.systemd);
}

static void cut_systemd(struct trial *t)
{
	trial_set_systemd(t, "\x1e{\"pcr\":11,\"dig");
}

static void write_no_sequence(struct trial *t)
{
	trial_set_systemd(t, "{}\n");
}

static void name_no_pcr(struct trial *t)
{
	trial_set_systemd(t, "\x1e{\"nv_index\":1}\n\x1e{\"pcr\":24}\n");
}

#define NOT_TO(pcrs) "the logs do not lead to " pcrs " of bank sha256: "

static const struct trial_case cases[] = {
	{ "nothing", NULL, CHECK_OK, "replay",
	  "the logs lead to PCRs 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14 "
	  "and 15 in each bank" },
	{ "firmware: cut in an event", cut_firmware, CHECK_REFUSED,
	  "firmware-log", "it is cut off or damaged at event 7" },
	{ "firmware: cut in its first", cut_first_event, CHECK_REFUSED,
	  "firmware-log", "it is cut off in its first event" },
	{ "firmware: another form", make_old_firmware, CHECK_REFUSED,
	  "firmware-log", "it is no crypto-agile log" },
	{ "firmware: cut between events", trial_drop_last_firmware,
	  CHECK_REFUSED, "replay",
	  NOT_TO("PCR 9") "of PCR 9 an event was left out or changed" },
	{ "firmware: none", drop_firmware, CHECK_REFUSED, "replay",
	  NOT_TO("PCRs 0, 2, 4, 7 and 9") "no log has an event of PCR 0" },
	{ "firmware: exchanged", swap_firmware, CHECK_REFUSED, "replay",
	  NOT_TO("PCR 9") "firmware event 6 came after the next one" },
	{ "firmware: repeated", repeat_firmware, CHECK_REFUSED, "replay",
	  NOT_TO("PCR 4") "it was quoted before firmware event 8" },
	{ "firmware: one more", add_firmware, CHECK_REFUSED, "replay",
	  NOT_TO("PCR 9") "firmware event 0 is too much" },
	{ "firmware: changed", change_firmware, CHECK_REFUSED, "replay",
	  NOT_TO("PCR 9") "of PCR 9 an event was left out or changed" },
	{ "init: one less", drop_exec, CHECK_REFUSED, "replay",
	  NOT_TO("PCR 14") "of PCR 14 an event was left out or changed" },
	{ "init: exchanged", swap_init, CHECK_REFUSED, "replay",
	  NOT_TO("PCR 14") "init event 1 came after the next one" },
	{ "init: one more", repeat_cap, CHECK_REFUSED, "replay",
	  NOT_TO("PCR 14") "it was quoted before init event 5" },
	{ "init: another listing", change_listing, CHECK_REFUSED, "init-log",
	  "the digests of its record 2 are not those of the text in it" },
	{ "init: no listing", drop_listing, CHECK_REFUSED, "init-log",
	  "the digests of its record 2 are not those of the text in it" },
	{ "init: another PCR", move_record, CHECK_REFUSED, "init-log",
	  "its record 1 is none of init" },
	{ "init: none", drop_init, CHECK_REFUSED, "replay",
	  NOT_TO("PCRs 14 and 15") "no log has an event of PCR 14" },
	{ "init: broken off", break_off, CHECK_REFUSED, "init-log",
	  "its record 1 is an intent: the boot broke off there" },
	{ "init: a record of no PCR", note_only, CHECK_REFUSED, "replay",
	  NOT_TO("PCR 14") "of PCR 14 an event was left out or changed" },
	{ "systemd: after the quote", add_phase, CHECK_OK, "apps",
	  "PCR 14 is the manifest's: its applications were measured, then PCR "
	  "14 was closed" },
	{ "systemd: init's own", add_our_record, CHECK_OK, "apps",
	  "PCR 14 is the manifest's: its applications were measured, then PCR "
	  "14 was closed" },
	{ "systemd: what is no PCR", add_nvpcr, CHECK_OK, "apps",
	  "PCR 14 is the manifest's: its applications were measured, then PCR "
	  "14 was closed" },
	{ "systemd: none", drop_systemd, CHECK_REFUSED, "replay",
	  NOT_TO("PCR 11") "no log has an event of PCR 11" },
	{ "systemd: cut", cut_systemd, CHECK_REFUSED, "systemd-log",
	  "its record 0 is no JSON object" },
	{ "systemd: no sequence", write_no_sequence, CHECK_REFUSED,
	  "systemd-log", "it is no sequence of JSON records" },
	{ "systemd: PCR 24", name_no_pcr, CHECK_REFUSED, "systemd-log",
	  "its record 1 is none of systemd" },
};

int main(void)
{
	static const struct table tables[] = {
		TABLE(judges, cases),
	};

	return trial_main(tables, array_size(tables));
}
