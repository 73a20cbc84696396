// SPDX-License-Identifier: MIT
/*
 * See boot-values.h, and boot.h for the names of file systems. The values of
 * [tpm] are in boot-tpm.c.
 */
#include "config/boot-values.h"

#include <errno.h>
#include <string.h>

#include "config/boot.h"
#include "config/fields.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "lib/text.h"

static const char blanks[] = " \t";

static const char *const end_names[] = { "power-off", "reboot", NULL };
static const char *const fs_names[] = { "erofs", "squashfs", "ext4", NULL };
static const char *const identity_names[] = { "driver", "attested", NULL };
static const char *const overlay_names[] = { "root", "directories", "none",
					     NULL };
static const char *const workload_names[] = { "supervise", "exec", NULL };

const char *boot_root_fs_name(enum boot_root_fs fs)
{
	return fs_names[fs];
}

/* Every enum in struct boot_conf has unsigned as its compatible type. */
static int parse_choice(const char *value, const char *const *names,
			unsigned first, void *field)
{
	int choice = field_choice(value, names);

	if (choice < 0)
		return choice;
	*(unsigned *)field = first + (unsigned)choice;
	return 0;
}

int boot_parse_end(const char *value, void *field)
{
	return parse_choice(value, end_names, BOOT_END_POWER_OFF, field);
}

int boot_parse_fs(const char *value, void *field)
{
	return parse_choice(value, fs_names, BOOT_FS_EROFS, field);
}

int boot_parse_identity(const char *value, void *field)
{
	return parse_choice(value, identity_names, BOOT_IDENTITY_DRIVER, field);
}

int boot_parse_overlay(const char *value, void *field)
{
	return parse_choice(value, overlay_names, BOOT_OVERLAY_ROOT, field);
}

int boot_parse_workload(const char *value, void *field)
{
	return parse_choice(value, workload_names, BOOT_WORKLOAD_SUPERVISE,
			    field);
}

int boot_parse_words(const char *value, void *field)
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
int boot_parse_modules(const char *value, void *field)
{
	struct boot_modules *m = field;

	while (*(value += strspn(value, blanks))) {
		size_t len = strcspn(value, blanks);
		char *name;

		if (m->n == boot_modules_max || len >= sizeof(m->name[0]))
			return -E2BIG;
		name = m->name[m->n];
		memcpy(name, value, len);
		name[len] = '\0';
		if (!text_is_name(name, len))
			return -EINVAL;
		m->n++;
		value += len;
	}
	return m->n ? 0 : -EINVAL;
}

int boot_parse_dirs(const char *value, void *field)
{
	struct boot_dirs *d = field;

	if (d->n == boot_dirs_max)
		return -E2BIG;
	if (!value[0] || !value[1])
		return -EINVAL; /* "/" is overlay mode root */
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->path[i], value) == 0)
			return -EEXIST;
	if (field_path(value, d->path[d->n]) < 0)
		return -EINVAL;
	d->n++;
	return 0;
}

int boot_parse_overlay_size(const char *value, void *field)
{
	uint64_t bytes;
	int r = text_parse_size(value, UINT64_C(1) << 40, &bytes);

	if (r < 0 || bytes == 0) /* tmpfs takes 0 for "no limit" */
		return r < 0 ? r : -ERANGE;
	*(uint64_t *)field = bytes;
	return 0;
}

int boot_parse_inodes(const char *value, void *field)
{
	uint64_t inodes;
	int r = text_parse_u64(value, UINT64_C(1) << 31, &inodes);

	if (r < 0 || inodes == 0) /* tmpfs takes 0 for "no limit" */
		return r < 0 ? r : -ERANGE;
	*(uint64_t *)field = inodes;
	return 0;
}

/* auto leaves the path empty; else a path below /dev. */
int boot_parse_device(const char *value, void *field)
{
	if (strcmp(value, "auto") == 0) {
		*(char *)field = '\0';
		return 0;
	}
	if (strncmp(value, "/dev/", 5) != 0)
		return -EINVAL;
	return field_path(value, field);
}

int boot_parse_policy(const char *value, void *field)
{
	struct boot_ima *ima = field;

	ima->declared = true;
	if (strcmp(value, "none") == 0)
		return 0;
	return field_path(value, ima->policy);
}

/* 8-4-4-4-12 lower-case hex digits. */
int boot_parse_uuid(const char *value, void *field)
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

int boot_parse_root_type(const char *value, void *field)
{
	(void)field; /* one type so far */
	return strcmp(value, "verity") == 0 ? 0 : -EINVAL;
}

int boot_parse_verity_hash(const char *value, void *field)
{
	int alg = digest_from_name(value);

	if (alg < 0 || alg == DIGEST_SHA1)
		return -EINVAL;
	((struct verity_params *)field)->hash = (enum digest_alg)alg;
	return 0;
}

int boot_parse_root_hash(const char *value, void *field)
{
	struct verity_params *p = field;

	return hex_decode(value, sizeof(p->root_hash), p->root_hash,
			  &p->root_hash_len);
}

int boot_parse_salt(const char *value, void *field)
{
	struct verity_params *p = field;

	if (strcmp(value, "-") == 0) {
		p->salt_len = 0;
		return 0;
	}
	return hex_decode(value, sizeof(p->salt), p->salt, &p->salt_len);
}

/* dm-verity on x86-64 knows powers of two up to the page size. */
int boot_parse_block_size(const char *value, void *field)
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

int boot_parse_u63(const char *value, void *field)
{
	return text_parse_u64(value, INT64_MAX, field);
}
