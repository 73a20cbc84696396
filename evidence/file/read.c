// SPDX-License-Identifier: MIT
/* See read.h. Pure. Each value is bounded as in evidence.h. */
#include "evidence/file/read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "lib/strict-json.h"
#include "seal/object/json-values.h"

enum { depth_max = 12 };

static const char remedy[] = "make it with cvmctl evidence";

/* Base64 that may be absent. */
static int take_optional(struct json_object *o, const char *key, size_t max,
			 struct bytes *ret)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(o, key, &value))
		return 0;
	return json_value_base64(value, base64_length(max), ret);
}

static int take_blob(struct json_object *o, const char *key, size_t max,
		     struct bytes *ret)
{
	return json_value_base64(json_get(o, key), base64_length(max), ret);
}

/* A string that fits, or an absent one, which becomes "". */
static int take_name(struct json_object *o, const char *key, char *ret,
		     size_t size)
{
	struct json_object *value = NULL;
	const char *s;

	if (!json_object_object_get_ex(o, key, &value))
		return 0;
	s = json_value_string(value);
	if (!s || strlen(s) >= size)
		return -EINVAL;
	(void)snprintf(ret, size, "%s", s); /* fits */
	return 0;
}

/* Hex of 1 to max bytes, and never more than 64. */
static int take_hex(struct json_object *o, const char *key, size_t max,
		    struct bytes *ret)
{
	const char *hex = json_value_string(json_get(o, key));
	uint8_t data[evidence_nonce_max];
	size_t len = 0;

	if (!hex || hex_decode(hex, max, data, &len) < 0)
		return -EINVAL;
	return bytes_copy(data, len, ret);
}

static int take_signed(struct json_object *o, struct evidence_signed *ret)
{
	int r = take_blob(o, "attest", evidence_attest_max, &ret->attest);

	return r < 0 ? r
		     : take_blob(o, "signature", evidence_signature_max,
				 &ret->signature);
}

/* One bank, of PCRs that come once each. */
static int take_bank(struct json_object *bank, struct pcr_values *ret)
{
	size_t n = 0;

	if (!json_object_is_type(bank, json_type_object))
		return -EINVAL;
	for (unsigned i = 0; i < pcr_count; i++) {
		struct json_object *value = NULL;
		char name[16];

		(void)snprintf(name, sizeof(name), "%u", i); /* fits */
		if (!json_object_object_get_ex(bank, name, &value))
			continue;
		if (json_value_hex(value, digest_size(ret->bank),
				   ret->value[i]) < 0)
			return -EINVAL;
		ret->mask |= 1U << i;
		n++;
	}
	/* another key would be a PCR that nobody judges */
	return n && n == (size_t)json_object_object_length(bank) ? 0 : -EINVAL;
}

static int take_pcrs(struct json_object *pcrs, struct evidence_tpm *t)
{
	int n = 0;

	if (!json_object_is_type(pcrs, json_type_object))
		return -EINVAL;
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		struct json_object *bank = NULL;

		t->pcrs[a].bank = a;
		if (!json_object_object_get_ex(pcrs, digest_name(a), &bank))
			continue;
		if (take_bank(bank, &t->pcrs[a]) < 0)
			return -EINVAL;
		n++;
	}
	return n == json_object_object_length(pcrs) ? 0 : -EINVAL;
}

static int take_keys(struct json_object *o, struct evidence_tpm *t)
{
	int r = take_blob(o, "ek", evidence_public_max, &t->ek);

	if (r == 0)
		r = take_optional(o, "ek-certificate", evidence_certificate_max,
				  &t->ek_certificate);
	if (r == 0)
		r = take_blob(o, "ak", evidence_public_max, &t->ak);
	return r < 0 ? r : take_blob(o, "srk", evidence_public_max, &t->srk);
}

static int take_tpm(struct json_object *o, struct evidence *e)
{
	struct json_object *tpm = NULL;
	int r;

	if (!json_object_object_get_ex(o, "tpm", &tpm))
		return 0;
	e->has_tpm = true;
	r = take_name(tpm, "class", e->tpm.class, sizeof(e->tpm.class));
	if (r == 0)
		r = take_keys(tpm, &e->tpm);
	if (r == 0)
		r = take_signed(json_get(tpm, "srk-certification"),
				&e->tpm.srk_certification);
	if (r == 0)
		r = take_signed(json_get(tpm, "quote"), &e->tpm.quote);
	return r < 0 ? r : take_pcrs(json_get(tpm, "pcrs"), &e->tpm);
}

static int take_systemd(struct json_object *logs, struct bytes *ret)
{
	struct json_object *text = NULL;
	size_t len;

	if (!json_object_object_get_ex(logs, "systemd", &text))
		return 0;
	if (!json_object_is_type(text, json_type_string))
		return -EINVAL;
	len = (size_t)json_object_get_string_len(text);
	if (len > evidence_systemd_max)
		return -EINVAL;
	return bytes_copy(json_object_get_string(text), len, ret);
}

static int take_logs(struct json_object *o, struct evidence *e)
{
	struct json_object *logs = json_get(o, "logs");
	struct json_object *init = json_get(logs, "init");
	int r;

	if (!json_object_is_type(logs, json_type_object) ||
	    (init && !json_object_is_type(init, json_type_array)))
		return -EINVAL;
	e->init = json_object_get(init);
	r = take_optional(logs, "firmware", evidence_firmware_max,
			  &e->firmware);
	if (r == 0)
		r = take_optional(logs, "ccel", evidence_firmware_max,
				  &e->ccel);
	if (r == 0)
		r = take_optional(logs, "ima", evidence_ima_max, &e->ima);
	return r < 0 ? r : take_systemd(logs, &e->systemd);
}

static int take_report(struct json_object *o, struct evidence_report *ret)
{
	struct json_object *level = json_get(o, "privlevel");
	int64_t n = json_object_get_int64(level);
	int r = take_name(o, "provider", ret->provider, sizeof(ret->provider));

	if (!json_object_is_type(level, json_type_int) || n < 0 || n > 3)
		return -EINVAL;
	ret->privlevel = (unsigned)n;
	if (r == 0)
		r = take_hex(o, "inblob", evidence_inblob_size, &ret->inblob);
	if (r == 0)
		r = take_blob(o, "outblob", evidence_blob_max, &ret->outblob);
	if (r == 0)
		r = take_optional(o, "auxblob", evidence_blob_max,
				  &ret->auxblob);
	return r < 0 ? r
		     : take_optional(o, "manifestblob", evidence_blob_max,
				     &ret->manifestblob);
}

static int take_reports(struct json_object *o, struct evidence *e)
{
	struct json_object *list = json_get(o, "reports");
	size_t n;

	if (!json_object_is_type(list, json_type_array))
		return -EINVAL;
	n = json_object_array_length(list);
	if (n > evidence_reports_max)
		return -EINVAL;
	while (e->reports < n) {
		size_t i = e->reports++;
		int r = take_report(json_object_array_get_idx(list, i),
				    &e->report[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int take_rtmr(struct json_object *o, struct evidence *e)
{
	struct json_object *rtmr = NULL;

	if (!json_object_object_get_ex(o, "rtmr", &rtmr))
		return 0;
	e->has_rtmr = true;
	if (json_value_hex(json_get(rtmr, "mrtd"), evidence_rtmr_size,
			   e->rtmr.mrtd) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < evidence_rtmrs; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "rtmr%u", i); /* fits */
		if (json_value_hex(json_get(rtmr, name), evidence_rtmr_size,
				   e->rtmr.rtmr[i]) < 0)
			return -EINVAL;
	}
	return 0;
}

static int take_nonce(struct json_object *o, struct evidence *e)
{
	return take_hex(o, "nonce", evidence_nonce_max, &e->nonce);
}

static const struct part {
	const char *name;
	int (*take)(struct json_object *o, struct evidence *e);
} parts[] = {
	{ "\"nonce\" is not as it should be", take_nonce },
	{ "\"tpm\" is not as it should be", take_tpm },
	{ "\"logs\" is not as it should be", take_logs },
	{ "\"reports\" is not as it should be", take_reports },
	{ "\"rtmr\" is not as it should be", take_rtmr },
};

/* NULL and 0; NULL and -ENOMEM; or why it is refused, and -EINVAL. */
static const char *take_all(struct json_object *o, struct evidence *e,
			    int *ret_error)
{
	struct json_object *schema = json_get(o, "schema");

	*ret_error = -EINVAL;
	if (strcmp(json_get_string(o, "type"), EVIDENCE_TYPE) != 0)
		return "it is no evidence of ours";
	if (!json_object_is_type(schema, json_type_int) ||
	    json_object_get_int64(schema) != evidence_schema)
		return "its schema is another one than this cvmctl knows";
	for (size_t i = 0; i < array_size(parts); i++) {
		int r = parts[i].take(o, e);

		if (r == -ENOMEM)
			*ret_error = r;
		if (r < 0)
			return r == -ENOMEM ? NULL : parts[i].name;
	}
	*ret_error = 0;
	return NULL;
}

int evidence_read_json(const char *text, size_t len, struct evidence *ret,
		       struct fail *f)
{
	own_evidence struct evidence e = { .has_tpm = false };
	own_json struct json_object *o = NULL;
	const char *why;
	int r = strnlen(text, len) == len
			? strict_json_parse(text, evidence_json_max, depth_max,
					    &o)
			: -EINVAL;

	if (r == -EFBIG)
		return fail_because(f, "it is too large", remedy,
				    "read the evidence");
	if (r == -EINVAL)
		return fail_because(f, "it is not a JSON object", remedy,
				    "read the evidence");
	why = r < 0 ? NULL : take_all(o, &e, &r);
	if (why)
		return fail_because(f, why, remedy, "read the evidence");
	if (r < 0)
		return fail_errno(f, r, "free memory", "read the evidence");
	*ret = e;
	e = (struct evidence){ .has_tpm = false };
	return 0;
}
