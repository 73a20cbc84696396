// SPDX-License-Identifier: MIT
/*
 * See boot.h. The tables are the syntax of boot.conf(5), row for row; single
 * values are parsed in boot-values.c, what concerns several keys is checked
 * at the end.
 */
#include "config/boot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/boot-broker.h"
#include "config/boot-values.h"
#include "config/boot-volumes.h"
#include "config/fields.h"
#include "lib/text.h"

#define IN(s, f) \
	(offsetof(struct boot_conf, s.f) - offsetof(struct boot_conf, s))
#define VOLUME(f) offsetof(struct boot_volume, f)

static const struct ini_key boot_keys[] = {
	{ "on-failure", boot_parse_end, IN(boot, on_failure), INI_ONCE,
	  "power-off or reboot" },
	{ "on-exit", boot_parse_end, IN(boot, on_exit), INI_ONCE,
	  "power-off or reboot" },
	{ "device-timeout", field_seconds, IN(boot, device_timeout_s), INI_ONCE,
	  "1 to 3600 seconds" },
	{ "allow-cmdline", boot_parse_words, IN(boot, allow_cmdline),
	  INI_REPEAT,
	  "one word of the command line in each of at most 32 lines" },
	{ 0 },
};

static const struct ini_key tpm_keys[] = {
	{ "require", boot_parse_require, IN(tpm, require), INI_ONCE,
	  "any, or some of svsm crb tis" },
	{ "identity", boot_parse_identity, IN(tpm, identity), INI_ONCE,
	  "driver or attested" },
	{ "srk", boot_parse_srk, IN(tpm, srk), INI_ONCE,
	  "the name of a storage root key, 000b and 64 digits of hex" },
	{ "pcr14-start", boot_parse_pcr_start, IN(tpm, pcr14_start), INI_REPEAT,
	  "some of BANK:HEX, each bank once" },
	{ "banks", boot_parse_banks, IN(tpm, banks), INI_ONCE,
	  "some of sha1 sha256 sha384 sha512" },
	{ "timeout", field_seconds, IN(tpm, timeout_s), INI_ONCE,
	  "1 to 3600 seconds" },
	{ "minimum-release", boot_parse_release, IN(tpm, minimum_release),
	  INI_ONCE, "a number from 1 to 2147483647" },
	{ 0 },
};

static const struct ini_key measure_keys[] = {
	{ "into", boot_parse_into, IN(measure, into), INI_ONCE,
	  "tpm, rtmr, tpm rtmr, or none" },
	{ "systemd-log", field_bool, IN(measure, systemd_log), INI_ONCE,
	  "yes or no" },
	{ 0 },
};

static const struct ini_key evidence_keys[] = {
	{ "write", field_bool, IN(evidence, write), INI_ONCE, "yes or no" },
	{ "pcrs", boot_parse_pcrs, IN(evidence, pcrs), INI_ONCE,
	  "some of 0 to 23, each once" },
	{ 0 },
};

static const struct ini_key modules_keys[] = {
	{ "load", boot_parse_modules, IN(modules, load), INI_REPEAT,
	  "at most 64 names such as dm-verity" },
	{ "lock", field_bool, IN(modules, lock), INI_ONCE, "yes or no" },
	{ 0 },
};

static const struct ini_key ima_keys[] = {
	{ "policy", boot_parse_policy, 0, INI_REQUIRED,
	  "none, or an absolute path in the initramfs" },
	{ 0 },
};

static const struct ini_key root_keys[] = {
	{ "type", boot_parse_root_type, 0, INI_ONCE, "verity" },
	{ "device", boot_parse_device, IN(root, device), INI_ONCE,
	  "auto, or a path below /dev" },
	{ "fs", boot_parse_fs, IN(root, fs), INI_ONCE,
	  "erofs, squashfs or ext4" },
	{ "hash", boot_parse_verity_hash, IN(root, verity), INI_ONCE,
	  "sha256, sha384 or sha512" },
	{ "root-hash", boot_parse_root_hash, IN(root, verity), INI_ONCE,
	  "the root hash in lower-case hex" },
	{ "salt", boot_parse_salt, IN(root, verity), INI_ONCE,
	  "at most 256 bytes in lower-case hex, or -" },
	{ "data-block-size", boot_parse_block_size,
	  IN(root, verity.data_block_size), INI_ONCE,
	  "512, 1024, 2048 or 4096" },
	{ "hash-block-size", boot_parse_block_size,
	  IN(root, verity.hash_block_size), INI_ONCE,
	  "512, 1024, 2048 or 4096" },
	{ "data-blocks", boot_parse_u63, IN(root, verity.data_blocks), INI_ONCE,
	  "a number of blocks" },
	{ "hash-offset", boot_parse_u63, IN(root, verity.hash_offset), INI_ONCE,
	  "a number of bytes" },
	{ 0 },
};

static const struct ini_key overlay_keys[] = {
	{ "mode", boot_parse_overlay, IN(overlay, mode), INI_ONCE,
	  "root, directories or none" },
	{ "size", boot_parse_overlay_size, IN(overlay, size_bytes), INI_ONCE,
	  "a size such as 256M" },
	{ "inodes", boot_parse_inodes, IN(overlay, inodes), INI_ONCE,
	  "a number of files" },
	{ "directory", boot_parse_dirs, IN(overlay, dirs), INI_REPEAT,
	  "an absolute path in each of at most 8 lines" },
	{ 0 },
};

static const struct ini_key volume_keys[] = {
	{ "device", boot_parse_device, VOLUME(device), INI_ONCE,
	  "auto, or a path below /dev" },
	{ "uuid", boot_parse_uuid, VOLUME(uuid), INI_ONCE,
	  "a UUID in lower case" },
	{ "key", boot_parse_key_kind, VOLUME(key), INI_ONCE,
	  "sealed or delivered" },
	{ "mount", field_path, VOLUME(mount), INI_REQUIRED,
	  "an absolute path" },
	{ "exec", field_bool, VOLUME(exec), INI_ONCE, "yes or no" },
	{ "measure-key", field_bool, VOLUME(measure_key), INI_ONCE,
	  "yes or no" },
	{ "import", field_bool, VOLUME(import), INI_ONCE, "yes or no" },
	{ "bound", boot_parse_bound, VOLUME(bound), INI_ONCE, "yes or no" },
	{ 0 },
};

static const struct ini_key broker_keys[] = {
	{ "at", boot_parse_channel, IN(broker, at), INI_REQUIRED,
	  "virtio-serial:NAME or vsock:CID:PORT" },
	{ "key", boot_parse_broker_key, IN(broker, key), INI_REQUIRED,
	  "the SHA-256 of its public key in DER, 64 digits of hex" },
	{ "timeout", field_seconds, IN(broker, timeout_s), INI_ONCE,
	  "1 to 3600 seconds" },
	{ 0 },
};

static const struct ini_key workload_keys[] = {
	{ "mode", boot_parse_workload, IN(workload, mode), INI_REQUIRED,
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
	/* dm names of their own: the verified root's, and dm's control node */
	if (strcmp(name, "root") == 0 || strcmp(name, "control") == 0) {
		*ret_why = "the name is taken; choose another";
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
	{ "measure", measure_keys, offsetof(struct boot_conf, measure), NULL },
	{ "evidence", evidence_keys, offsetof(struct boot_conf, evidence),
	  NULL },
	{ "modules", modules_keys, offsetof(struct boot_conf, modules), NULL },
	{ "ima", ima_keys, offsetof(struct boot_conf, ima), NULL },
	{ "root", root_keys, offsetof(struct boot_conf, root), NULL },
	{ "overlay", overlay_keys, offsetof(struct boot_conf, overlay), NULL },
	{ "volume", volume_keys, 0, open_volume },
	{ "broker", broker_keys, offsetof(struct boot_conf, broker), NULL },
	{ "workload", workload_keys, offsetof(struct boot_conf, workload),
	  NULL },
	{ 0 },
};

static const struct boot_conf defaults = {
	.boot = { .device_timeout_s = 10 },
	.tpm = { .timeout_s = 30 },
	.measure = { .into = BOOT_MEASURE_TPM },
	.broker = { .timeout_s = 60 },
	.root = { .verity = { .hash = DIGEST_SHA256 } },
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

/* Without a TPM nothing may count on one. */
static int check_no_tpm(const char *file, const struct boot_conf *c,
			struct ini_error *error)
{
	if (c->tpm.require || c->tpm.identity != defaults.tpm.identity ||
	    c->tpm.srk.pinned || c->tpm.pcr14_start.algs || c->tpm.banks ||
	    c->tpm.timeout_s != defaults.tpm.timeout_s ||
	    c->tpm.minimum_release)
		return ini_refuse(error, file,
				  "keys in [tpm] without tpm in [measure] "
				  "into");
	if (c->volumes)
		return ini_refuse(error, file,
				  "[volume %s] has a sealed key, which needs "
				  "tpm in [measure] into",
				  c->volume[0].name);
	if (c->measure.systemd_log)
		return ini_refuse(error, file,
				  "[measure] systemd-log = yes, which needs "
				  "tpm in into");
	if (c->evidence.pcrs)
		return ini_refuse(error, file,
				  "[evidence] pcrs, which needs tpm in "
				  "[measure] into");
	return 0;
}

static int check_tpm(const char *file, const struct boot_conf *c, bool template,
		     struct ini_error *error)
{
	if (!(c->measure.into & BOOT_MEASURE_TPM))
		return check_no_tpm(file, c, error);
	if (!c->tpm.require && !template)
		return ini_refuse(error, file, "no [tpm] require; it is %s",
				  tpm_keys[0].allowed);
	if (c->tpm.identity == BOOT_IDENTITY_ATTESTED && c->tpm.require &&
	    !(c->tpm.require & BOOT_TPM_SVSM))
		return ini_refuse(error, file,
				  "[tpm] identity = attested without svsm in "
				  "require");
	return 0;
}

static int check_sections(const char *file, const struct boot_conf *c,
			  struct ini_error *error)
{
	if (!c->ima.declared)
		return ini_refuse(error, file, "no [ima] policy; it is %s",
				  ima_keys[0].allowed);
	if (c->evidence.pcrs && !c->evidence.write)
		return ini_refuse(error, file,
				  "[evidence] pcrs without write = yes");
	if (c->workload.mode == BOOT_WORKLOAD_UNSET)
		return ini_refuse(error, file, "no [workload] mode; it is %s",
				  workload_keys[0].allowed);
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
		r = check_tpm(file, ret, template, error);
	if (r == 0)
		r = check_sections(file, ret, error);
	if (r == 0)
		r = check_verity(file, &ret->root.verity, template, error);
	if (r == 0)
		r = boot_check_volumes(file, ret, error);
	if (r == 0)
		r = boot_check_broker(file, ret, error);
	return r;
}
