/* SPDX-License-Identifier: MIT */
/*
 * Evidence of a simulated boot: events of firmware, init and IMA, extended
 * into a TPM of its own and quoted by it, and the manifest and the prediction
 * that belong to them. Include cmocka.h first.
 */
#ifndef TESTS_EVIDENCE_H
#define TESTS_EVIDENCE_H

#include "evidence/judge/judge.h"
#include "evidence/logs/load-options.h"
#include "evidence/signed/challenge.h"
#include "lib/own.h"
#include "seal/measure/events.h"
#include "seal/object/public.h"
#include "seal/tpm/quote.h"
#include "tests/ima-list.h"
#include "tests/line.h"
#include "tests/swtpm.h"

enum { boot_all_banks = (1 << DIGEST_ALG_COUNT) - 1 };

/* What one boot leaves behind; made once, and copied as text for each case. */
struct boot_story {
	struct events firmware;
	struct events init;
	struct text ima;
	struct text systemd;
	struct json_object *manifest;
	struct json_object *prediction;
	struct bytes evidence; /* JSON */
	uint8_t random[challenge_size];
	uint8_t ak[tpm_name_size];
	uint8_t ek[tpm_name_size];
};

static inline void story_add(struct events *list, unsigned pcr,
			     enum event_kind kind, const char *app,
			     const char *path, const void *data, size_t len)
{
	struct event e = { .pcr = pcr,
			   .kind = kind,
			   .app = app ? strdup(app) : NULL,
			   .path = strdup(path) };

	assert_int_equal(digest_data(boot_all_banks, data, len, &e.digests), 0);
	if (kind == EVENT_DIRECTORY)
		assert_int_equal(bytes_copy(data, len, &e.detail), 0);
	assert_int_equal(events_add(list, &e), 0);
}

static inline void story_add_text(struct events *list, unsigned pcr,
				  enum event_kind kind, const char *path,
				  const char *text)
{
	story_add(list, pcr, kind, kind == EVENT_EXEC ? "web" : NULL, path,
		  text, strlen(text));
}

static const char story_listing[] =
	"cvm-init listing 1\n"
	"d\t0755\t0\t0\t-\t.\n"
	"f\t0644\t0\t0\t"
	"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	"\tmain.py\n"; /* SHA-256 of "test" */

#define STORY_CMDLINE "console=ttyS0"

static inline void story_firmware(struct boot_story *s)
{
	own_bytes struct bytes options = { 0 };
	static const char line[] = "initrd=initrd " STORY_CMDLINE;
	static const char call[] = "Calling EFI Application from Boot Option";

	assert_int_equal(load_options_encode(line, strlen(line), &options), 0);
	story_add_text(&s->firmware, 0, EVENT_FILE, "firmware", "firmware");
	story_add_text(&s->firmware, 7, EVENT_FILE, "SecureBoot", "no");
	story_add_text(&s->firmware, 4, EVENT_FILE, "vmlinuz", "kernel");
	story_add_text(&s->firmware, 4, EVENT_FILE, "action", call);
	story_add(&s->firmware, 2, EVENT_FILE, NULL, "separator", "\0\0\0", 4);
	story_add(&s->firmware, 4, EVENT_FILE, NULL, "separator", "\0\0\0", 4);
	story_add(&s->firmware, 9, EVENT_FILE, NULL, "LoadOptions",
		  options.data, options.len);
	story_add_text(&s->firmware, 9, EVENT_FILE, "initrd", "initramfs");
}

static inline void story_apps_of(struct events *list, const char *listing)
{
	story_add_text(list, pcr_apps, EVENT_APPS_CONF, "/etc/apps.conf",
		       "[app web]");
	story_add_text(list, pcr_apps, EVENT_EXEC, "/usr/bin/python3",
		       "python");
	story_add_text(list, pcr_apps, EVENT_DIRECTORY, "/app", listing);
}

static inline void story_apps(struct events *list)
{
	story_apps_of(list, story_listing);
}

static inline void story_init(struct boot_story *s)
{
	story_apps(&s->init);
	story_add_text(&s->init, pcr_volume_keys, EVENT_VOLUME_KEY,
		       "cryptsetup:state:1", "a secret");
	assert_int_equal(
		events_add_cap(&s->init, events_cap_ready, boot_all_banks), 0);
}

static inline void story_extend(struct tpm *t, unsigned pcr,
				const struct digest_set *digests,
				digest_algs banks)
{
	struct digest_set set = *digests;
	struct fail f = { 0 };

	set.algs = banks;
	assert_ok(tpm_pcr_extend(t, pcr, &set, &f), &f);
}

static inline void story_extend_all(struct tpm *t, const struct events *list,
				    digest_algs banks)
{
	for (size_t i = 0; i < list->n; i++)
		story_extend(t, list->event[i].pcr, &list->event[i].digests,
			     banks);
}

/* As a kernel does that has SHA-256 when IMA begins, and no SHA-384. */
static inline void story_extend_record(struct tpm *t, struct digest_set *d,
				       digest_algs banks, bool violation)
{
	if (!violation) {
		memset(d->value[DIGEST_SHA384], 0, digest_size_max);
		memcpy(d->value[DIGEST_SHA384], d->value[DIGEST_SHA1], 20);
	}
	story_extend(t, 10, d, banks);
}

/* H(PCR 0 .. PCR 9) of the SHA-256 bank, which IMA begins with. */
static inline void story_aggregate(struct tpm *t, struct digest_set *ret)
{
	own_text struct text all = { 0 };
	struct digest_set value;
	struct fail f = { 0 };

	for (unsigned i = 0; i < 10; i++) {
		assert_ok(tpm_pcr_read(t, i, 1U << DIGEST_SHA256, &value, &f),
			  &f);
		text_add_bytes(&all, value.value[DIGEST_SHA256], 32);
	}
	assert_int_equal(digest_data(1U << DIGEST_SHA256, all.s, all.len, ret),
			 0);
}

/* A UKI or not, systemd goes on with PCR 11. */
static inline void story_systemd(struct boot_story *s, struct tpm *t,
				 digest_algs banks)
{
	static const char phase[] = "enter-initrd";
	struct json_object *o = json_object_new_object();
	struct json_object *content = json_object_new_object();
	own_bytes struct bytes line = { 0 };
	struct digest_set d;

	assert_int_equal(digest_data(banks, phase, strlen(phase), &d), 0);
	story_extend(t, 11, &d, banks);
	json_set_u64(o, "pcr", 11);
	json_set(o, "digests", events_digests_json(&d));
	json_set_string(o, "content_type", "systemd");
	json_set_string(content, "string", phase);
	json_set_string(content, "eventType", "phase");
	json_set(o, "content", content);
	assert_int_equal(json_write_line(o, &line), 0);
	text_add(&s->systemd, "\x1e%s", (const char *)line.data);
	assert_false(text_failed(&s->systemd));
	json_release(&o);
}

static inline void story_ima(struct boot_story *s, struct tpm *t,
			     digest_algs banks)
{
	struct digest_set content;
	struct digest_set d;

	story_aggregate(t, &content);
	ima_list_add(&s->ima, "boot_aggregate", content.value[DIGEST_SHA256],
		     NULL, &d);
	story_extend_record(t, &d, banks, false);
	ima_list_load(&s->ima, IMA_LIST_ROOT, &d);
	story_extend_record(t, &d, banks, false);
	assert_int_equal(digest_data(boot_all_banks, "test", 4, &content), 0);
	ima_list_add(&s->ima, "/app/main.py", content.value[DIGEST_SHA256],
		     NULL, &d);
	story_extend_record(t, &d, banks, false);
	ima_list_add(&s->ima, "/tmp/log", NULL, NULL, &d);
	story_extend_record(t, &d, banks, true);
	assert_int_equal(digest_data(boot_all_banks, "other", 5, &content), 0);
	ima_list_add(&s->ima, "/bin/other", content.value[DIGEST_SHA256], NULL,
		     &d);
	story_extend_record(t, &d, banks, false);
	ima_list_resume(&s->ima, IMA_LIST_ROOT, &d);
	story_extend_record(t, &d, banks, false);
	ima_list_resume(&s->ima, "another table", &d);
	story_extend_record(t, &d, banks, false);
	ima_list_load(&s->ima, IMA_LIST_VOLUME, &d);
	story_extend_record(t, &d, banks, false);
}

static inline struct json_object *story_digests(const char *text)
{
	struct json_object *o = json_object_new_object();
	struct digest_set d;

	assert_int_equal(digest_data(boot_all_banks, text, strlen(text), &d),
			 0);
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		assert_int_equal(json_set_hex(o, digest_name(a), d.value[a],
					      digest_size(a)),
				 0);
	return o;
}

/* {"pcr":14,"banks":...,"events":...} as cvmctl predict writes it. */
static inline struct json_object *story_predict_apps(const struct events *list)
{
	struct json_object *o = json_object_new_object();
	struct json_object *banks = json_object_new_object();
	struct digest_set measured;
	struct digest_set ready;

	pcr_start_value(boot_all_banks, &measured);
	pcr_start_value(boot_all_banks, &ready);
	assert_int_equal(events_replay(list, pcr_apps, &ready), 0);
	for (size_t i = 0; i + 1 < list->n; i++)
		assert_int_equal(pcr_extend_value(&measured,
						  &list->event[i].digests),
				 0);
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		struct json_object *b = json_object_new_object();
		static const uint8_t zeros[digest_size_max];

		json_set_hex(b, "start", zeros, digest_size(a));
		json_set_hex(b, "measured", measured.value[a], digest_size(a));
		json_set_hex(b, "ready", ready.value[a], digest_size(a));
		json_set(banks, digest_name(a), b);
	}
	json_set_u64(o, "pcr", pcr_apps);
	json_set(o, "banks", banks);
	json_set(o, "events", events_to_json(list));
	return o;
}

static inline void story_manifest(struct boot_story *s)
{
	own_events struct events apps = { 0 };
	struct json_object *m = json_object_new_object();
	struct json_object *kernel = json_object_new_object();
	struct json_object *cmdline = json_object_new_object();
	struct json_object *root = json_object_new_object();
	struct json_object *verity = json_object_new_object();

	story_apps(&apps);
	assert_int_equal(
		events_add_cap(&apps, events_cap_ready, boot_all_banks), 0);
	json_set_string(m, "type", "cvm-init image");
	json_set_u64(m, "schema", 1);
	json_set(kernel, "authenticode", story_digests("kernel"));
	json_set(m, "kernel", kernel);
	json_set(m, "initramfs", story_digests("initramfs"));
	json_set_string(cmdline, "text", STORY_CMDLINE);
	json_set(m, "cmdline", cmdline);
	json_set_string(verity, "root-hash", "00ff00ff");
	json_set(root, "verity", verity);
	json_set(m, "root", root);
	json_set(m, "volumes", json_tokener_parse(IMA_LIST_VOLUMES));
	json_set(m, "apps", story_predict_apps(&apps));
	s->manifest = m;
	s->prediction = story_predict_apps(&apps);
}

static inline struct json_object *story_boot_pcr(const struct events *list,
						 unsigned pcr)
{
	struct json_object *o = json_object_new_object();
	struct digest_set value;

	pcr_start_value(boot_all_banks, &value);
	assert_int_equal(events_replay(list, pcr, &value), 0);
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		json_set_hex(o, digest_name(a), value.value[a], digest_size(a));
	return o;
}

static inline void story_prediction(struct boot_story *s)
{
	static const char *const names[] = { "2", "4", "9", "11", "12" };
	static const unsigned pcrs[] = { 2, 4, 9, 11, 12 };
	struct json_object *boot = json_object_new_object();
	struct json_object *values = json_object_new_object();
	struct json_object *events = events_to_json(&s->firmware);

	for (size_t i = 0; i < array_size(pcrs); i++)
		json_set(values, names[i],
			 story_boot_pcr(&s->firmware, pcrs[i]));
	json_set(boot, "pcrs", values);
	json_set(boot, "events", events);
	json_set(s->prediction, "boot", boot);
}

/* The keys and the quote, into an evidence that borrows nothing. */
static inline void story_quote(struct boot_story *s, struct tpm *t,
			       struct evidence *e)
{
	own_tpm_identity struct tpm_identity i = { 0 };
	struct tpm_quote q = { 0 };
	struct tpm_public key;
	uint8_t nonce[challenge_size];
	struct fail f = { 0 };

	assert_ok(tpm_identity(t, &i, &f), &f);
	memset(s->random, 0x42, sizeof(s->random));
	assert_int_equal(challenge_nonce(s->random, &i.ek, &i.ak, nonce), 0);
	assert_int_equal(bytes_copy(nonce, sizeof(nonce), &e->nonce), 0);
	assert_ok(tpm_quote(t, &e->nonce, 0xffff, &q, &f), &f);
	assert_int_equal(tpm_public_read(&i.ak, &key, &f), 0);
	memcpy(s->ak, key.name, sizeof(s->ak));
	assert_int_equal(tpm_public_read(&i.ek, &key, &f), 0);
	memcpy(s->ek, key.name, sizeof(s->ek));
	e->has_tpm = true;
	e->tpm.ek = take_bytes(&i.ek);
	e->tpm.ak = take_bytes(&i.ak);
	e->tpm.srk = take_bytes(&i.srk);
	e->tpm.quote.attest = q.attest;
	e->tpm.quote.signature = q.signature;
	e->tpm.srk_certification.attest = q.srk_attest;
	e->tpm.srk_certification.signature = q.srk_signature;
	memcpy(e->tpm.pcrs, q.pcrs, sizeof(q.pcrs));
}

/* A firmware's log, as far as the judge looks at it. */
static inline void story_write_tcg(const struct events *list, digest_algs banks,
				   struct bytes *ret)
{
	const struct events_into into = { .banks = banks };
	own_text struct text t = { 0 };

	events_tcg_begin(banks, &t);
	for (size_t i = 0; i < list->n; i++) {
		const struct event *event = &list->event[i];

		assert_int_equal(events_tcg_add(event, &into, &t), 0);
		text_add_bytes(&t, event->detail.data, event->detail.len);
	}
	assert_false(text_failed(&t));
	bytes_free(ret);
	assert_int_equal(bytes_copy(t.s, t.len, ret), 0);
}

static inline void story_make(struct boot_story *s)
{
	own_swtpm struct swtpm swtpm = { 0 };
	own_tpm struct tpm *t = NULL;
	own_evidence struct evidence e = { .has_tpm = false };
	digest_algs banks = 0;
	struct fail f = { 0 };

	swtpm_start(&swtpm);
	t = swtpm_open(&swtpm);
	assert_ok(tpm_banks(t, &banks, &f), &f);
	*s = (struct boot_story){ .ima = { 0 } };
	story_firmware(s);
	story_init(s);
	story_manifest(s);
	story_prediction(s);
	story_extend_all(t, &s->firmware, banks);
	story_ima(s, t, banks);
	story_extend_all(t, &s->init, banks);
	story_systemd(s, t, banks);
	story_quote(s, t, &e);
	story_write_tcg(&s->firmware, banks, &e.firmware);
	e.init = events_to_json(&s->init);
	assert_int_equal(bytes_copy(s->ima.s, s->ima.len, &e.ima), 0);
	assert_int_equal(bytes_copy(s->systemd.s, s->systemd.len, &e.systemd),
			 0);
	assert_int_equal(evidence_write_json(&e, "a test", &s->evidence), 0);
}

static inline void story_free(struct boot_story *s)
{
	events_free(&s->firmware);
	events_free(&s->init);
	text_free(&s->ima);
	text_free(&s->systemd);
	json_release(&s->manifest);
	json_release(&s->prediction);
	bytes_free(&s->evidence);
}

#endif
