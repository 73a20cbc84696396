// SPDX-License-Identifier: MIT
/* See report.h. Nothing here is secret, all of it may be read by anyone. */
#include "init/report.h"

#include <errno.h>
#include <stdio.h>

#include "init/identity.h"
#include "lib/io.h"
#include "lib/json.h"
#include "lib/own.h"
#include "seal/measure/rtmr.h"

static struct json_object *stage_json(const struct stage_time *t)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "name", t->name) < 0 ||
	    json_set_u64(o, "start_us", t->start_us) < 0 ||
	    json_set_u64(o, "duration_us", t->end_us - t->start_us) < 0)
		return NULL;
	return take_ptr(o);
}

static struct json_object *stages_json(const struct boot *b)
{
	own_json struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < b->stages_run; i++)
		if (json_append(list, stage_json(&b->times[i])) < 0)
			return NULL;
	return take_ptr(list);
}

static struct json_object *digests_json(const struct digest_set *set)
{
	own_json struct json_object *o = json_object_new_object();

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (set->algs & 1U << a &&
		    json_set_hex(o, digest_name(a), set->value[a],
				 digest_size(a)) < 0)
			return NULL;
	return take_ptr(o);
}

/* The files of stage tpm, none unless identity = attested. */
static struct json_object *attestation_json(const struct boot *b)
{
	own_json struct json_object *list = json_object_new_array();
	bool attested = b->conf.tpm.identity == BOOT_IDENTITY_ATTESTED;

	for (size_t i = 0; attested && identity_files[i]; i++) {
		char path[PATH_MAX];

		(void)snprintf(path, sizeof(path), ATTESTATION_PATH "/%s",
			       identity_files[i]); /* fits */
		if (json_append(list, json_object_new_string(path)) < 0)
			return NULL;
	}
	return take_ptr(list);
}

static struct json_object *tpm_json(const struct boot *b)
{
	own_json struct json_object *o = json_object_new_object();
	struct digest_set after = b->pcr_before;

	if (events_replay(&b->events, pcr_apps, &after) < 0 ||
	    json_set_string(o, "device", b->chip.name) < 0 ||
	    json_set_string(o, "class", b->chip.class) < 0 ||
	    json_set(o, "attestation", attestation_json(b)) < 0 ||
	    json_set(o, "pcr14_before", digests_json(&b->pcr_before)) < 0 ||
	    json_set(o, "pcr14_after", digests_json(&after)) < 0 ||
	    json_set_u64(o, "commands", b->traffic.commands) < 0 ||
	    json_set_u64(o, "sent_bytes", b->traffic.sent_bytes) < 0 ||
	    json_set_u64(o, "received_bytes", b->traffic.received_bytes) < 0 ||
	    json_set_u64(o, "waited_us", b->traffic.waited_us) < 0)
		return NULL;
	return take_ptr(o);
}

static struct json_object *into_json(const struct boot *b)
{
	own_json struct json_object *list = json_object_new_array();

	if ((b->banks &&
	     json_append(list, json_object_new_string("tpm")) < 0) ||
	    (b->rtmr && json_append(list, json_object_new_string("rtmr")) < 0))
		return NULL;
	return take_ptr(list);
}

/* It began with zeros. */
static struct json_object *rtmr_json(const struct boot *b)
{
	own_json struct json_object *o = json_object_new_object();
	uint8_t after[rtmr_size];

	if (rtmr_replay(&b->events, after) < 0 ||
	    json_set_hex(o, "rtmr3_after", after, sizeof(after)) < 0)
		return NULL;
	return take_ptr(o);
}

static struct json_object *root_json(const struct boot *b)
{
	const struct verity_params *p = &b->conf.root.verity;
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "device", b->root_device) < 0 ||
	    json_set_string(o, "hash", digest_name(p->hash)) < 0 ||
	    json_set_hex(o, "root_hash", p->root_hash, p->root_hash_len) < 0)
		return NULL;
	return take_ptr(o);
}

static struct json_object *volumes_json(const struct boot *b)
{
	own_json struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < b->volumes_open; i++) {
		struct json_object *v = json_object_new_object();

		if (json_append(list, v) < 0 ||
		    json_set_string(v, "name", b->conf.volume[i].name) < 0 ||
		    json_set_string(v, "mount", b->conf.volume[i].mount) < 0)
			return NULL;
	}
	return take_ptr(list);
}

static int report_text(const struct boot *b, struct bytes *ret)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "version", CVM_VERSION) < 0 ||
	    json_set(o, "stages", stages_json(b)) < 0 ||
	    json_set(o, "measured_into", into_json(b)) < 0 ||
	    (b->banks && json_set(o, "tpm", tpm_json(b)) < 0) ||
	    (b->rtmr && json_set(o, "rtmr", rtmr_json(b)) < 0) ||
	    json_set(o, "root", root_json(b)) < 0 ||
	    json_set(o, "volumes", volumes_json(b)) < 0)
		return -ENOMEM;
	/* one line, so that it can be told from others on a console */
	return json_write_line(o, ret);
}

static int write_file(const char *path, const void *data, size_t len,
		      struct fail *f)
{
	int r = io_replace_file(path, data, len, 0644);

	if (r < 0)
		return fail_errno(f, r, "give the VM more memory", "write %s",
				  path);
	return 0;
}

int report_write(const struct boot *b, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	int r = report_text(b, &text);

	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "write the report");
	return write_file(RUN_PATH "/report.json", text.data, text.len, f);
}
