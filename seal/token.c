// SPDX-License-Identifier: MIT
/*
 * See token.h. A token comes from the header of a disk that the host may
 * have written: nothing in it is trusted, and a field that is not in the
 * table below is refused, since it may change what the others mean. That it
 * is the right token shows only when the TPM releases a key by it.
 */
#include "seal/token.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/pcr.h"
#include "seal/strict-json.h"

static const char what_read[] = "read the TPM token";
static const char what_write[] = "write the TPM token";
static const char seal_again[] = "seal the key with cvmctl seal";
static const char more_memory[] = "give the VM more memory";

enum {
	token_depth_max = 4,  /* object, array, string, and one to spare */
	keyslot_max = 31,     /* LUKS2_KEYSLOTS_MAX of libcryptsetup, less 1 */
	tpm_alg_rsa = 0x0001, /* TCG Part 2, 6.3 */
	tpm_alg_ecc = 0x0023,
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

/* A string without NULs inside, or NULL. */
static const char *as_string(struct json_object *value)
{
	const char *s;

	if (!json_object_is_type(value, json_type_string))
		return NULL;
	s = json_object_get_string(value);
	return strlen(s) == (size_t)json_object_get_string_len(value) ? s
								      : NULL;
}

/* systemd 257 and later may write a list of one where others write it bare. */
static struct json_object *only_element(struct json_object *value)
{
	if (json_object_is_type(value, json_type_array) &&
	    json_object_array_length(value) == 1)
		return json_object_array_get_idx(value, 0);
	return value;
}

/* Base64 that fills *ret once, whatever the token repeats. */
static int read_base64(const char *s, struct bytes *ret)
{
	bytes_free(ret);
	return s ? base64_decode(s, token_json_max, ret) : -EINVAL;
}

/* The refusal for a value whose reading returned r. */
static const char *refusal(int r, const char *why)
{
	if (r == 0)
		return NULL;
	return r == -ENOMEM ? no_memory : why;
}

static const char *read_type(struct json_object *value, struct token *ret)
{
	const char *s = as_string(value);

	(void)ret;
	return s && strcmp(s, TOKEN_TYPE) == 0 ? NULL : "it is not for a TPM";
}

static const char *read_keyslot(struct json_object *value, struct token *ret)
{
	const char *s = as_string(only_element(value));
	uint64_t slot;

	if (!json_object_is_type(value, json_type_array) || !s ||
	    text_parse_u64(s, keyslot_max, &slot) < 0)
		return "it does not name one keyslot";
	ret->keyslot = (int)slot;
	return NULL;
}

static const char *read_blob(struct json_object *value, struct token *ret)
{
	const char *s = as_string(only_element(value));

	if (json_object_is_type(value, json_type_array) &&
	    json_object_array_length(value) > 1)
		return "its key is in several shards";
	return refusal(read_base64(s, &ret->key.blob),
		       "its tpm2-blob is not base64");
}

static const char *read_pcrs(struct json_object *value, struct token *ret)
{
	uint32_t mask = 0;

	if (!json_object_is_type(value, json_type_array))
		return "its tpm2-pcrs is not a list";
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		struct json_object *pcr = json_object_array_get_idx(value, i);
		int64_t n = json_object_get_int64(pcr);

		if (!json_object_is_type(pcr, json_type_int) || n < 0 ||
		    n >= pcr_count || mask & 1U << n)
			return "its tpm2-pcrs are not PCRs from 0 to 23";
		mask |= 1U << n;
	}
	ret->key.pcr_mask = mask;
	return mask ? NULL : "it is bound to no PCR";
}

static const char *read_bank(struct json_object *value, struct token *ret)
{
	const char *s = as_string(value);
	int bank = s ? digest_from_name(s) : -EINVAL;

	if (bank < 0)
		return "its PCR bank is none of SHA-1 and SHA-2";
	ret->key.bank = (enum digest_alg)bank;
	return NULL;
}

/* Says what the SRK record says too, which is what counts. */
static const char *read_primary_alg(struct json_object *value,
				    struct token *ret)
{
	const char *s = as_string(value);

	(void)ret;
	return s && (strcmp(s, "ecc") == 0 || strcmp(s, "rsa") == 0)
		       ? NULL
		       : "its primary key is neither ECC nor RSA";
}

static const char *read_policy(struct json_object *value, struct token *ret)
{
	const char *s = as_string(only_element(value));
	size_t len = 0;

	if (!s ||
	    hex_decode(s, sizeof(ret->key.policy_digest),
		       ret->key.policy_digest, &len) < 0 ||
	    len != sizeof(ret->key.policy_digest))
		return "its policy digest is not that of one SHA-256 policy";
	return NULL;
}

static const char *read_srk(struct json_object *value, struct token *ret)
{
	struct srk_record srk;
	int r = read_base64(as_string(value), &ret->key.srk);

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

static const char *refuse_signed(struct json_object *value, struct token *ret)
{
	(void)ret;
	return is_unused(value) ? NULL : "it needs a signed PCR policy";
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
	{ "tpm2-pcr-bank", read_bank, true },
	{ "tpm2-primary-alg", read_primary_alg, false },
	{ "tpm2-policy-hash", read_policy, true },
	{ "tpm2_srk", read_srk, true }, /* systemd 254 and later */
	{ "tpm2-pin", refuse_pin, false },
	{ "tpm2_salt", refuse_pin, false },
	{ "tpm2_argon2id_memcost", refuse_pin, false },
	{ "tpm2_argon2id_iterations", refuse_pin, false },
	{ "tpm2_argon2id_lanes", refuse_pin, false },
	{ "tpm2_pcrlock", refuse_pcrlock, false },
	{ "tpm2_pcrlock_nv", refuse_pcrlock, false },
	{ "tpm2_pubkey", refuse_signed, false },
	{ "tpm2_pubkey_pcrs", refuse_signed, false },
	{ "tpm2_pubkey_ref", refuse_signed, false },
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

int token_parse(const char *json, struct sealed_key *ret, int *ret_keyslot,
		struct fail *f)
{
	own_json struct json_object *object = NULL;
	own_token struct token token = { 0 };
	int r = strict_json_parse(json, token_json_max, token_depth_max,
				  &object);

	if (r == -ENOMEM)
		return fail_errno(f, r, more_memory, "%s", what_read);
	if (r == -EFBIG)
		return refuse(f, "it is longer than 64 KiB");
	if (r < 0)
		return refuse(f, "it is not a JSON object");
	r = read_fields(object, &token, f);
	if (r < 0)
		return r;
	*ret = take_sealed_key(&token.key);
	*ret_keyslot = token.keyslot;
	return 0;
}

static void add_pcrs(struct text *t, uint32_t mask)
{
	const char *separator = "";

	for (unsigned i = 0; i < pcr_count; i++) {
		if (!(mask & 1U << i))
			continue;
		text_add(t, "%s%u", separator, i);
		separator = ",";
	}
}

/* The values are digits, hex and base64: none needs quoting in JSON. */
int token_format(const struct sealed_key *key, int keyslot, char **ret,
		 struct fail *f)
{
	own_free char *blob = base64_encode(&key->blob);
	own_free char *srk = base64_encode(&key->srk);
	own_text struct text t = { 0 };
	struct srk_record record;
	char policy[2 * sizeof(key->policy_digest) + 1];

	if (srk_record_parse(&key->srk, &record) < 0 ||
	    (record.type != tpm_alg_ecc && record.type != tpm_alg_rsa))
		return fail_because(f, "its SRK is neither ECC nor RSA",
				    seal_again, "%s", what_write);
	hex_encode(key->policy_digest, sizeof(key->policy_digest), policy);
	text_add(&t, "{\"type\":\"" TOKEN_TYPE "\",\"keyslots\":[\"%d\"]",
		 keyslot);
	text_add(&t, ",\"tpm2-blob\":\"%s\",\"tpm2-pcrs\":[", blob ? blob : "");
	add_pcrs(&t, key->pcr_mask);
	text_add(&t, "],\"tpm2-pcr-bank\":\"%s\"", digest_name(key->bank));
	text_add(&t, ",\"tpm2-primary-alg\":\"%s\"",
		 record.type == tpm_alg_ecc ? "ecc" : "rsa");
	text_add(&t, ",\"tpm2-policy-hash\":\"%s\",\"tpm2_srk\":\"%s\"}",
		 policy, srk ? srk : "");
	if (!blob || !srk || text_failed(&t))
		return fail_errno(f, ENOMEM, more_memory, "%s", what_write);
	*ret = take_ptr(t.s);
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
