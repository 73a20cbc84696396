// SPDX-License-Identifier: MIT
/*
 * cvmctl unseal --prediction: a key that is sealed to what was predicted, on a
 * simulator where something else was measured.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/table.h"

#include "cvmctl/image/prediction.h"
#include "lib/hex.h"
#include "seal/tpm/tpm.h"
#include "tests/sealing.h"

enum { sha256_only = 1U << DIGEST_SHA256 };

#define UNSEAL "cannot unseal the key of volume disk: "
#define UNDO   "; undo that change, or predict and seal again"

/*
 * A letter for each event of PCR 14, whose content it is: c is apps.conf, x a
 * program, f a file, m a file of that name too, ! the cap of a failure. The
 * cap is predicted, and not written there. 4 and 5 are an event of PCR 4.
 */
static const struct why {
	const char *name;
	const char *predicted, *measured;
	const char *log;     /* NULL: what was measured */
	const char *sealed;  /* NULL: what was predicted */
	const char *options; /* besides --log */
	const char *line;
} whys[] = {
	{ "changed", "cxf", "cxm", NULL, NULL, "--prediction prediction",
	  UNSEAL "PCR 14 differs: its event 3, file /f of app web, has another "
		 "digest than predicted" UNDO },
	{ "missing", "cxfm", "cfm", NULL, NULL, "--prediction prediction",
	  UNSEAL "PCR 14 differs: its event 2 should be exec /x of app web, "
		 "which is missing" UNDO },
	{ "one more", "cf", "cxf", NULL, NULL, "--prediction prediction",
	  UNSEAL "PCR 14 differs: its event 2, exec /x of app web, was not "
		 "predicted" UNDO },
	{ "another", "cf", "cx", NULL, NULL, "--prediction prediction",
	  UNSEAL "PCR 14 differs: its event 2 is exec /x of app web, and file "
		 "/f of app web was predicted" UNDO },
	{ "ended early", "cf", "c!", NULL, NULL, "--prediction prediction",
	  UNSEAL "PCR 14 differs: its event 2 is cap cvm-init: failed, and "
		 "file /f of app web was predicted" UNDO },
	{ "closed", "cxf", "cxf.", NULL, NULL, "--prediction prediction",
	  UNSEAL "PCR 14 was closed after all that prediction predicts; "
		 "restart the VM: a key is released once in a boot" },
	{ "by the manifest", "cxf", "cxm", NULL, NULL, "--prediction manifest",
	  UNSEAL "PCR 14 differs: its event 3, file /f of app web, has another "
		 "digest than predicted" UNDO },
	{ "sealed for others", "cxf", "cxf", NULL, "cx",
	  "--prediction prediction",
	  UNSEAL "its PCRs are as prediction predicts, which is not what it "
		 "was sealed for; seal it again for these apps with cvmctl "
		 "seal" },
	{ "no log", "cxf", "cxm", "", NULL, "--prediction prediction",
	  UNSEAL "PCR 14 is not as prediction predicts, and there is no log of "
		 "it; give the log of this boot with --log" },
	{ "the log of another boot", "cxf", "cxm", "cmm", NULL,
	  "--prediction prediction",
	  UNSEAL "PCR 14 is not as prediction predicts, nor as the log says; "
		 "give the log of this boot with --log" },
	{ "a prediction of nothing", "cxf", "cxf", NULL, "cx",
	  "--prediction odd",
	  UNSEAL "PCR 14 differs, but not its events: odd contradicts itself; "
		 "make it with cvmctl predict --json" },
	{ "PCR 4, before 14", "4cxf", "5cxm", NULL, NULL,
	  "--prediction prediction",
	  UNSEAL "PCR 4 differs: its event 1, EV_IPL kernel, has another "
		 "digest than predicted" UNDO },
	{ "a PCR that is not predicted", "4cxf", "5cxf", NULL, NULL,
	  "--prediction manifest",
	  UNSEAL "PCR 4 differs from the policy it was sealed under; seal it "
		 "again for these apps with cvmctl seal" },
	{ "as predicted", "4cxf", "4cxf", NULL, NULL, "--prediction prediction",
	  NULL },
};

static const struct {
	char letter;
	enum event_kind kind;
	const char *path;
} kinds[] = {
	{ 'c', EVENT_APPS_CONF, "/etc/cvm-init/apps.conf" },
	{ 'x', EVENT_EXEC, "/x" },
	{ 'f', EVENT_FILE, "/f" },
	{ 'm', EVENT_FILE, "/f" },
};

static void add(struct events *list, char letter)
{
	own_event struct event e = { .pcr = pcr_apps };

	for (size_t i = 0; i < array_size(kinds); i++)
		if (kinds[i].letter == letter) {
			e.kind = kinds[i].kind;
			e.path = strdup(kinds[i].path);
			e.app = letter == 'c' ? NULL : strdup("web");
		}
	assert_non_null(e.path);
	assert_int_equal(digest_data(sha256_only, &letter, 1, &e.digests), 0);
	assert_int_equal(events_add(list, &e), 0);
}

/* Digits are events of PCR 4, which are not in such a list. */
static void add_all(struct events *list, const char *letters)
{
	for (; *letters; letters++)
		if (*letters == '.' || *letters == '!')
			assert_int_equal(
				events_add_cap(list,
					       *letters == '.'
						       ? events_cap_ready
						       : events_cap_failed,
					       sha256_only),
				0);
		else if (*letters > '9')
			add(list, *letters);
}

/* What PCR 4 holds after the one event that the letters may have. */
static void boot_value(const char *letters, struct digest_set *event,
		       struct digest_set *value)
{
	pcr_start_value(sha256_only, value);
	assert_int_equal(digest_data(sha256_only, letters, 1, event), 0);
	assert_int_equal(pcr_extend_value(value, event), 0);
}

static void write_json(struct tree *t, const char *name, struct json_object *o)
{
	own_bytes struct bytes text = { 0 };

	assert_int_equal(json_write(o, &text), 0);
	(void)unlinkat(t->fd, name, 0);
	tree_file(t, name, 0644, (const char *)text.data);
}

/* Of PCR 4, as cvmctl predict --boot has it. */
static struct json_object *boot_json(const char *letters)
{
	struct digest_set event;
	struct digest_set value;
	char value_hex[65];
	char event_hex[65];
	char text[512];

	boot_value(letters, &event, &value);
	hex_encode(value.value[DIGEST_SHA256], 32, value_hex);
	hex_encode(event.value[DIGEST_SHA256], 32, event_hex);
	(void)snprintf(text, sizeof(text),
		       "{\"pcrs\":{\"4\":{\"sha256\":\"%s\"}},\"events\":[{"
		       "\"pcr\":4,\"type\":\"EV_IPL\",\"what\":\"kernel\","
		       "\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":"
		       "\"%s\"}]}]}",
		       value_hex, event_hex);
	return json_tokener_parse(text);
}

static void predict(struct tree *t, const char *letters)
{
	own_prediction struct prediction p = { 0 };
	own_json struct json_object *manifest = json_object_new_object();
	own_json struct json_object *o = NULL;
	own_json struct json_object *odd = NULL;

	add_all(&p.events, letters);
	pcr_start_value(sha256_only, &p.start);
	p.measured = p.start;
	assert_int_equal(events_replay(&p.events, pcr_apps, &p.measured), 0);
	add_all(&p.events, ".");
	o = prediction_to_json(&p);
	if (letters[0] == '4')
		assert_int_equal(json_set(o, "boot", boot_json(letters)), 0);
	write_json(t, "prediction", o);
	p.measured.value[DIGEST_SHA256][0] ^= 1;
	odd = prediction_to_json(&p);
	write_json(t, "odd", odd);
	p.measured.value[DIGEST_SHA256][0] ^= 1;
	assert_int_equal(json_set(manifest, "apps", prediction_to_json(&p)), 0);
	write_json(t, "manifest", manifest);
}

static void write_log(struct tree *t, const char *letters)
{
	own_events struct events list = { 0 };
	own_json struct json_object *o = NULL;

	add_all(&list, letters);
	o = events_to_json(&list);
	write_json(t, "log", o);
}

/* As the firmware writes it; with an event of PCR 14, which is shim's. */
static void write_firmware(struct tree *t, const char *letters)
{
	static const struct events_into into = { .banks = sha256_only };
	struct event e = { .pcr = 4,
			   .kind = EVENT_EXEC,
			   .path = (char[]){ "k" } };
	own_text struct text log = { 0 };
	own_fd int fd =
		openat(t->fd, "firmware", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct digest_set value;

	boot_value(letters, &e.digests, &value);
	events_tcg_begin(sha256_only, &log);
	if (letters[0] <= '9')
		assert_int_equal(events_tcg_add(&e, &into, &log), 0);
	e.pcr = pcr_apps;
	assert_int_equal(events_tcg_add(&e, &into, &log), 0);
	assert_false(text_failed(&log));
	assert_int_equal(io_write_all(fd, log.s, log.len), 0);
}

static void measure(const struct swtpm *s, const char *letters)
{
	own_events struct events list = { 0 };
	own_tpm struct tpm *t = NULL;
	struct digest_set value;
	struct digest_set event;
	struct fail f = { 0 };

	add_all(&list, letters);
	t = swtpm_open(s);
	boot_value(letters, &event, &value);
	if (letters[0] <= '9')
		assert_ok(tpm_pcr_extend(t, 4, &event, &f), &f);
	for (size_t i = 0; i < list.n; i++)
		assert_ok(tpm_pcr_extend(t, pcr_apps, &list.event[i].digests,
					 &f),
			  &f);
}

static void seal_for(const struct swtpm *s, const char *letters)
{
	own_events struct events list = { 0 };
	struct digest_set value;
	struct digest_set event;
	char pcr_14[65];
	char pcr_4[65];
	struct fail f = { 0 };

	add_all(&list, letters);
	pcr_start_value(sha256_only, &value);
	assert_int_equal(events_replay(&list, pcr_apps, &value), 0);
	hex_encode(value.value[DIGEST_SHA256], 32, pcr_14);
	boot_value(letters, &event, &value);
	hex_encode(value.value[DIGEST_SHA256], 32, pcr_4);
	assert_ok(cvmctl_run(command_seal, &f,
			     "seal --format --mkfs none --size 24M --apps-only "
			     "--json --tpm %s --pcr 14=%s %s%s disk",
			     s->tcti, pcr_14,
			     letters[0] == '4' ? "--pcr 4=" : "",
			     letters[0] == '4' ? pcr_4 : ""),
		  &f);
}

/* Elsewhere, since it shows no key on a terminal. */
static int to_file(void)
{
	int saved = dup(STDOUT_FILENO);

	(void)fflush(stdout);
	assert_non_null(freopen("out", "w", stdout));
	return saved;
}

static void from_file(int saved)
{
	(void)fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	(void)close(saved);
}

static void names_the_event(void **state)
{
	const struct why *c = *state;
	own_sealing struct swtpm s = { 0 };
	struct fail f = { 0 };
	int saved;
	int r;

	swtpm_start(&s);
	place_enter(&s.tree);
	predict(&s.tree, c->predicted);
	write_log(&s.tree, c->log ? c->log : c->measured);
	write_firmware(&s.tree, c->measured);
	saved = to_file();
	seal_for(&s, c->sealed ? c->sealed : c->predicted);
	measure(&s, c->measured);
	r = cvmctl_run(command_unseal, &f,
		       "unseal --tpm %s %s --log log --log firmware disk",
		       s.tcti, c->options);
	from_file(saved);
	if (c->line)
		assert_refusal(r, &f, c->line);
	else
		assert_ok(r, &f);
}

#define LOG "give the measurements.json of that boot, or its firmware's log"

static const struct usage {
	const char *name;
	const char *words;
	const char *line;
} usages[] = {
	{ "a log alone", "unseal --log log disk",
	  "read the arguments: --log is for --prediction; see cvmctl unseal "
	  "--help" },
	{ "no prediction", "unseal --prediction none disk",
	  "read none: No such file or directory; make it with cvmctl predict "
	  "--json" },
	{ "a prediction of no events", "unseal --prediction empty disk",
	  "read empty: it is no list of events; make it with cvmctl predict "
	  "--json" },
	{ "no log", "unseal --prediction good --log none disk",
	  "read none: No such file or directory; " LOG },
	{ "a log that is none", "unseal --prediction good --log good disk",
	  "read good: it is no list of events; " LOG },
	{ "a log cut off", "unseal --prediction good --log cut disk",
	  "read cut: it is cut off in its first event; " LOG },
};

static void refuses(void **state)
{
	const struct usage *c = *state;
	char said[fail_line_max];
	own_place struct tree t = { 0 };
	struct fail f = { 0 };
	int saved;

	tree_make(&t);
	tree_file(&t, "empty", 0644, "{}");
	tree_file(&t, "good", 0644, "{\"events\":[]}");
	tree_file(&t, "cut", 0644, "");
	place_enter(&t);
	assert_int_equal(truncate("cut", 7), 0);
	saved = to_file();
	assert_int_not_equal(cvmctl_run(command_unseal, &f, "%s", c->words), 0);
	from_file(saved);
	(void)snprintf(said, sizeof(said), "%s: %s; %s", f.what, f.reason,
		       f.remedy);
	assert_string_equal(said, c->line);
}

int main(void)
{
	const struct table tables[] = { TABLE(names_the_event, whys),
					TABLE(refuses, usages) };

	/* progress is not what is tested */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return table_run(tables, array_size(tables));
}
