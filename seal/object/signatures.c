// SPDX-License-Identifier: MIT
/* See signatures.h. Here: the JSON, read and written. */
#include "seal/object/signatures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/own.h"
#include "lib/strict-json.h"
#include "seal/object/json-values.h"

static const char sign_again[] = "sign the PCR values again with cvmctl sign";

enum { json_depth_max = 5 }; /* object, list, object, list or object, value */

void signatures_free(struct signatures *s)
{
	for (size_t i = 0; i < s->n; i++)
		bytes_free(&s->entry[i].sig);
	free(s->entry);
	*s = (struct signatures){ 0 };
}

int signatures_add(struct signatures *s, struct signature *entry)
{
	struct signature *grown;

	if (s->n == signatures_max)
		return -E2BIG;
	grown = reallocarray(s->entry, s->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->entry = grown;
	s->entry[s->n++] = *entry;
	*entry = (struct signature){ 0 };
	return 0;
}

/* A release number, or none at all. */
static int read_release(struct json_object *value, uint64_t *ret)
{
	int64_t n = json_object_get_int64(value);

	if (!value)
		return 0;
	if (!json_object_is_type(value, json_type_int) || n < 1)
		return -EINVAL;
	*ret = (uint64_t)n;
	return 0;
}

/* A hint: of no use when it is not about what was signed. */
static void read_values(struct json_object *value, struct signature *ret)
{
	struct pcr_values values;

	if (json_value_pcr_values(value, &values) == 0 &&
	    values.bank == ret->bank && values.mask == ret->mask)
		ret->values = values;
}

static int read_entry(struct json_object *o, enum digest_alg bank,
		      struct signature *ret)
{
	struct signature e = { .bank = bank };
	int r = json_value_pcrs(json_get(o, "pcrs"), &e.mask);

	if (r == 0)
		r = json_value_hex(json_get(o, "pkfp"), sizeof(e.fingerprint),
				   e.fingerprint);
	if (r == 0)
		r = json_value_hex(json_get(o, "pol"), sizeof(e.policy.digest),
				   e.policy.digest);
	if (r == 0)
		r = read_release(json_get(o, "release"), &e.release);
	if (r == 0)
		r = json_value_base64(json_get(o, "sig"),
				      base64_length(signature_max), &e.sig);
	if (r < 0)
		return r;
	read_values(json_get(o, "values"), &e);
	*ret = e;
	return 0;
}

static int read_bank(struct json_object *list, enum digest_alg bank,
		     struct signatures *ret)
{
	size_t n;

	if (!json_object_is_type(list, json_type_array))
		return -EINVAL;
	n = json_object_array_length(list);
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		struct signature entry = { 0 };
		int r;

		if (json_get(o, "ref"))
			continue;
		r = read_entry(o, bank, &entry);
		if (r == 0)
			r = signatures_add(ret, &entry);
		bytes_free(&entry.sig);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_banks(struct json_object *object, struct signatures *ret)
{
	json_object_object_foreach(object, name, list)
	{
		int bank = digest_from_name(name);
		int r;

		if (bank < 0) /* of a TPM that we do not serve */
			continue;
		r = read_bank(list, (enum digest_alg)bank, ret);
		if (r < 0)
			return r;
	}
	return 0;
}

int signatures_parse(const char *json, struct signatures *ret, struct fail *f)
{
	static const char what[] = "read the signatures of PCR values";
	own_json struct json_object *object = NULL;
	own_signatures struct signatures s = { 0 };
	int r = strict_json_parse(json, signatures_json_max, json_depth_max,
				  &object);

	if (r == 0)
		r = read_banks(object, &s);
	if (r == -ENOMEM)
		return fail_errno(f, r, "give the VM more memory", "%s", what);
	if (r == -EFBIG || r == -E2BIG)
		return fail_because(f, "there are over 128, or 256 KiB",
				    sign_again, "%s", what);
	if (r < 0)
		return fail_because(f,
				    "they have not the form of "
				    "tpm2-pcr-signature.json",
				    sign_again, "%s", what);
	*ret = s;
	s = (struct signatures){ 0 };
	return 0;
}

static struct json_object *write_mask(uint32_t mask)
{
	own_json struct json_object *list = json_object_new_array();

	for (int i = 0; i < pcr_count; i++)
		if (mask & 1U << i &&
		    json_append(list, json_object_new_int(i)) < 0)
			return NULL;
	return json_object_get(list);
}

static struct json_object *write_values(const struct pcr_values *values)
{
	own_json struct json_object *o = json_object_new_object();

	for (unsigned i = 0; i < pcr_count; i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "%u", i);
		if (values->mask & 1U << i &&
		    json_set_hex(o, name, values->value[i],
				 digest_size(values->bank)) < 0)
			return NULL;
	}
	return json_object_get(o);
}

static struct json_object *write_entry(const struct signature *e)
{
	own_json struct json_object *o = json_object_new_object();
	own_free char *sig = base64_encode(&e->sig);

	if (!sig || json_set(o, "pcrs", write_mask(e->mask)) < 0 ||
	    json_set_hex(o, "pkfp", e->fingerprint, sizeof(e->fingerprint)) <
		    0 ||
	    json_set_hex(o, "pol", e->policy.digest, sizeof(e->policy.digest)) <
		    0 ||
	    json_set_string(o, "sig", sig) < 0)
		return NULL;
	if (e->release && json_set_u64(o, "release", e->release) < 0)
		return NULL;
	if (e->values.mask &&
	    json_set(o, "values", write_values(&e->values)) < 0)
		return NULL;
	return json_object_get(o);
}

static struct json_object *write_bank(const struct signatures *s,
				      enum digest_alg bank)
{
	own_json struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < s->n; i++)
		if (s->entry[i].bank == bank &&
		    json_append(list, write_entry(&s->entry[i])) < 0)
			return NULL;
	return json_object_get(list);
}

int signatures_write(const struct signatures *s, struct bytes *ret)
{
	own_json struct json_object *o = json_object_new_object();
	unsigned banks = 0;

	for (size_t i = 0; i < s->n; i++)
		banks |= 1U << s->entry[i].bank;
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (banks & 1U << a &&
		    json_set(o, digest_name(a), write_bank(s, a)) < 0)
			return -ENOMEM;
	return json_write(o, ret);
}
