// SPDX-License-Identifier: MIT
/*
 * The describers of describe.h for what a VM and its verifier write. It is
 * shown as it claims to be; whether that is true cvmctl verify says.
 */
#include <errno.h>
#include <string.h>

#include "cvmctl/show/describe.h"
#include "evidence/exchange/exchange.h"
#include "evidence/file/read.h"
#include "evidence/judge/verdict.h"
#include "lib/own.h"
#include "seal/object/public.h"
#include "seal/object/srk-public.h"

static int out_of_memory(struct fail *f)
{
	return fail_errno(f, ENOMEM, "free memory", "write the answer");
}

/* The name of a TPM2B_PUBLIC, by which a key is told from others, or why not.
 */
static int set_name(struct json_object *o, const char *key,
		    const struct bytes *public)
{
	struct tpm_public p;
	struct fail f = { 0 };

	if (!public->len)
		return 0;
	if (tpm_public_read(public, &p, &f) < 0)
		return json_set_string(o, key, f.reason);
	return json_set_hex(o, key, p.name, sizeof(p.name));
}

static int set_size(struct json_object *o, const char *key,
		    const struct bytes *data)
{
	return data->len ? json_set_u64(o, key, data->len) : 0;
}

static int set_keys(struct json_object *o, const struct evidence_tpm *t)
{
	if (set_name(o, "ak-name", &t->ak) < 0 ||
	    set_name(o, "ek-name", &t->ek) < 0 ||
	    set_name(o, "srk-name", &t->srk) < 0 ||
	    set_size(o, "ek-certificate-size", &t->ek_certificate) < 0)
		return -ENOMEM;
	return 0;
}

/* Which PCRs are quoted, by bank. */
static struct json_object *describe_quoted(const struct evidence_tpm *t)
{
	own_json struct json_object *o = json_object_new_object();

	for (int a = 0; a < DIGEST_ALG_COUNT; a++)
		if (t->pcrs[a].mask &&
		    json_set(o, digest_name((enum digest_alg)a),
			     inspect_pcrs(t->pcrs[a].mask)) < 0)
			return NULL;
	return take_ptr(o);
}

static struct json_object *describe_tpm(const struct evidence_tpm *t)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "class", t->class[0] ? t->class : "unknown") <
		    0 ||
	    set_keys(o, t) < 0 ||
	    json_set(o, "quoted-pcrs", describe_quoted(t)) < 0)
		return NULL;
	return take_ptr(o);
}

/* How much there is of each log, in bytes; of init's, in events. */
static struct json_object *describe_logs(const struct evidence *e)
{
	own_json struct json_object *o = json_object_new_object();

	if (set_size(o, "firmware-size", &e->firmware) < 0 ||
	    set_size(o, "ccel-size", &e->ccel) < 0 ||
	    (e->init && json_set_u64(o, "init-events",
				     json_object_array_length(e->init)) < 0) ||
	    set_size(o, "ima-size", &e->ima) < 0 ||
	    set_size(o, "systemd-size", &e->systemd) < 0)
		return NULL;
	return take_ptr(o);
}

static struct json_object *describe_reports(const struct evidence *e)
{
	own_json struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < e->reports; i++) {
		const struct evidence_report *r = &e->report[i];
		own_json struct json_object *o = json_object_new_object();

		if (json_set_string(o, "provider", r->provider) < 0 ||
		    json_set_u64(o, "privlevel", r->privlevel) < 0 ||
		    json_set_u64(o, "size", r->outblob.len) < 0 ||
		    json_append(list, json_object_get(o)) < 0)
			return NULL;
	}
	return take_ptr(list);
}

static int set_parts(struct json_object *o, const struct evidence *e)
{
	if (json_set_string(o, "kind", "evidence, not verified") < 0 ||
	    json_set_hex(o, "nonce", e->nonce.data, e->nonce.len) < 0 ||
	    (e->has_tpm && json_set(o, "tpm", describe_tpm(&e->tpm)) < 0) ||
	    (e->reports && json_set(o, "reports", describe_reports(e)) < 0) ||
	    (e->has_rtmr &&
	     json_set_hex(o, "mrtd", e->rtmr.mrtd, sizeof(e->rtmr.mrtd)) < 0) ||
	    json_set(o, "logs", describe_logs(e)) < 0)
		return -ENOMEM;
	return 0;
}

static int describe_evidence(const struct bytes *text, struct json_object *o,
			     struct fail *f)
{
	own_evidence struct evidence e = { 0 };
	int r = evidence_read_json((const char *)text->data, text->len, &e, f);

	if (r < 0)
		return r;
	return set_parts(o, &e) < 0 ? out_of_memory(f) : 0;
}

static int describe_identity(const struct bytes *text, struct json_object *o,
			     struct fail *f)
{
	own_evidence_tpm struct evidence_tpm t = { 0 };
	int r = identity_read_json(text, &t, f);

	if (r < 0)
		return r;
	if (json_set_string(o, "kind", "identity of a TPM, not verified") < 0 ||
	    set_keys(o, &t) < 0)
		return out_of_memory(f);
	return 0;
}

static int describe_challenge(const struct bytes *text, struct json_object *o,
			      struct fail *f)
{
	own_challenge struct challenge c = { 0 };
	int r = challenge_read_json(text, &c, f);

	if (r < 0)
		return r;
	if (json_set_string(o, "kind", "challenge to a TPM") < 0 ||
	    set_size(o, "id-object-size", &c.id_object) < 0 ||
	    set_size(o, "secret-size", &c.secret) < 0)
		return out_of_memory(f);
	return 0;
}

static const struct exchanged {
	const char *type;
	int (*describe)(const struct bytes *text, struct json_object *ret,
			struct fail *f);
} exchanged[] = {
	{ EVIDENCE_TYPE, describe_evidence },
	{ EVIDENCE_TYPE_IDENTITY, describe_identity },
	{ EVIDENCE_TYPE_CHALLENGE, describe_challenge },
};

int inspect_srk(const struct bytes *public, struct json_object **ret,
		struct fail *f)
{
	own_json struct json_object *o = json_object_new_object();
	struct srk_public srk;
	int r = srk_public_parse(public, &srk, f);

	if (r < 0)
		return r == -ENOMEM ? r : -ENOENT;
	if (json_set_string(o, "kind", "storage root key, public part") < 0 ||
	    json_set_string(o, "algorithm",
			    srk.key.type == tpm_alg_rsa ? "RSA-2048"
							: "P-256") < 0 ||
	    json_set_hex(o, "srk-name", srk.key.name, sizeof(srk.key.name)) < 0)
		return out_of_memory(f);
	*ret = take_ptr(o);
	return 0;
}

/* One with PCRs before init, too. */
static int set_boot(struct json_object *o, struct json_object *boot)
{
	struct json_object *pcrs = json_get(boot, "pcrs");

	if (!pcrs)
		return 0;
	if (json_set_string(o, "boot", json_get_string(boot, "mode")) < 0 ||
	    json_set(o, "pcrs", json_object_get(pcrs)) < 0)
		return -ENOMEM;
	return 0;
}

static int inspect_prediction(struct json_object *prediction,
			      struct json_object **ret, struct fail *f)
{
	own_json struct json_object *o = json_object_new_object();
	struct json_object *banks = json_get(prediction, "banks");
	struct json_object *events = json_get(prediction, "events");

	if (!json_object_is_type(banks, json_type_object) ||
	    !json_object_is_type(events, json_type_array))
		return -ENOENT;
	if (json_set_string(o, "kind", "prediction of PCRs") < 0 ||
	    json_set(o, "pcr-14", json_object_get(banks)) < 0 ||
	    json_set_u64(o, "pcr-14-events", json_object_array_length(events)) <
		    0 ||
	    set_boot(o, json_get(prediction, "boot")) < 0)
		return out_of_memory(f);
	*ret = take_ptr(o);
	return 0;
}

static int inspect_verdict(struct json_object *verdict,
			   struct json_object **ret, struct fail *f)
{
	own_json struct json_object *o = json_object_new_object();
	struct json_object *checks = json_get(verdict, "checks");
	bool trusted = json_object_get_boolean(json_get(verdict, "trusted"));

	if (json_set_string(o, "kind", "verdict on evidence, not signed") < 0 ||
	    json_set_bool(o, "trusted", trusted) < 0 ||
	    (checks && json_set(o, "checks", json_object_get(checks)) < 0))
		return out_of_memory(f);
	*ret = take_ptr(o);
	return 0;
}

int inspect_exchanged(const struct bytes *text, struct json_object *parsed,
		      struct json_object **ret, struct fail *f)
{
	own_json struct json_object *o = json_object_new_object();
	const char *type = json_get_string(parsed, "type");
	int r;

	for (size_t i = 0; i < array_size(exchanged); i++) {
		if (strcmp(type, exchanged[i].type) != 0)
			continue;
		r = o ? exchanged[i].describe(text, o, f) : out_of_memory(f);
		if (r == 0)
			*ret = take_ptr(o);
		return r;
	}
	if (strcmp(type, VERDICT_TYPE) == 0)
		return inspect_verdict(parsed, ret, f);
	return *type ? -ENOENT : inspect_prediction(parsed, ret, f);
}
