// SPDX-License-Identifier: MIT
/* The file of docs/evidence.md, written: see evidence.h. Pure. */
#include <errno.h>
#include <stdio.h>

#include "evidence/file/evidence.h"
#include "lib/own.h"

/* What is empty is not there. */
static int set_base64(struct json_object *o, const char *key,
		      const struct bytes *data)
{
	return data->len ? json_set_base64(o, key, data) : 0;
}

static struct json_object *signed_json(const struct evidence_signed *s)
{
	own_json struct json_object *o = json_object_new_object();

	if (set_base64(o, "attest", &s->attest) < 0 ||
	    set_base64(o, "signature", &s->signature) < 0)
		return NULL;
	return take_ptr(o);
}

static struct json_object *bank_json(const struct pcr_values *values)
{
	own_json struct json_object *o = json_object_new_object();

	for (unsigned pcr = 0; pcr < pcr_count; pcr++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "%u", pcr); /* fits */
		if (values->mask & 1U << pcr &&
		    json_set_hex(o, name, values->value[pcr],
				 digest_size(values->bank)) < 0)
			return NULL;
	}
	return take_ptr(o);
}

static struct json_object *pcrs_json(const struct evidence_tpm *t)
{
	own_json struct json_object *o = json_object_new_object();

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (t->pcrs[a].mask &&
		    json_set(o, digest_name(a), bank_json(&t->pcrs[a])) < 0)
			return NULL;
	return take_ptr(o);
}

int evidence_set_keys(struct json_object *o, const struct evidence_tpm *t)
{
	if (set_base64(o, "ek", &t->ek) < 0 ||
	    set_base64(o, "ek-certificate", &t->ek_certificate) < 0 ||
	    set_base64(o, "ak", &t->ak) < 0 ||
	    set_base64(o, "srk", &t->srk) < 0)
		return -ENOMEM;
	return 0;
}

static struct json_object *tpm_json(const struct evidence_tpm *t)
{
	own_json struct json_object *o = json_object_new_object();

	if ((*t->class && json_set_string(o, "class", t->class) < 0) ||
	    evidence_set_keys(o, t) < 0 ||
	    json_set(o, "srk-certification",
		     signed_json(&t->srk_certification)) < 0 ||
	    json_set(o, "quote", signed_json(&t->quote)) < 0 ||
	    json_set(o, "pcrs", pcrs_json(t)) < 0)
		return NULL;
	return take_ptr(o);
}

static struct json_object *logs_json(const struct evidence *e)
{
	own_json struct json_object *o = json_object_new_object();

	if (set_base64(o, "firmware", &e->firmware) < 0 ||
	    set_base64(o, "ccel", &e->ccel) < 0 ||
	    (e->init && json_set(o, "init", json_object_get(e->init)) < 0) ||
	    set_base64(o, "ima", &e->ima) < 0 ||
	    (e->systemd.len &&
	     json_set(o, "systemd",
		      json_object_new_string_len((const char *)e->systemd.data,
						 (int)e->systemd.len)) < 0))
		return NULL;
	return take_ptr(o);
}

static struct json_object *report_json(const struct evidence_report *r)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "provider", r->provider) < 0 ||
	    json_set_u64(o, "privlevel", r->privlevel) < 0 ||
	    json_set_hex(o, "inblob", r->inblob.data, r->inblob.len) < 0 ||
	    set_base64(o, "outblob", &r->outblob) < 0 ||
	    set_base64(o, "auxblob", &r->auxblob) < 0 ||
	    set_base64(o, "manifestblob", &r->manifestblob) < 0)
		return NULL;
	return take_ptr(o);
}

static struct json_object *reports_json(const struct evidence *e)
{
	own_json struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < e->reports; i++)
		if (json_append(list, report_json(&e->report[i])) < 0)
			return NULL;
	return take_ptr(list);
}

static struct json_object *rtmr_json(const struct evidence_rtmr *t)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_hex(o, "mrtd", t->mrtd, sizeof(t->mrtd)) < 0)
		return NULL;
	for (unsigned i = 0; i < evidence_rtmrs; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "rtmr%u", i); /* fits */
		if (json_set_hex(o, name, t->rtmr[i], sizeof(t->rtmr[i])) < 0)
			return NULL;
	}
	return take_ptr(o);
}

static int write_text(struct json_object *o, struct bytes *ret)
{
	own_bytes struct bytes text = { 0 };
	int r = json_write(o, &text);

	if (r < 0)
		return r;
	if (text.len > evidence_json_max)
		return -EFBIG;
	*ret = take_bytes(&text);
	return 0;
}

/* What every file of ours begins with. */
static int set_head(struct json_object *o, const char *type, const char *by)
{
	if (json_set_string(o, "type", type) < 0 ||
	    json_set_u64(o, "schema", evidence_schema) < 0 ||
	    json_set_string(o, "created-by", by) < 0)
		return -ENOMEM;
	return 0;
}

int evidence_write_json(const struct evidence *e, const char *by,
			struct bytes *ret)
{
	own_json struct json_object *o = json_object_new_object();

	if (set_head(o, EVIDENCE_TYPE, by) < 0 ||
	    json_set_hex(o, "nonce", e->nonce.data, e->nonce.len) < 0 ||
	    (e->has_tpm && json_set(o, "tpm", tpm_json(&e->tpm)) < 0) ||
	    json_set(o, "logs", logs_json(e)) < 0 ||
	    json_set(o, "reports", reports_json(e)) < 0 ||
	    (e->has_rtmr && json_set(o, "rtmr", rtmr_json(&e->rtmr)) < 0))
		return -ENOMEM;
	return write_text(o, ret);
}

int evidence_write_identity(const struct evidence_tpm *t, const char *by,
			    struct bytes *ret)
{
	own_json struct json_object *o = json_object_new_object();

	if (set_head(o, EVIDENCE_TYPE_IDENTITY, by) < 0 ||
	    evidence_set_keys(o, t) < 0)
		return -ENOMEM;
	return write_text(o, ret);
}
