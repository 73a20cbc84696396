// SPDX-License-Identifier: MIT
/*
 * See token.h. A token comes from the header of a disk that the host may
 * have written: nothing in it is trusted, and a field that is not in the
 * table below is refused, since it may change what the others mean. That it
 * is the right token shows only when the TPM releases a key by it.
 */
#include "seal/luks/token.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/own.h"
#include "lib/strict-json.h"
#include "lib/text.h"
#include "seal/object/json-values.h"
#include "seal/object/release-key.h"

static const char what_read[] = "read the TPM token";
static const char seal_again[] = "seal the key with cvmctl seal";
static const char more_memory[] = "give the VM more memory";

enum {
	token_depth_max = 4, /* object, array, string, and one to spare */
	keyslot_max = 31,    /* LUKS2_KEYSLOTS_MAX of libcryptsetup, less 1 */
};

struct token {
	struct sealed_key key;
	int keyslot;
};

static void token_free(struct token *t)
{
	sealed_key_free(&t->key);
}

#define own_token __attribute__((cleanup(token_free)))

/* Not a refusal: whether the value is sound is not known. */
static const char no_memory[] = "";

/* Takes a field's value; NULL, or why it is refused, or no_memory. */
typedef const char *read_fn(struct json_object *value, struct token *ret);

/* The refusal for a value whose reading returned r. */
static const char *refusal(int r, const char *why)
{
	if (r == 0)
		return NULL;
	return r == -ENOMEM ? no_memory : why;
}

static const char *read_type(struct json_object *value, struct token *ret)
{
	const char *s = json_value_string(value);

	(void)ret;
	return s && strcmp(s, TOKEN_TYPE) == 0 ? NULL : "it is not for a TPM";
}

static const char *read_keyslot(struct json_object *value, struct token *ret)
{
	const char *s = json_value_string(json_value_only(value));
	uint64_t slot;

	if (!json_object_is_type(value, json_type_array) || !s ||
	    text_parse_u64(s, keyslot_max, &slot) < 0)
		return "it does not name one keyslot";
	ret->keyslot = (int)slot;
	return NULL;
}

/* systemd 257 and later may write a list of one where others write it bare. */
static const char *read_blob(struct json_object *value, struct token *ret)
{
	if (json_object_is_type(value, json_type_array) &&
	    json_object_array_length(value) > 1)
		return "its key is in several shards";
	return refusal(json_value_base64(json_value_only(value), token_json_max,
					 &ret->key.blob),
		       "its tpm2-blob is not base64");
}

static const char *read_pcrs(struct json_object *value, struct token *ret)
{
	if (!json_object_is_type(value, json_type_array))
		return "its tpm2-pcrs is not a list";
	return refusal(json_value_pcrs(value, &ret->key.pcr_mask),
		       "its tpm2-pcrs are not PCRs from 0 to 23");
}

static const char *read_bank(struct json_object *value, struct token *ret)
{
	return refusal(json_value_bank(value, &ret->key.bank),
		       "its PCR bank is none of SHA-1 and SHA-2");
}

static const char *read_signed_pcrs(struct json_object *value,
				    struct token *ret)
{
	return refusal(json_value_pcrs(value, &ret->key.signed_mask),
		       "its tpm2_pubkey_pcrs are not PCRs from 0 to 23");
}

static const char *read_signer(struct json_object *value, struct token *ret)
{
	own_release_key struct release_key key = { 0 };
	int r = json_value_base64(value, token_json_max, &ret->key.signer);

	if (r == 0)
		r = release_key_parse(&ret->key.signer, &key);
	return refusal(r, "its release key is neither RSA nor on P-256");
}

static const char *read_expected(struct json_object *value, struct token *ret)
{
	return refusal(json_value_pcr_values(value, &ret->key.expected),
		       "its cvm-init-pcrs are not PCR values of one bank");
}

/* With an SRK record it is that one which counts. */
static const char *read_primary_alg(struct json_object *value,
				    struct token *ret)
{
	const char *s = json_value_string(value);

	ret->key.rsa_primary = s && strcmp(s, "rsa") == 0;
	return ret->key.rsa_primary || (s && strcmp(s, "ecc") == 0)
		       ? NULL
		       : "its primary key is neither ECC nor RSA";
}

static const char *read_policy(struct json_object *value, struct token *ret)
{
	return refusal(json_value_hex(json_value_only(value),
				      sizeof(ret->key.policy_digest),
				      ret->key.policy_digest),
		       "its policy digest is not that of one SHA-256 policy");
}

static const char *read_srk(struct json_object *value, struct token *ret)
{
	struct srk_record srk;
	int r = json_value_base64(value, token_json_max, &ret->key.srk);

	if (r == 0)
		r = srk_record_parse(&ret->key.srk, &srk);
	return refusal(r, "its tpm2_srk is not that of SRK 0x81000001");
}

/* Accepts what stands for "not used": false and []. */
static bool is_unused(struct json_object *value)
{
	if (json_object_is_type(value, json_type_boolean))
		return !json_object_get_boolean(value);
	return json_object_is_type(value, json_type_array) &&
	       json_object_array_length(value) == 0;
}

static const char *refuse_pin(struct json_object *value, struct token *ret)
{
	(void)ret;
	return is_unused(value) ? NULL : "it needs a PIN";
}

static const char *refuse_pcrlock(struct json_object *value, struct token *ret)
{
	(void)ret;
	return is_unused(value) ? NULL : "it needs a pcrlock policy";
}

static const char *refuse_reference(struct json_object *value,
				    struct token *ret)
{
	(void)ret;
	return is_unused(value) ? NULL : "it needs a policy reference";
}

static const struct field {
	const char *name;
	read_fn *read;
	bool required;
} fields[] = {
	{ "type", read_type, true },
	{ "keyslots", read_keyslot, true },
	{ "tpm2-blob", read_blob, true },
	{ "tpm2-pcrs", read_pcrs, true },
	{ "tpm2-pcr-bank", read_bank, false }, /* systemd 250 and later */
	{ "tpm2-primary-alg", read_primary_alg, false },
	{ "tpm2-policy-hash", read_policy, true },
	{ "tpm2_srk", read_srk, false }, /* systemd 254 and later */
	{ "tpm2-pin", refuse_pin, false },
	{ "tpm2_salt", refuse_pin, false },
	{ "tpm2_argon2id_memcost", refuse_pin, false },
	{ "tpm2_argon2id_iterations", refuse_pin, false },
	{ "tpm2_argon2id_lanes", refuse_pin, false },
	{ "tpm2_pcrlock", refuse_pcrlock, false },
	{ "tpm2_pcrlock_nv", refuse_pcrlock, false },
	{ "tpm2_pubkey", read_signer, false },
	{ "tpm2_pubkey_pcrs", read_signed_pcrs, false },
	{ "tpm2_pubkey_ref", refuse_reference, false },
	{ "cvm-init-pcrs", read_expected, false }, /* ours: see formats.md */
};

static const struct field *find_field(const char *name)
{
	for (size_t i = 0; i < array_size(fields); i++)
		if (strcmp(name, fields[i].name) == 0)
			return &fields[i];
	return NULL;
}

static int refuse(struct fail *f, const char *reason)
{
	return fail_because(f, reason, seal_again, "%s", what_read);
}

static int read_fields(struct json_object *object, struct token *ret,
		       struct fail *f)
{
	unsigned seen = 0;

	json_object_object_foreach(object, name, value)
	{
		const struct field *field = find_field(name);
		const char *why;

		if (!field) {
			(void)refuse(f, "");
			return fail_reason(f, "its field %s is not known",
					   name);
		}
		why = field->read(value, ret);
		if (why == no_memory)
			return fail_errno(f, ENOMEM, more_memory, "%s",
					  what_read);
		if (why)
			return refuse(f, why);
		seen |= 1U << (field - fields);
	}
	for (size_t i = 0; i < array_size(fields); i++) {
		if (!fields[i].required || seen & 1U << i)
			continue;
		(void)refuse(f, "");
		return fail_reason(f, "it has no %s", fields[i].name);
	}
	return 0;
}

/* What no field can say alone. */
static int check_policy(const struct sealed_key *key, struct fail *f)
{
	if (!(key->pcr_mask | key->signed_mask))
		return refuse(f, "it is bound to no PCR");
	if (key->signed_mask && !key->signer.len)
		return refuse(f, "it has no tpm2_pubkey");
	if (key->signer.len && !key->signed_mask)
		return refuse(f, "its release key signs no PCR");
	return 0;
}

int token_parse(const char *json, struct sealed_key *ret, int *ret_keyslot,
		struct fail *f)
{
	own_json struct json_object *object = NULL;
	/*
	 * Where systemd would look which bank the TPM has: another bank than
	 * this one only means that the policy differs.
	 */
	own_token struct token token = { .key.bank = DIGEST_SHA256 };
	int r = strict_json_parse(json, token_json_max, token_depth_max,
				  &object);

	if (r == -ENOMEM)
		return fail_errno(f, r, more_memory, "%s", what_read);
	if (r == -EFBIG)
		return refuse(f, "it is longer than 64 KiB");
	if (r < 0)
		return refuse(f, "it is not a JSON object");
	r = read_fields(object, &token, f);
	if (r == 0)
		r = check_policy(&token.key, f);
	if (r < 0)
		return r;
	*ret = take_sealed_key(&token.key);
	*ret_keyslot = token.keyslot;
	return 0;
}

int token_passphrase(const struct secret *unsealed, struct secret *ret)
{
	size_t len = base64_length(unsealed->len);
	struct secret passphrase;
	int r = secret_alloc(len + 1, &passphrase); /* and OpenSSL's NUL */

	if (r < 0)
		return r;
	(void)EVP_EncodeBlock(passphrase.data, unsealed->data,
			      (int)unsealed->len); /* cannot fail */
	passphrase.len = len;
	*ret = passphrase;
	return 0;
}
