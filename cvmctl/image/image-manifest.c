// SPDX-License-Identifier: MIT
/*
 * The manifest of image.h: what a verifier needs to know about an image, and
 * nothing about the machine that built it. Its fields are documented in
 * docs/formats.md.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cvmctl/image/image.h"
#include "lib/json.h"
#include "lib/own.h"

enum { schema_version = 1 };

static int set_digests(struct json_object *o, const struct digest_set *d)
{
	for (unsigned i = 0; i < DIGEST_ALG_COUNT; i++) {
		enum digest_alg alg = (enum digest_alg)i;

		if (d->algs & 1U << i &&
		    json_set_hex(o, digest_name(alg), d->value[alg],
				 digest_size(alg)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static struct json_object *write_file(const char *name,
				      const struct image_file *file)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "file", name) < 0 ||
	    json_set_u64(o, "size", file->size) < 0 ||
	    set_digests(o, &file->digests) < 0)
		return NULL;
	return json_object_get(o);
}

static struct json_object *write_authenticode(const struct digest_set *d)
{
	own_json struct json_object *o = json_object_new_object();

	return !o || set_digests(o, d) < 0 ? NULL : json_object_get(o);
}

static struct json_object *write_kernel(const struct image *i)
{
	own_json struct json_object *o = write_file(IMAGE_KERNEL, &i->kernel);

	if (json_set_string(o, "version", i->kernel_version) < 0 ||
	    (i->kernel_authenticode.algs &&
	     json_set(o, "authenticode",
		      write_authenticode(&i->kernel_authenticode)) < 0))
		return NULL;
	return json_object_get(o);
}

static struct json_object *write_cmdline(const struct image *i)
{
	own_json struct json_object *o = write_file(IMAGE_CMDLINE, &i->cmdline);

	return json_set_string(o, "text", i->cmdline_text) < 0
		       ? NULL
		       : json_object_get(o);
}

static struct json_object *write_entry(const struct cpio_entry *e)
{
	own_json struct json_object *o = json_object_new_object();
	struct digest_set digest;
	char mode[16];

	(void)snprintf(mode, sizeof(mode), "%07o", e->mode); /* fits */
	if (json_set_string(o, "path", e->path) < 0 ||
	    json_set_string(o, "mode", mode) < 0)
		return NULL;
	if (S_ISREG(e->mode) &&
	    (digest_data(1U << DIGEST_SHA256, e->content.data, e->content.len,
			 &digest) < 0 ||
	     json_set_u64(o, "size", e->content.len) < 0 ||
	     set_digests(o, &digest) < 0))
		return NULL;
	return json_object_get(o);
}

struct json_object *image_files_to_json(const struct cpio *c)
{
	own_json struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < c->n; i++)
		if (json_append(array, write_entry(&c->entry[i])) < 0)
			return NULL;
	return json_object_get(array);
}

static struct json_object *write_initramfs(const struct image *i)
{
	own_json struct json_object *o =
		write_file(IMAGE_INITRAMFS, &i->initramfs);

	if (json_set_u64(o, "unpacked-size", i->unpacked_bytes) < 0 ||
	    json_set(o, "files", image_files_to_json(&i->files)) < 0)
		return NULL;
	return json_object_get(o);
}

static struct json_object *write_verity(const struct verity_params *p)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "hash", digest_name(p->hash)) < 0 ||
	    json_set_hex(o, "root-hash", p->root_hash, p->root_hash_len) < 0 ||
	    json_set_hex(o, "salt", p->salt, p->salt_len) < 0 ||
	    json_set_u64(o, "data-block-size", p->data_block_size) < 0 ||
	    json_set_u64(o, "hash-block-size", p->hash_block_size) < 0 ||
	    json_set_u64(o, "data-blocks", p->data_blocks) < 0 ||
	    json_set_u64(o, "hash-offset", p->hash_offset) < 0)
		return NULL;
	return json_object_get(o);
}

static struct json_object *write_root(const struct image *i)
{
	own_json struct json_object *o = write_file(IMAGE_ROOT, &i->root);

	if (json_set_string(o, "fs", boot_root_fs_name(i->conf->root.fs)) < 0 ||
	    json_set(o, "verity", write_verity(&i->conf->root.verity)) < 0)
		return NULL;
	return json_object_get(o);
}

static struct json_object *write_modules(const struct modules *m)
{
	own_json struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < m->n; i++)
		if (json_append(array,
				json_object_new_string(m->module[i].path)) < 0)
			return NULL;
	return json_object_get(array);
}

static struct json_object *write_volumes(const struct boot_conf *conf)
{
	own_json struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < conf->volumes; i++) {
		const struct boot_volume *v = &conf->volume[i];
		own_json struct json_object *o = json_object_new_object();

		if (json_set_string(o, "name", v->name) < 0 ||
		    json_set_string(o, "device", v->device) < 0 ||
		    json_set_string(o, "uuid", v->uuid) < 0 ||
		    json_set_string(o, "mount", v->mount) < 0 ||
		    json_set_string(o, "key", boot_key_kind_name(v->key)) < 0 ||
		    json_set_bool(o, "import", v->import) < 0 ||
		    json_append(array, json_object_get(o)) < 0)
			return NULL;
	}
	return json_object_get(array);
}

/* The broker that VMs believe. */
static struct json_object *write_broker(const struct boot_broker *b)
{
	own_json struct json_object *o = json_object_new_object();

	return json_set_hex(o, "key", b->key.hash, sizeof(b->key.hash)) < 0
		       ? NULL
		       : json_object_get(o);
}

/* What init will hand to the kernel, under the name it has for init. */
static struct json_object *write_policy(const struct image *i)
{
	own_json struct json_object *o = json_object_new_object();
	struct image_file file;

	if (image_digest_bytes(&i->ima_policy, &file) < 0 ||
	    json_set_string(o, "path", i->conf->ima.policy) < 0 ||
	    set_digests(o, &file.digests) < 0)
		return NULL;
	return json_object_get(o);
}

static struct json_object *write_versions(const struct image *i)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "cvmctl", CVM_VERSION) < 0 ||
	    json_set_string(o, "mkfs.erofs", i->mkfs_version) < 0)
		return NULL;
	return json_object_get(o);
}

static int set_what_is_given(struct json_object *o, const struct image *i)
{
	if (i->conf->broker.key.given &&
	    json_set(o, "broker", write_broker(&i->conf->broker)) < 0)
		return -ENOMEM;
	return i->ima_policy.data ? json_set(o, "ima-policy", write_policy(i))
				  : 0;
}

int image_write_manifest(const struct image *i, struct bytes *ret)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "type", IMAGE_TYPE) < 0 ||
	    json_set_u64(o, "schema", schema_version) < 0 ||
	    json_set(o, "kernel", write_kernel(i)) < 0 ||
	    json_set(o, "cmdline", write_cmdline(i)) < 0 ||
	    json_set(o, "initramfs", write_initramfs(i)) < 0 ||
	    json_set(o, "root", write_root(i)) < 0 ||
	    json_set(o, "modules", write_modules(i->modules)) < 0 ||
	    json_set_string(o, "into", boot_into_name(i->conf->measure.into)) <
		    0 ||
	    json_set(o, "volumes", write_volumes(i->conf)) < 0 ||
	    set_what_is_given(o, i) < 0 ||
	    json_set(o, "apps", prediction_to_json(&i->prediction)) < 0 ||
	    json_set(o, "versions", write_versions(i)) < 0)
		return -ENOMEM;
	return json_write(o, ret);
}
