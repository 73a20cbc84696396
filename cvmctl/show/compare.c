// SPDX-License-Identifier: MIT
/* The parts of two manifests: see compare.h, and docs/formats.md for them. */
#include "cvmctl/show/compare.h"

#include <errno.h>
#include <string.h>

#include "config/boot.h"
#include "lib/digest.h"
#include "lib/own.h"
#include "seal/object/pcr.h"

enum { pcr_kernel = 4, pcr_initrd = 9, pcr_uki = 11 };

static char *name_by(struct json_object *o, const char *key)
{
	return strdup(json_get_string(o, key));
}

static char *path_name(struct json_object *file)
{
	return name_by(file, "path");
}

static char *volume_name(struct json_object *volume)
{
	return name_by(volume, "name");
}

static char *module_name(struct json_object *module)
{
	const char *s = json_object_get_string(module);

	return strdup(s ? s : "");
}

static void compare_element(const struct compare_place *place,
			    struct json_object *before,
			    struct json_object *after)
{
	compare_values(place, NULL, before, after, NULL);
}

static const struct compare_list files = { path_name, compare_element };
static const struct compare_list modules = { module_name, compare_element };
static const struct compare_list volumes = { volume_name, compare_element };

static const char *const without_files[] = { "files", NULL };

static const struct {
	const char *key;
	enum changes_part part;
	const char *const *except;
	const char *list_key; /* a list in it; "" if it is one itself */
	const struct compare_list *list;
} parts[] = {
	{ "kernel", CHANGES_KERNEL, NULL, NULL, NULL },
	{ "cmdline", CHANGES_CMDLINE, NULL, NULL, NULL },
	{ "initramfs", CHANGES_INITRAMFS, without_files, "files", &files },
	{ "root", CHANGES_ROOT, NULL, NULL, NULL },
	{ "modules", CHANGES_MODULES, NULL, "", &modules },
	{ "volumes", CHANGES_VOLUMES, NULL, "", &volumes },
	{ "ima-policy", CHANGES_IMA_POLICY, NULL, NULL, NULL },
	{ "versions", CHANGES_VERSIONS, NULL, NULL, NULL },
};

/* What the comparison of a part may not see: an order, or another type. */
static void note_unseen(struct changes *c, enum changes_part part,
			struct json_object *before, struct json_object *after)
{
	const struct change_source s = {
		.field = "order or form",
	};

	if (!changes_count(c, part) && !json_object_equal(before, after))
		changes_add(c, part, &s);
}

static void compare_part(struct changes *c, size_t i,
			 struct json_object *before, struct json_object *after)
{
	const struct compare_place place = { c, parts[i].part, NULL };
	const char *key = parts[i].list_key;

	if (!key || *key)
		compare_values(&place, NULL, before, after, parts[i].except);
	if (key)
		compare_lists(c, parts[i].part,
			      *key ? json_get(before, key) : before,
			      *key ? json_get(after, key) : after,
			      parts[i].list);
	note_unseen(c, parts[i].part, before, after);
}

/* In each bank what keys are sealed to; else what differs in place of it. */
static void compare_bank(struct changes *c, enum digest_alg alg,
			 struct json_object *before, struct json_object *after)
{
	static const char *const except[] = { "ready", "policy", NULL };
	const struct compare_place place = { c, CHANGES_PCR_14,
					     digest_name(alg) };
	size_t n = changes_count(c, CHANGES_PCR_14);

	compare_values(&place, NULL, before, after, except);
	if (changes_count(c, CHANGES_PCR_14) == n)
		compare_values(&place, NULL, before, after, NULL);
}

static void compare_apps(struct changes *c, struct json_object *before,
			 struct json_object *after)
{
	static const char *const except[] = { "banks", "events", NULL };
	const struct compare_place place = { c, CHANGES_APPS, NULL };
	struct json_object *a = json_get(before, "banks");
	struct json_object *b = json_get(after, "banks");

	compare_values(&place, NULL, before, after, except);
	compare_events(c, json_get(before, "events"),
		       json_get(after, "events"));
	note_unseen(c, CHANGES_APPS, json_get(before, "events"),
		    json_get(after, "events"));
	for (int i = 0; i < DIGEST_ALG_COUNT; i++) {
		enum digest_alg alg = (enum digest_alg)i;

		compare_bank(c, alg, json_get(a, digest_name(alg)),
			     json_get(b, digest_name(alg)));
	}
	note_unseen(c, CHANGES_PCR_14, a, b);
}

/* A file is what its digest says, whatever else the manifest says of it. */
static bool is_same(struct json_object *before, struct json_object *after,
		    const char *key)
{
	const char *sha256 = digest_name(DIGEST_SHA256);
	struct json_object *a = json_get(before, key);
	struct json_object *b = json_get(after, key);

	if (json_get(a, sha256) && json_get(b, sha256)) {
		a = json_get(a, sha256);
		b = json_get(b, sha256);
	}
	return json_object_equal(a, b);
}

/* Manifests of before that was in them are of the TPM. */
static const char *into_of(struct json_object *manifest)
{
	const char *into = json_get_string(manifest, "into");

	return *into ? into : boot_into_name(BOOT_MEASURE_TPM);
}

/* In the banks that both have; another in both is another value. */
static bool is_same_apps(struct json_object *before, struct json_object *after)
{
	struct json_object *a = json_get(json_get(before, "apps"), "banks");
	struct json_object *b = json_get(json_get(after, "apps"), "banks");
	bool has_one = false;

	if (strcmp(into_of(before), into_of(after)) != 0)
		return false;
	for (int i = 0; i < DIGEST_ALG_COUNT; i++) {
		const char *bank = digest_name((enum digest_alg)i);
		struct json_object *x = json_get(json_get(a, bank), "measured");
		struct json_object *y = json_get(json_get(b, bank), "measured");

		if (x && y && !json_object_equal(x, y))
			return false;
		has_one = has_one || (x && y);
	}
	return has_one || json_object_equal(a, b);
}

/* Nothing in an image changes PCR 2, which is of devices. */
static void find_pcrs(struct json_object *before, struct json_object *after,
		      struct changes *c)
{
	bool kernel = !is_same(before, after, "kernel");
	bool initrd = !is_same(before, after, "cmdline") ||
		      !is_same(before, after, "initramfs");

	if (initrd)
		c->pcrs |= 1U << pcr_initrd;
	if (!is_same_apps(before, after))
		c->pcrs |= 1U << pcr_apps;
	c->uki_pcrs = c->pcrs;
	if (kernel)
		c->pcrs |= 1U << pcr_kernel;
	if (kernel || initrd)
		c->uki_pcrs |= 1U << pcr_kernel | 1U << pcr_uki;
}

int compare_manifests(struct json_object *before, struct json_object *after,
		      struct changes *ret)
{
	static const char *const except[] = {
		"kernel",  "cmdline",	 "initramfs", "root", "modules",
		"volumes", "ima-policy", "versions",  "apps", NULL
	};
	own_changes struct changes c = { .failed = false };
	const struct compare_place other = { &c, CHANGES_OTHER, NULL };

	for (size_t i = 0; i < array_size(parts); i++)
		compare_part(&c, i, json_get(before, parts[i].key),
			     json_get(after, parts[i].key));
	compare_apps(&c, json_get(before, "apps"), json_get(after, "apps"));
	compare_values(&other, NULL, before, after, except);
	if (changes_none(&c))
		note_unseen(&c, CHANGES_OTHER, before, after);
	if (c.failed)
		return -ENOMEM;
	find_pcrs(before, after, &c);
	*ret = c;
	c = (struct changes){ .failed = false };
	return 0;
}
