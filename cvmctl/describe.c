// SPDX-License-Identifier: MIT
/* The describers of inspect.h. What they read is not trusted. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/command.h"
#include "cvmctl/compress.h"
#include "cvmctl/image.h"
#include "cvmctl/inspect.h"
#include "cvmctl/manifest.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "seal/luks.h"
#include "seal/pcr.h"
#include "seal/token.h"

static int out_of_memory(struct fail *f)
{
	return fail_errno(f, ENOMEM, "free memory", "write the answer");
}

static struct json_object *write_pcrs(uint32_t mask)
{
	own_json struct json_object *array = json_object_new_array();

	for (int i = 0; array && i < pcr_count; i++)
		if (mask & 1U << i &&
		    json_append(array, json_object_new_int(i)) < 0)
			return NULL;
	return json_object_get(array);
}

/* The name of the SRK that can load the key: it is the TPM's fingerprint. */
static int set_srk(struct json_object *o, const struct sealed_key *key)
{
	struct srk_record srk;

	if (srk_record_parse(&key->srk, &srk) < 0)
		return json_set_string(o, "srk-name", "malformed");
	return json_set_hex(o, "srk-name", srk.name, srk_name_size);
}

static struct json_object *write_key(const struct sealed_key *key, int keyslot)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_u64(o, "keyslot", (uint64_t)keyslot) < 0 ||
	    json_set_string(o, "bank", digest_name(key->bank)) < 0 ||
	    json_set(o, "pcrs", write_pcrs(key->pcr_mask)) < 0 ||
	    json_set_hex(o, "policy", key->policy_digest,
			 sizeof(key->policy_digest)) < 0 ||
	    set_srk(o, key) < 0 ||
	    json_set_u64(o, "blob-size", key->blob.len) < 0)
		return NULL;
	return json_object_get(o);
}

static int describe_key(const char *kind, const char *uuid,
			const struct sealed_key *key, int keyslot,
			struct json_object **ret)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "kind", kind) < 0 ||
	    (uuid && json_set_string(o, "uuid", uuid) < 0) ||
	    json_set(o, "sealed-key", write_key(key, keyslot)) < 0)
		return -ENOMEM;
	*ret = take_ptr(o);
	return 0;
}

int inspect_disk(const char *path, struct json_object **ret, struct fail *f)
{
	own_sealed_key struct sealed_key key = { 0 };
	own_luks struct luks *l = NULL;
	int keyslot = 0;
	int r = luks_open(path, &l, f);

	if (r == 0)
		r = luks_read_token(l, &key, &keyslot, f);
	if (r < 0)
		return r;
	r = describe_key("LUKS2 volume", luks_uuid(l), &key, keyslot, ret);
	return r < 0 ? out_of_memory(f) : 0;
}

int inspect_token(const char *path, const char *json, struct json_object **ret,
		  struct fail *f)
{
	own_sealed_key struct sealed_key key = { 0 };
	int keyslot = 0;
	int r;

	if (strlen(json) > token_json_max)
		return fail_errno(f, EFBIG, "give a token", "read %s", path);
	r = token_parse(json, &key, &keyslot, f);
	if (r < 0)
		return r;
	r = describe_key(TOKEN_TYPE " token", NULL, &key, keyslot, ret);
	return r < 0 ? out_of_memory(f) : 0;
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

/* Compares one file of an image with what its manifest says. */
static int check_file(const char *image, struct json_object *manifest,
		      const char *part, const char *name, struct fail *f)
{
	struct json_object *o = NULL;
	struct json_object *want = NULL;
	struct image_file file = { 0 };
	char path[PATH_MAX];
	char hex[2 * digest_size_max + 1];
	int r;

	(void)json_object_object_get_ex(manifest, part, &o);
	(void)json_object_object_get_ex(o, "sha256", &want); /* NULL: none */
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", image, name) >=
	    sizeof(path))
		return fail_errno(f, ENAMETOOLONG, "choose a shorter path",
				  "read %s", image);
	r = image_digest_file(path, &file);
	if (r < 0)
		return fail_errno(f, r, "build the image again", "read %s",
				  path);
	hex_encode(file.digests.value[DIGEST_SHA256],
		   digest_size(DIGEST_SHA256), hex);
	if (!want || strcmp(hex, json_object_get_string(want)) != 0)
		return fail_because(f, "it is not what the manifest describes",
				    "build the image again", "accept %s", path);
	return 0;
}

int inspect_image(const char *path, struct json_object **ret, struct fail *f)
{
	static const struct {
		const char *part;
		const char *name;
	} files[] = {
		{ "kernel", IMAGE_KERNEL },
		{ "cmdline", IMAGE_CMDLINE },
		{ "initramfs", IMAGE_INITRAMFS },
		{ "root", IMAGE_ROOT },
	};
	own_json struct json_object *manifest = NULL;
	int r = manifest_read(path, &manifest, f);

	for (size_t i = 0; r == 0 && i < array_size(files); i++)
		r = check_file(path, manifest, files[i].part, files[i].name, f);
	if (r == 0)
		*ret = take_ptr(manifest);
	return r;
}
