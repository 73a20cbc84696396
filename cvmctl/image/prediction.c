// SPDX-License-Identifier: MIT
/* See prediction.h. */
#include "cvmctl/image/prediction.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/io.h"
#include "lib/own.h"
#include "seal/measure/cover.h"
#include "seal/measure/measure.h"
#include "seal/object/policy.h"

void prediction_free(struct prediction *p)
{
	events_free(&p->events);
}

static int check_root_hash(const struct apps_conf *apps,
			   const struct boot_conf *conf, struct fail *f)
{
	for (size_t i = 0; i < apps->n && !conf->root.verity.root_hash_len; i++)
		if (apps->app[i].measure_by == APP_MEASURE_BY_VERITY)
			return fail_because(
				f, "it has measure-by = verity",
				"give --root-hash, or --config with a "
				"boot.conf that has it",
				"measure app %s without the root hash",
				apps->app[i].name);
	return 0;
}

/* As stage_volumes of init does, before it mounts one. */
static int check_covers(const struct root_tree *t, const struct boot_conf *conf,
			const struct events *events, struct fail *f)
{
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < conf->volumes; i++) {
		const char *mount = conf->volume[i].mount;
		const struct cover c = { conf->volume[i].name, mount };
		own_fd int fd =
			io_open_in_root(t->fd, mount, O_PATH | O_DIRECTORY);

		/* that it is missing says who builds the root */
		if (fd >= 0 && cover_path(t->fd, fd, path) == 0)
			r = cover_check(events, t->fd, &c, path, f);
	}
	return r;
}

int prediction_make(const struct root_tree *t, const struct boot_conf *conf,
		    digest_algs algs, struct prediction *ret, struct fail *f)
{
	own_prediction struct prediction p = { 0 };
	struct measured m = {
		.root_fd = t->fd,
		.apps_raw = &t->apps_raw,
		.apps = t->apps,
		.algs = algs,
		.verity = &conf->root.verity,
	};
	int r = check_root_hash(t->apps, conf, f);

	if (r == 0)
		r = measure_apps(&m, &p.events, f);
	if (r == 0)
		r = check_covers(t, conf, &p.events, f);
	if (r < 0)
		return r;
	p.start = conf->tpm.pcr14_start; /* zero in the other banks */
	p.start.algs = algs;
	p.measured = p.start;
	p.ready = p.start;
	r = events_replay(&p.events, pcr_apps, &p.measured);
	if (r == 0)
		r = events_add_cap(&p.events, events_cap_ready, algs);
	if (r == 0)
		r = events_replay(&p.events, pcr_apps, &p.ready);
	if (r < 0)
		return fail_errno(f, r, "free memory", "predict PCR %d",
				  pcr_apps);
	*ret = p;
	p = (struct prediction){ 0 };
	return 0;
}

static struct json_object *write_bank(const struct prediction *p,
				      enum digest_alg bank)
{
	own_json struct json_object *o = json_object_new_object();
	struct pcr_values values = { .bank = bank, .mask = 1U << pcr_apps };
	size_t size = digest_size(bank);
	struct policy policy = { 0 };

	memcpy(values.value[pcr_apps], p->measured.value[bank], size);
	if (policy_add_pcrs(&policy, &values) < 0 ||
	    json_set_hex(o, "start", p->start.value[bank], size) < 0 ||
	    json_set_hex(o, "measured", p->measured.value[bank], size) < 0 ||
	    json_set_hex(o, "ready", p->ready.value[bank], size) < 0 ||
	    json_set_hex(o, "policy", policy.digest, sizeof(policy.digest)) < 0)
		return NULL;
	return json_object_get(o);
}

static struct json_object *write_banks(const struct prediction *p)
{
	own_json struct json_object *o = json_object_new_object();

	for (unsigned i = 0; i < DIGEST_ALG_COUNT; i++) {
		enum digest_alg bank = (enum digest_alg)i;

		if (p->measured.algs & 1U << i &&
		    json_set(o, digest_name(bank), write_bank(p, bank)) < 0)
			return NULL;
	}
	return json_object_get(o);
}

struct json_object *prediction_to_json(const struct prediction *p)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_u64(o, "pcr", pcr_apps) < 0 ||
	    json_set(o, "banks", write_banks(p)) < 0 ||
	    json_set(o, "events", events_to_json(&p->events)) < 0)
		return NULL;
	return json_object_get(o);
}
