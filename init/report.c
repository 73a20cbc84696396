// SPDX-License-Identifier: MIT
/* See report.h. Nothing here is secret, all of it may be read by anyone. */
#include "init/report.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"

static void json_free(struct json_object **o)
{
	(void)json_object_put(*o); /* NULL is fine */
}

#define own_json __attribute__((cleanup(json_free)))

static void add_string(struct json_object *o, const char *key, const char *s)
{
	(void)json_object_object_add(o, key, json_object_new_string(s));
}

static void add_u64(struct json_object *o, const char *key, uint64_t n)
{
	(void)json_object_object_add(o, key, json_object_new_uint64(n));
}

static struct json_object *stages_json(const struct boot *b)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < b->stages_run; i++) {
		const struct stage_time *t = &b->times[i];
		struct json_object *stage = json_object_new_object();

		add_string(stage, "name", t->name);
		add_u64(stage, "start_us", t->start_us);
		add_u64(stage, "duration_us", t->end_us - t->start_us);
		(void)json_object_array_add(list, stage);
	}
	return list;
}

static struct json_object *digests_json(const struct digest_set *set)
{
	struct json_object *o = json_object_new_object();
	char hex[2 * digest_size_max + 1];

	for (int i = 0; i < DIGEST_ALG_COUNT; i++) {
		enum digest_alg alg = (enum digest_alg)i;

		if (!(set->algs & 1U << i))
			continue;
		hex_encode(set->value[i], digest_size(alg), hex);
		add_string(o, digest_name(alg), hex);
	}
	return o;
}

static struct json_object *tpm_json(const struct boot *b)
{
	struct json_object *o = json_object_new_object();
	struct digest_set after = b->pcr_before;

	add_string(o, "device", b->tpm_name);
	add_string(o, "class", b->tpm_class);
	(void)json_object_object_add(o, "pcr14_before",
				     digests_json(&b->pcr_before));
	if (events_replay(&b->events, pcr_apps, &after) == 0)
		(void)json_object_object_add(o, "pcr14_after",
					     digests_json(&after));
	return o;
}

static struct json_object *root_json(const struct boot *b)
{
	const struct verity_params *p = &b->conf.root.verity;
	struct json_object *o = json_object_new_object();
	char hex[2 * digest_size_max + 1];

	hex_encode(p->root_hash, p->root_hash_len, hex);
	add_string(o, "device", b->root_device);
	add_string(o, "hash", digest_name(p->hash));
	add_string(o, "root_hash", hex);
	return o;
}

static struct json_object *volumes_json(const struct boot *b)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < b->volumes_open; i++) {
		struct json_object *v = json_object_new_object();

		add_string(v, "name", b->conf.volume[i].name);
		add_string(v, "mount", b->conf.volume[i].mount);
		(void)json_object_array_add(list, v);
	}
	return list;
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

int report_write_logs(const struct boot *b, struct fail *f)
{
	own_bytes struct bytes tcg = { 0 };
	own_bytes struct bytes cel = { 0 };
	int r = events_write_tcg(&b->events, b->banks, &tcg);

	if (r == 0)
		r = events_write_cel_json(&b->events, &cel);
	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "write the measurement log");
	r = write_file(RUN_PATH "/measurements.bin", tcg.data, tcg.len, f);
	if (r == 0)
		r = write_file(RUN_PATH "/measurements.json", cel.data, cel.len,
			       f);
	return r;
}

int report_write(const struct boot *b, struct fail *f)
{
	own_json struct json_object *o = json_object_new_object();
	const char *text;

	add_string(o, "version", CVM_VERSION);
	(void)json_object_object_add(o, "stages", stages_json(b));
	(void)json_object_object_add(o, "tpm", tpm_json(b));
	(void)json_object_object_add(o, "root", root_json(b));
	(void)json_object_object_add(o, "volumes", volumes_json(b));
	text = json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text)
		return fail_errno(f, ENOMEM, "give the VM more memory",
				  "write the report");
	return write_file(RUN_PATH "/report.json", text, strlen(text), f);
}
