// SPDX-License-Identifier: MIT
/* The chain of an image: what its manifest says will be measured. */
#include <stdio.h>
#include <string.h>

#include "cvmctl/image/image.h"
#include "cvmctl/show/chain-source.h"
#include "lib/own.h"

/* In the bank of the prediction; those of files are SHA-256. */
static void add_digest(struct chain_box *b, struct json_object *file,
		       const char *name)
{
	char digest[chain_digest_digits + 1];

	chain_add_line(b, CHAIN_ITEM,
		       chain_short_digest(json_get_string(file, "sha256"),
					  digest),
		       "%s", name);
}

/* PCR 10 depends on what runs, PCR 14 is in the manifest with two values. */
static struct chain_boot unpredicted(const struct chain_boot *boot)
{
	return (struct chain_boot){ .into = boot->into };
}

static void add_firmware(struct chain *c, const struct chain_boot *boot)
{
	struct chain_box *b = chain_add_step(c, "Firmware", "");

	chain_add_line(b, CHAIN_NOTE, "", "not part of the image;");
	(void)chain_measure_launch(c, boot);
	chain_add_line(b, CHAIN_NOTE, "", "%s has it",
		       chain_has_td(boot) ? "the TD's quote"
					  : "the CPU's report");
	chain_add_firmwares(c, b, boot);
}

/* PCR 4 has the hash that is for EFI programs, not that of the file. */
static void add_kernel(struct chain *c, struct json_object *manifest,
		       const struct chain_boot *boot)
{
	struct json_object *kernel = json_get(manifest, "kernel");
	struct json_object *authenticode = json_get(kernel, "authenticode");
	struct chain_box *b = chain_add_step(
		c, boot->is_uki ? "Unified kernel image" : "Kernel", "starts");
	char name[chain_text_max];

	(void)snprintf(name, sizeof(name), "vmlinuz %s",
		       json_get_string(kernel, "version")); /* may be cut */
	add_digest(b, authenticode ? authenticode : kernel, name);
	(void)chain_measure_into(c, "the firmware", CHAIN_KERNEL, boot,
				 CHAIN_MAYBE_BOUND);
}

/* One file of the initramfs by its path, if it is there. */
static void add_file(struct chain_box *b, struct json_object *initramfs,
		     const char *path, const char *name)
{
	struct json_object *files = json_get(initramfs, "files");

	for (size_t i = 0; i < chain_count(files); i++) {
		struct json_object *file = json_object_array_get_idx(files, i);

		if (strcmp(json_get_string(file, "path"), path) == 0) {
			add_digest(b, file, name);
			return;
		}
	}
}

static void add_ima_policy(struct chain *c, struct chain_box *b,
			   struct json_object *policy,
			   const struct chain_boot *boot)
{
	const struct chain_boot unknown = unpredicted(boot);

	if (!policy)
		return;
	add_digest(b, policy, "  IMA policy");
	b = chain_measure_into(c, "the kernel", CHAIN_RUNNING, &unknown,
			       CHAIN_UNBOUND);
	if (b)
		chain_add_line(b, CHAIN_NOTE, "", "what runs, as it runs");
}

static void add_override(struct chain *c, struct chain_box *b,
			 const struct chain_boot *boot)
{
	chain_add_line(b, CHAIN_NOTE, "", "a command line of the VMM");
	(void)chain_measure_into(c, "systemd-stub", CHAIN_OVERRIDES, boot,
				 CHAIN_MAYBE_BOUND);
}

static void add_initramfs(struct chain *c, struct json_object *manifest,
			  const struct chain_boot *boot)
{
	struct json_object *initramfs = json_get(manifest, "initramfs");
	struct chain_box *b =
		chain_add_step(c, "Command line and initramfs", "takes");
	size_t modules = chain_count(json_get(manifest, "modules"));

	add_digest(b, json_get(manifest, "cmdline"), "command line");
	(void)chain_measure_into(c,
				 boot->is_uki ? "systemd-stub" : "the EFI stub",
				 boot->is_uki ? CHAIN_UNIFIED : CHAIN_STUB,
				 boot, CHAIN_MAYBE_BOUND);
	add_digest(b, initramfs, "initramfs.img");
	add_file(b, initramfs, "init", "  init");
	add_file(b, initramfs, IMAGE_BOOT_CONF, "  boot.conf");
	if (modules)
		chain_add_line(b, CHAIN_NOTE, "", "  %zu module%s", modules,
			       modules == 1 ? "" : "s");
	add_ima_policy(c, b, json_get(manifest, "ima-policy"), boot);
	if (boot->is_uki)
		add_override(c, b, boot);
}

static void add_root(struct chain *c, struct json_object *manifest)
{
	struct json_object *root = json_get(manifest, "root");
	struct json_object *verity = json_get(root, "verity");
	struct chain_box *b =
		chain_add_step(c, "Root", "opens, by boot.conf's root hash");
	char digest[chain_digest_digits + 1];

	chain_add_line(b, CHAIN_ITEM,
		       chain_short_digest(json_get_string(verity, "root-hash"),
					  digest),
		       "root hash");
	chain_add_line(b, CHAIN_NOTE, "", "dm-verity, %s, read-only",
		       json_get_string(root, "fs"));
}

/* A value of PCR 14, and of RTMR 3 where that alone is: it gets the same. */
static void add_value(struct chain_box *b, struct json_object *apps,
		      const char *bank, const char *key, const char *name)
{
	struct json_object *values = json_get(json_get(apps, "banks"), bank);
	char digest[chain_digest_digits + 1];

	chain_add_line(b, CHAIN_ITEM,
		       chain_short_digest(json_get_string(values, key), digest),
		       "%s", name);
}

static void add_apps(struct chain *c, struct json_object *apps,
		     const struct chain_boot *boot)
{
	const struct chain_boot unknown = unpredicted(boot);
	struct chain_box *b =
		chain_add_apps(c, json_get(apps, "events"), "sha256", &unknown);

	if (chain_has_tpm(boot)) {
		add_value(b, apps, "sha256", "measured", "for keys");
		add_value(b, apps, "sha256", "ready", "afterwards");
	} else if (chain_has_td(boot)) {
		add_value(b, apps, "sha384", "ready", "afterwards");
	}
	if (chain_has_tpm(boot) && chain_has_td(boot))
		chain_add_line(b, CHAIN_NOTE, "", "these are PCR 14's");
}

void chain_add_workload(struct chain *c, unsigned into)
{
	static const char *const before[] = {
		[BOOT_MEASURE_NONE] = "starts",
		[BOOT_MEASURE_TPM] = "closes PCR 14, then starts",
		[BOOT_MEASURE_RTMR] = "closes RTMR 3, then starts",
		[BOOT_MEASURE_TPM | BOOT_MEASURE_RTMR] =
			"closes both, then starts",
	};
	struct chain_box *b = chain_add_step(c, "Workload", before[into]);

	chain_add_line(b, CHAIN_NOTE, "", "the apps, or the root's init");
}

void chain_from_manifest(struct json_object *manifest,
			 const struct chain_boot *boot,
			 const struct chain_keys *keys, struct chain *ret)
{
	add_firmware(ret, boot);
	add_kernel(ret, manifest, boot);
	add_initramfs(ret, manifest, boot);
	add_root(ret, manifest);
	add_apps(ret, json_get(manifest, "apps"), boot);
	if (chain_has_tpm(boot))
		chain_add_volumes(ret, json_get(manifest, "volumes"), keys);
	chain_add_quote(ret, boot);
	chain_add_workload(ret, boot->into);
}
