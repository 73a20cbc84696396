// SPDX-License-Identifier: MIT
/*
 * See boot.h. The tables below are the syntax of boot.conf(5), row for row;
 * parsers of single values come first, what concerns several keys last.
 */
#include "config/boot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/fields.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "lib/text.h"

static const char *const end_names[] = { "power-off", "reboot", NULL };
static const char *const fs_names[] = { "erofs", "squashfs", "ext4", NULL };
static const char *const overlay_names[] = { "root", "directories", "none",
					     NULL };
static const char *const workload_names[] = { "supervise", "exec", NULL };

static const struct {
	const char *name;
	const char *driver;
	enum boot_tpm_class class;
} tpm_classes[] = {
	{ "svsm", "tpm-svsm", BOOT_TPM_SVSM },
	{ "crb", "tpm_crb", BOOT_TPM_CRB },
	{ "tis", "tpm_tis", BOOT_TPM_TIS },
};

const char *boot_root_fs_name(enum boot_root_fs fs)
{
	return fs_names[fs];
}

const char *boot_tpm_class_name(enum boot_tpm_class class)
{
	for (size_t i = 0; i < array_size(tpm_classes); i++)
		if (tpm_classes[i].class == class)
			return tpm_classes[i].name;
	return "any";
}

unsigned boot_tpm_class_of_driver(const char *driver)
{
	for (size_t i = 0; i < array_size(tpm_classes); i++)
		if (strcmp(tpm_classes[i].driver, driver) == 0)
			return tpm_classes[i].class;
	return 0;
}

static int parse_end(const char *value, void *field)
{
	int choice = field_choice(value, end_names);

	if (choice >= 0)
		*(enum boot_end *)field = (enum boot_end)choice;
	return choice;
}

static int parse_fs(const char *value, void *field)
{
	int choice = field_choice(value, fs_names);

	if (choice >= 0)
		*(enum boot_root_fs *)field = (enum boot_root_fs)choice;
	return choice;
}

static int parse_overlay(const char *value, void *field)
{
	int choice = field_choice(value, overlay_names);

	if (choice >= 0)
		*(enum boot_overlay_mode *)field =
			(enum boot_overlay_mode)choice;
	return choice;
}

static int parse_workload(const char *value, void *field)
{
	int choice = field_choice(value, workload_names);

	if (choice >= 0)
		*(enum boot_workload_mode *)field =
			(enum boot_workload_mode)choice;
	return choice;
}

/* "any" alone, or a list of classes. */
static int parse_require(const char *value, void *field)
{
	char buf[64];
	char *words[array_size(tpm_classes) + 1];
	unsigned set = 0;
	int n;

	if (strcmp(value, "any") == 0) {
		*(unsigned *)field = BOOT_TPM_ANY;
		return 0;
	}
	if (strlen(value) >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, value, strlen(value) + 1);
	n = text_split_words(buf, words, array_size(tpm_classes));
	for (int i = 0; i < n; i++) {
		unsigned class = 0;

		for (size_t c = 0; c < array_size(tpm_classes); c++)
			if (strcmp(words[i], tpm_classes[c].name) == 0)
				class = tpm_classes[c].class;
		if (!class || set & class)
			return -EINVAL;
		set |= class;
	}
	if (!set)
		return -EINVAL;
	*(unsigned *)field = set;
	return 0;
}

static int parse_banks(const char *value, void *field)
{
	char buf[64];
	char *words[DIGEST_ALG_COUNT + 1];
	digest_algs set = 0;
	int n;

	if (strlen(value) >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, value, strlen(value) + 1);
	n = text_split_words(buf, words, DIGEST_ALG_COUNT);
	for (int i = 0; i < n; i++) {
		int alg = digest_from_name(words[i]);

		if (alg < 0 || set & 1U << alg)
			return -EINVAL;
		set |= 1U << alg;
	}
	if (!set)
		return -EINVAL;
	*(digest_algs *)field = set;
	return 0;
}

static int parse_words(const char *value, void *field)
{
	struct boot_words *w = field;
	size_t len = strlen(value);

	if (len == 0 || len >= boot_word_max || strchr(value, ' ') ||
	    strchr(value, '\t') || strchr(value, '"'))
		return -EINVAL;
	if (w->n == boot_words_max)
		return -E2BIG;
	memcpy(w->word[w->n++], value, len + 1);
	return 0;
}

/* One or more module names in a line; the line may repeat. */
static int parse_modules(const char *value, void *field)
{
	static const char delimiters[] = " \t";
	struct boot_modules *m = field;

	while (*(value += strspn(value, delimiters))) {
		size_t len = strcspn(value, delimiters);
		char *name = m->name[m->n];

		if (m->n == boot_modules_max || len >= sizeof(m->name[0]))
			return -E2BIG;
		memcpy(name, value, len);
		name[len] = '\0';
		if (!text_is_name(name, len))
			return -EINVAL;
		m->n++;
		value += len;
	}
	return m->n ? 0 : -EINVAL;
}

static int parse_dirs(const char *value, void *field)
{
	struct boot_dirs *d = field;

	if (d->n == boot_dirs_max)
		return -E2BIG;
	if (!value[0] || !value[1])
		return -EINVAL; /* "/" is overlay mode root */
	if (field_path(value, d->path[d->n]) < 0)
		return -EINVAL;
	d->n++;
	return 0;
}

static int parse_overlay_size(const char *value, void *field)
{
	return text_parse_size(value, UINT64_C(1) << 40, field);
}

static int parse_inodes(const char *value, void *field)
{
	return text_parse_u64(value, UINT64_C(1) << 31, field);
}

/* auto leaves the path empty; else a path below /dev. */
static int parse_device(const char *value, void *field)
{
	if (strcmp(value, "auto") == 0) {
		*(char *)field = '\0';
		return 0;
	}
	if (strncmp(value, "/dev/", 5) != 0)
		return -EINVAL;
	return field_path(value, field);
}

static int parse_policy(const char *value, void *field)
{
	if (strcmp(value, "none") == 0) {
		*(char *)field = '\0';
		return 0;
	}
	return field_path(value, field);
}

/* 8-4-4-4-12 lower-case hex digits. */
static int parse_uuid(const char *value, void *field)
{
	if (strlen(value) != boot_uuid_len)
		return -EINVAL;
	for (int i = 0; i < boot_uuid_len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		const char *allowed = dash ? "-" : "0123456789abcdef";

		if (!strchr(allowed, value[i]))
			return -EINVAL;
	}
	memcpy(field, value, boot_uuid_len + 1);
	return 0;
}

static int parse_key_kind(const char *value, void *field)
{
	(void)field; /* one kind so far */
	return strcmp(value, "sealed") == 0 ? 0 : -EINVAL;
}

static int parse_root_type(const char *value, void *field)
{
	(void)field; /* one type so far */
	return strcmp(value, "verity") == 0 ? 0 : -EINVAL;
}

static int parse_verity_hash(const char *value, void *field)
{
	int alg = digest_from_name(value);

	if (alg < 0 || alg == DIGEST_SHA1)
		return -EINVAL;
	((struct verity_params *)field)->hash = (enum digest_alg)alg;
	return 0;
}

static int parse_root_hash(const char *value, void *field)
{
	struct verity_params *p = field;

	return hex_decode(value, sizeof(p->root_hash), p->root_hash,
			  &p->root_hash_len);
}

static int parse_salt(const char *value, void *field)
{
	struct verity_params *p = field;

	if (strcmp(value, "-") == 0) {
		p->salt_len = 0;
		return 0;
	}
	return hex_decode(value, sizeof(p->salt), p->salt, &p->salt_len);
}

/* dm-verity on x86-64 knows powers of two up to the page size. */
static int parse_block_size(const char *value, void *field)
{
	uint64_t size;
	int r = text_parse_u64(value, 4096, &size);

	if (r < 0)
		return r;
	if (size != 512 && size != 1024 && size != 2048 && size != 4096)
		return -EINVAL;
	*(uint64_t *)field = size;
	return 0;
}

static int parse_u63(const char *value, void *field)
{
	return text_parse_u64(value, INT64_MAX, field);
}

#define IN(s, f) \
	(offsetof(struct boot_conf, s.f) - offsetof(struct boot_conf, s))
#define VOLUME(f) offsetof(struct boot_volume, f)

static const struct ini_key boot_keys[] = {
	{ "on-failure", parse_end, IN(boot, on_failure), INI_ONCE,
	  "power-off or reboot" },
	{ "on-exit", parse_end, IN(boot, on_exit), INI_ONCE,
	  "power-off or reboot" },
	{ "device-timeout", field_seconds, IN(boot, device_timeout_s), INI_ONCE,
	  "1 to 3600 seconds" },
	{ "allow-cmdline", parse_words, IN(boot, allow_cmdline), INI_REPEAT,
	  "one word of the command line in each of at most 32 lines" },
	{ 0 },
};

static const struct ini_key tpm_keys[] = {
	{ "require", parse_require, IN(tpm, require), INI_REQUIRED,
	  "any, or some of svsm crb tis" },
	{ "banks", parse_banks, IN(tpm, banks), INI_ONCE,
	  "some of sha1 sha256 sha384 sha512" },
	{ "timeout", field_seconds, IN(tpm, timeout_s), INI_ONCE,
	  "1 to 3600 seconds" },
	{ 0 },
};

static const struct ini_key modules_keys[] = {
	{ "load", parse_modules, IN(modules, load), INI_REPEAT,
	  "at most 64 names such as dm-verity" },
	{ "lock", field_bool, IN(modules, lock), INI_ONCE, "yes or no" },
	{ 0 },
};

static const struct ini_key ima_keys[] = {
	{ "policy", parse_policy, IN(ima, policy), INI_REQUIRED,
	  "none, or an absolute path in the initramfs" },
	{ 0 },
};

static const struct ini_key root_keys[] = {
	{ "type", parse_root_type, 0, INI_ONCE, "verity" },
	{ "device", parse_device, IN(root, device), INI_ONCE,
	  "auto, or a path below /dev" },
	{ "fs", parse_fs, IN(root, fs), INI_ONCE, "erofs, squashfs or ext4" },
	{ "hash", parse_verity_hash, IN(root, verity), INI_ONCE,
	  "sha256, sha384 or sha512" },
	{ "root-hash", parse_root_hash, IN(root, verity), INI_ONCE,
	  "the root hash in lower-case hex" },
	{ "salt", parse_salt, IN(root, verity), INI_ONCE,
	  "at most 256 bytes in lower-case hex, or -" },
	{ "data-block-size", parse_block_size, IN(root, verity.data_block_size),
	  INI_ONCE, "512, 1024, 2048 or 4096" },
	{ "hash-block-size", parse_block_size, IN(root, verity.hash_block_size),
	  INI_ONCE, "512, 1024, 2048 or 4096" },
	{ "data-blocks", parse_u63, IN(root, verity.data_blocks), INI_ONCE,
	  "a number of blocks" },
	{ "hash-offset", parse_u63, IN(root, verity.hash_offset), INI_ONCE,
	  "a number of bytes" },
	{ 0 },
};

static const struct ini_key overlay_keys[] = {
	{ "mode", parse_overlay, IN(overlay, mode), INI_ONCE,
	  "root, directories or none" },
	{ "size", parse_overlay_size, IN(overlay, size_bytes), INI_ONCE,
	  "a size such as 256M" },
	{ "inodes", parse_inodes, IN(overlay, inodes), INI_ONCE,
	  "a number of files" },
	{ "directory", parse_dirs, IN(overlay, dirs), INI_REPEAT,
	  "an absolute path in each of at most 8 lines" },
	{ 0 },
};

static const struct ini_key volume_keys[] = {
	{ "device", parse_device, VOLUME(device), INI_ONCE,
	  "auto, or a path below /dev" },
	{ "uuid", parse_uuid, VOLUME(uuid), INI_ONCE, "a UUID in lower case" },
	{ "key", parse_key_kind, 0, INI_ONCE, "sealed" },
	{ "mount", field_path, VOLUME(mount), INI_REQUIRED,
	  "an absolute path" },
	{ "exec", field_bool, VOLUME(exec), INI_ONCE, "yes or no" },
	{ 0 },
};

static const struct ini_key workload_keys[] = {
	{ "mode", parse_workload, IN(workload, mode), INI_REQUIRED,
	  "supervise or exec" },
	{ "exec", field_path, IN(workload, exec), INI_ONCE,
	  "an absolute path" },
	{ 0 },
};

static void *open_volume(void *conf, const char *name, const char **ret_why)
{
	struct boot_conf *c = conf;
	struct boot_volume *v = &c->volume[c->volumes];

	if (!text_is_name(name, boot_name_max)) {
		*ret_why = "a name has 1 to 32 of a-z 0-9 - _";
		return NULL;
	}
	for (size_t i = 0; i < c->volumes; i++)
		if (strcmp(c->volume[i].name, name) == 0) {
			*ret_why = "repeated; one section each";
			return NULL;
		}
	if (c->volumes == boot_volumes_max) {
		*ret_why = "too many volumes; at most 8";
		return NULL;
	}
	c->volumes++;
	(void)snprintf(v->name, sizeof(v->name), "%s", name); /* fits */
	return v;
}

static const struct ini_section sections[] = {
	{ "boot", boot_keys, offsetof(struct boot_conf, boot), NULL },
	{ "tpm", tpm_keys, offsetof(struct boot_conf, tpm), NULL },
	{ "modules", modules_keys, offsetof(struct boot_conf, modules), NULL },
	{ "ima", ima_keys, offsetof(struct boot_conf, ima), NULL },
	{ "root", root_keys, offsetof(struct boot_conf, root), NULL },
	{ "overlay", overlay_keys, offsetof(struct boot_conf, overlay), NULL },
	{ "volume", volume_keys, 0, open_volume },
	{ "workload", workload_keys, offsetof(struct boot_conf, workload),
	  NULL },
	{ 0 },
};

static const struct boot_conf defaults = {
	.boot = { .device_timeout_s = 10 },
	.tpm = { .timeout_s = 30 },
	.overlay = { .size_bytes = UINT64_C(256) << 20, .inodes = 65536 },
};

/* The root hash and the other values come together or not at all. */
static int check_verity(const char *file, const struct verity_params *p,
			bool template, struct ini_error *error)
{
	bool any = p->root_hash_len || p->data_blocks || p->hash_offset ||
		   p->salt_len || p->data_block_size || p->hash_block_size;

	if (template)
		return any ? ini_refuse(error, file,
					"[root] holds verity values already; "
					"cvmctl build writes them")
			   : 0;
	if (!p->root_hash_len || !p->data_blocks || !p->hash_offset ||
	    !p->data_block_size || !p->hash_block_size)
		return ini_refuse(error, file,
				  "[root] lacks verity values; cvmctl build "
				  "writes root-hash, data-blocks, hash-offset, "
				  "data-block-size, hash-block-size");
	if (p->root_hash_len != digest_size(p->hash))
		return ini_refuse(error, file,
				  "root-hash has %zu bytes; %s has %zu",
				  p->root_hash_len, digest_name(p->hash),
				  digest_size(p->hash));
	return 0;
}

static int check_volumes(const char *file, const struct boot_conf *c,
			 struct ini_error *error)
{
	for (size_t i = 0; i < c->volumes; i++) {
		const struct boot_volume *v = &c->volume[i];

		if (!v->device[0] && !v->uuid[0])
			return ini_refuse(error, file,
					  "[volume %s] has neither device nor "
					  "uuid; give one of them",
					  v->name);
		if (!v->mount[1])
			return ini_refuse(error, file,
					  "[volume %s] mount = / hides the "
					  "verified root",
					  v->name);
		for (size_t j = 0; j < i; j++)
			if (strcmp(c->volume[j].mount, v->mount) == 0)
				return ini_refuse(error, file,
						  "two volumes mount %s",
						  v->mount);
	}
	return 0;
}

static int check_sections(const char *file, const struct boot_conf *c,
			  struct ini_error *error)
{
	if (!c->tpm.require)
		return ini_refuse(error, file, "no [tpm] require; it is %s",
				  tpm_keys[0].allowed);
	if (c->overlay.mode == BOOT_OVERLAY_DIRS && !c->overlay.dirs.n)
		return ini_refuse(error, file,
				  "[overlay] mode = directories without a "
				  "directory");
	if (c->overlay.mode != BOOT_OVERLAY_DIRS && c->overlay.dirs.n)
		return ini_refuse(error, file,
				  "[overlay] directory without mode = "
				  "directories");
	if (c->workload.mode == BOOT_WORKLOAD_EXEC && !c->workload.exec[0])
		return ini_refuse(error, file,
				  "[workload] mode = exec without exec");
	if (c->workload.mode == BOOT_WORKLOAD_SUPERVISE && c->workload.exec[0])
		return ini_refuse(error, file,
				  "[workload] exec without mode = exec");
	return 0;
}

int boot_conf_read(const char *file, const char *text, size_t len,
		   bool template, struct boot_conf *ret,
		   struct ini_error *error)
{
	int r;

	*ret = defaults;
	if (len > boot_conf_max)
		return ini_refuse(error, file, "is over %d bytes",
				  boot_conf_max);
	r = ini_read(file, text, len, sections, ret, error);
	if (r == 0)
		r = check_sections(file, ret, error);
	if (r == 0)
		r = check_verity(file, &ret->root.verity, template, error);
	if (r == 0)
		r = check_volumes(file, ret, error);
	return r;
}
