// SPDX-License-Identifier: MIT
/*
 * See exchange.h. The identity comes from a VM that nobody trusts yet, and the
 * challenge may come from anywhere.
 */
#include "evidence/exchange/exchange.h"

#include <errno.h>
#include <string.h>

#include "evidence/signed/challenge.h"
#include "lib/base64.h"
#include "lib/own.h"
#include "lib/strict-json.h"
#include "seal/object/credential.h"
#include "seal/object/identity-public.h"
#include "seal/object/json-values.h"

enum { depth_max = 2 };

static const char what_identity[] = "read the identity";
static const char what_challenge[] = "read the challenge";
static const char other_identity[] =
	"take the identity from cvmctl evidence --identity";
static const char other_challenge[] =
	"take the challenge from cvmctl challenge";

/* An object of ours, of that type and schema. */
static int parse(const struct bytes *text, size_t max, const char *type,
		 struct json_object **ret)
{
	own_json struct json_object *o = NULL;
	int r;

	if (text->len > max)
		return -EFBIG;
	if (!text->len || strlen((const char *)text->data) != text->len)
		return -EINVAL;
	r = strict_json_parse((const char *)text->data, max, depth_max, &o);
	if (r < 0)
		return r;
	if (strcmp(json_get_string(o, "type"), type) != 0 ||
	    !json_object_is_type(json_get(o, "schema"), json_type_int) ||
	    json_object_get_int64(json_get(o, "schema")) != evidence_schema)
		return -EINVAL;
	*ret = take_ptr(o);
	return 0;
}

/* Base64 of at most max bytes, which has to be there. */
static int read_part(struct json_object *o, const char *key, size_t max,
		     struct bytes *ret)
{
	return json_value_base64(json_get(o, key), base64_length(max), ret);
}

static int fail_text(int err, const char *what, const char *remedy,
		     struct fail *f)
{
	if (err == -EINVAL)
		return fail_because(f, "it is damaged, or something else",
				    remedy, "%s", what);
	return fail_errno(f, err,
			  err == -ENOMEM ? "give the VM more memory" : remedy,
			  "%s", what);
}

int identity_read_json(const struct bytes *text, struct evidence_tpm *ret,
		       struct fail *f)
{
	own_evidence_tpm struct evidence_tpm t = { 0 };
	own_json struct json_object *o = NULL;
	int r = parse(text, identity_json_max, EVIDENCE_TYPE_IDENTITY, &o);

	if (r == 0)
		r = read_part(o, "ek", evidence_public_max, &t.ek);
	if (r == 0 && json_get(o, "ek-certificate"))
		r = read_part(o, "ek-certificate", evidence_certificate_max,
			      &t.ek_certificate);
	if (r == 0)
		r = read_part(o, "ak", evidence_public_max, &t.ak);
	if (r == 0)
		r = read_part(o, "srk", evidence_public_max, &t.srk);
	if (r < 0)
		return fail_text(r, what_identity, other_identity, f);
	*ret = t;
	t = (struct evidence_tpm){ 0 };
	return 0;
}

void challenge_free(struct challenge *c)
{
	bytes_free(&c->id_object);
	bytes_free(&c->secret);
}

int challenge_make(const struct evidence_tpm *identity,
		   const uint8_t random[static 32], struct challenge *ret,
		   struct fail *f)
{
	own_secret struct secret nonce = { 0 };
	struct srk_public ek;
	struct tpm_public ak;
	int r = ek_public_parse(&identity->ek, &ek, f);

	if (r == 0)
		r = ak_public_parse(&identity->ak, &ak, f);
	if (r < 0)
		return r;
	r = secret_alloc(challenge_size, &nonce);
	if (r == 0)
		r = challenge_nonce(random, &identity->ek, &identity->ak,
				    nonce.data);
	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "make a challenge");
	return credential_make(&ek, ak.name, &nonce, &ret->id_object,
			       &ret->secret, f);
}

int challenge_read_json(const struct bytes *text, struct challenge *ret,
			struct fail *f)
{
	own_challenge struct challenge c = { 0 };
	own_json struct json_object *o = NULL;
	int r = parse(text, challenge_json_max, EVIDENCE_TYPE_CHALLENGE, &o);

	if (r == 0)
		r = read_part(o, "credential", challenge_part_max,
			      &c.id_object);
	if (r == 0)
		r = read_part(o, "secret", challenge_part_max, &c.secret);
	if (r < 0)
		return fail_text(r, what_challenge, other_challenge, f);
	*ret = c;
	c = (struct challenge){ 0 };
	return 0;
}

int challenge_write_json(const struct challenge *c, const char *by,
			 struct bytes *ret)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "type", EVIDENCE_TYPE_CHALLENGE) < 0 ||
	    json_set_u64(o, "schema", evidence_schema) < 0 ||
	    json_set_string(o, "created-by", by) < 0 ||
	    json_set_base64(o, "credential", &c->id_object) < 0 ||
	    json_set_base64(o, "secret", &c->secret) < 0)
		return -ENOMEM;
	return json_write(o, ret);
}
