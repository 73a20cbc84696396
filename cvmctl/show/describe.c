// SPDX-License-Identifier: MIT
/* The describers of describe.h. What they read is not trusted. */
#include <errno.h>
#include <string.h>

#include "cvmctl/image/compress.h"
#include "cvmctl/image/image.h"
#include "cvmctl/show/describe.h"
#include "lib/own.h"
#include "seal/luks/luks.h"
#include "seal/luks/make.h"
#include "seal/luks/token.h"
#include "seal/object/pcr.h"
#include "seal/object/release-key.h"
#include "seal/object/sealed-object.h"

static int out_of_memory(struct fail *f)
{
	return fail_errno(f, ENOMEM, "free memory", "write the answer");
}

struct json_object *inspect_pcrs(uint32_t mask)
{
	own_json struct json_object *array = json_object_new_array();

	for (int i = 0; array && i < pcr_count; i++)
		if (mask & 1U << i &&
		    json_append(array, json_object_new_int(i)) < 0)
			return NULL;
	return json_object_get(array);
}

/* Where the TPM has to find the parent of the key, and how. */
static const char *form_of(const struct sealed_key *key,
			   const struct sealed_object *object)
{
	if (!key->srk.len)
		return "legacy";
	return object->seed.at ? "offline" : "online";
}

int inspect_set_srk(struct json_object *o, const struct sealed_key *key)
{
	struct srk_record srk;

	if (srk_record_parse(&key->srk, &srk) < 0)
		return 0; /* a legacy one: the parser let no other pass */
	return json_set_hex(o, "srk-name", srk.name, tpm_name_size);
}

int inspect_set_signer(struct json_object *o, const struct sealed_key *key)
{
	own_release_key struct release_key signer = { 0 };

	if (!key->signed_mask)
		return 0;
	if (release_key_parse(&key->signer, &signer) < 0)
		return json_set_string(o, "release-key", "unknown");
	return json_set_hex(o, "release-key", signer.fingerprint,
			    sizeof(signer.fingerprint));
}

/* What a release key signs, if anything. */
static int set_signed(struct json_object *o, const struct sealed_key *key)
{
	if (!key->signed_mask)
		return 0;
	if (json_set(o, "signed-pcrs", inspect_pcrs(key->signed_mask)) < 0)
		return -ENOMEM;
	return inspect_set_signer(o, key);
}

static int set_key(struct json_object *o, const struct sealed_key *key,
		   int keyslot, const struct sealed_object *object)
{
	if (json_set_u64(o, "keyslot", (uint64_t)keyslot) < 0 ||
	    json_set_string(o, "form", form_of(key, object)) < 0 ||
	    json_set_string(o, "bank", digest_name(key->bank)) < 0 ||
	    json_set(o, "pcrs", inspect_pcrs(key->pcr_mask)) < 0 ||
	    set_signed(o, key) < 0 ||
	    json_set_hex(o, "policy", key->policy_digest,
			 sizeof(key->policy_digest)) < 0 ||
	    inspect_set_srk(o, key) < 0 ||
	    json_set_u64(o, "blob-size", key->blob.len) < 0)
		return -ENOMEM;
	return 0;
}

/* One token of a volume; what it lacks is not a failure of inspect's. */
static struct json_object *describe_token(struct luks *l, int token)
{
	own_json struct json_object *o = json_object_new_object();
	own_sealed_key struct sealed_key key = { 0 };
	struct sealed_object object;
	struct fail f = { 0 };
	const char *why = f.reason;
	int keyslot = 0;

	if (json_set_u64(o, "token", (uint64_t)token) < 0)
		return NULL;
	if (luks_read_token(l, token, &key, &keyslot, &f) == 0)
		why = sealed_object_parse(&key, &object);
	if ((why ? json_set_string(o, "refused", why)
		 : set_key(o, &key, keyslot, &object)) < 0)
		return NULL;
	return json_object_get(o);
}

static struct json_object *describe_tokens(struct luks *l)
{
	own_json struct json_object *array = json_object_new_array();

	for (int i = luks_next_token(l, -1); array && i >= 0;
	     i = luks_next_token(l, i))
		if (json_append(array, describe_token(l, i)) < 0)
			return NULL;
	return json_object_get(array);
}

/* A disk does not say whose the key of a keyslot without a token is. */
static const char no_token[] =
	"no token: a key in a file, a passphrase, or a broker's";

static struct json_object *describe_keyslot(struct luks *l, int keyslot)
{
	own_json struct json_object *o = json_object_new_object();
	int token = luks_keyslot_token(l, keyslot);

	if (json_set_u64(o, "keyslot", (uint64_t)keyslot) < 0 ||
	    (token >= 0 ? json_set_u64(o, "token", (uint64_t)token)
			: json_set_string(o, "opened-by", no_token)) < 0)
		return NULL;
	return take_ptr(o);
}

static struct json_object *describe_keyslots(struct luks *l)
{
	own_json struct json_object *array = json_object_new_array();

	for (int i = luks_next_keyslot(l, -1); array && i >= 0;
	     i = luks_next_keyslot(l, i))
		if (json_append(array, describe_keyslot(l, i)) < 0)
			return NULL;
	return take_ptr(array);
}

int inspect_disk(const char *path, struct json_object **ret, struct fail *f)
{
	own_json struct json_object *o = json_object_new_object();
	own_luks struct luks *l = NULL;
	int r = luks_open(path, &l, f);

	if (r < 0)
		return r;
	if (json_set_string(o, "kind", "LUKS2 volume") < 0 ||
	    json_set_string(o, "uuid", luks_uuid(l)) < 0 ||
	    json_set(o, "tokens", describe_tokens(l)) < 0 ||
	    json_set(o, "keyslots", describe_keyslots(l)) < 0)
		return out_of_memory(f);
	*ret = take_ptr(o);
	return 0;
}

int inspect_token(const char *json, struct json_object **ret, struct fail *f)
{
	own_json struct json_object *o = json_object_new_object();
	own_sealed_key struct sealed_key key = { 0 };
	struct sealed_object object;
	const char *why;
	int keyslot = 0;
	int r;

	r = token_parse(json, &key, &keyslot, f);
	if (r < 0)
		return r;
	why = sealed_object_parse(&key, &object);
	if (why)
		return fail_because(f, why, "seal the key with cvmctl seal",
				    "read the TPM token");
	if (json_set_string(o, "kind", TOKEN_TYPE " token") < 0 ||
	    set_key(o, &key, keyslot, &object) < 0)
		return out_of_memory(f);
	*ret = take_ptr(o);
	return 0;
}

int inspect_initramfs(const char *path, const struct bytes *content,
		      struct json_object **ret, struct fail *f)
{
	own_json struct json_object *o = json_object_new_object();
	own_bytes struct bytes unpacked = { 0 };
	own_cpio struct cpio c = { 0 };
	bool packed = compress_is_zstd(content->data, content->len);
	int r = packed ? compress_unpack_zstd(content, initramfs_max, &unpacked)
		       : bytes_copy(content->data, content->len, &unpacked);

	if (r == 0)
		r = cpio_read(unpacked.data, unpacked.len, &c);
	if (r < 0)
		return fail_errno(f, r, "give an initramfs of cvmctl build",
				  "unpack %s", path);
	if (json_set_string(o, "kind", "initramfs") < 0 ||
	    json_set_u64(o, "size", content->len) < 0 ||
	    json_set_u64(o, "unpacked-size", unpacked.len) < 0 ||
	    json_set(o, "files", image_files_to_json(&c)) < 0)
		return out_of_memory(f);
	*ret = take_ptr(o);
	return 0;
}
