// SPDX-License-Identifier: MIT
/*
 * The chain of a VM that runs, as its evidence claims: quoted values of PCRs
 * in the place of predicted ones, and what the log of init lists. Whether any
 * of it is true is for cvmctl verify.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/boot.h"
#include "cvmctl/show/chain-source.h"
#include "evidence/logs/log.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "lib/text.h"

struct claimed {
	struct json_object *evidence, *tpm, *logs;
	struct chain_boot boot;
	const char *bank;
	struct log_events firmware;
};

static void claimed_free(struct claimed *e)
{
	log_events_free(&e->firmware);
}

#define own_claimed __attribute__((cleanup(claimed_free)))

/* The values of the first of these banks that is quoted; the others are left
 * out, as what is not of the form of a value is. */
static void read_pcrs(struct claimed *e)
{
	static const enum digest_alg banks[] = { DIGEST_SHA256, DIGEST_SHA384,
						 DIGEST_SHA512, DIGEST_SHA1 };
	struct pcr_values *v = &e->boot.values;
	struct json_object *pcrs = NULL;

	for (size_t i = 0; i < array_size(banks) && !pcrs; i++) {
		v->bank = banks[i];
		pcrs = json_get(json_get(e->tpm, "pcrs"),
				digest_name(banks[i]));
	}
	e->bank = digest_name(v->bank);
	e->boot.is_known = true;
	for (unsigned pcr = 0; pcr < pcr_count; pcr++) {
		uint8_t value[digest_size_max];
		char name[8];
		size_t len = 0;

		(void)snprintf(name, sizeof(name), "%u", pcr); /* fits */
		if (hex_decode(json_get_string(pcrs, name), sizeof(value),
			       value, &len) < 0 ||
		    len != digest_size(v->bank))
			continue;
		memcpy(v->value[pcr], value, len);
		v->mask |= 1U << pcr;
	}
}

static bool is_extended(const struct claimed *e, unsigned pcr)
{
	static const uint8_t zeros[digest_size_max];
	const struct pcr_values *v = &e->boot.values;

	return v->mask & 1U << pcr &&
	       memcmp(v->value[pcr], zeros, digest_size(v->bank)) != 0;
}

static void add_firmware(struct chain *c, const struct claimed *e)
{
	struct json_object *reports = json_get(e->evidence, "reports");
	const char *mrtd =
		json_get_string(json_get(e->evidence, "rtmr"), "mrtd");
	char digest[chain_digest_digits + 1];
	const char *class = json_get_string(e->tpm, "class");
	struct chain_box *b = chain_add_step(c, "Firmware", "");

	chain_add_line(b, CHAIN_NOTE, "", "not part of the image");
	b = chain_measure(c, "the hardware", "Launch measurement");
	for (size_t i = 0; i < chain_count(reports) && i < 2; i++)
		chain_add_line(
			b, CHAIN_ITEM, "report", "%s",
			json_get_string(json_object_array_get_idx(reports, i),
					"provider"));
	if (!chain_count(reports))
		chain_add_line(b, CHAIN_NOTE, "", "no report of hardware");
	if (*mrtd)
		chain_add_line(b, CHAIN_ITEM, chain_short_digest(mrtd, digest),
			       "MRTD");
	if (*class)
		chain_add_line(b, CHAIN_ITEM, class, "TPM");
}

/* "12 KiB", or that there is none, of a log in base64. */
static void add_log(struct chain_box *b, struct json_object *logs,
		    const char *key, const char *name)
{
	size_t size = strlen(json_get_string(logs, key)) / 4 * 3;
	char value[32];

	(void)snprintf(value, sizeof(value), "%zu KiB", (size + 1023) / 1024);
	chain_add_line(b, CHAIN_ITEM, size ? value : "none", "%s", name);
}

static void add_kernel(struct chain *c, const struct claimed *e, int log_error)
{
	struct chain_box *b = chain_add_step(c, "Kernel", "starts");

	add_log(b, e->logs, "firmware", "firmware's log");
	(void)chain_measure_pcr(c, "the firmware", 4, &e->boot,
				CHAIN_MAYBE_BOUND);
	if (log_error < 0 && log_error != -ENOENT)
		chain_add_line(b, CHAIN_NOTE, "", "  which cannot be read");
	chain_add_events(b, &e->firmware, 4, e->boot.values.bank);
}

static void add_initramfs(struct chain *c, const struct claimed *e)
{
	bool is_uki = is_extended(e, 11);
	struct chain_box *b =
		chain_add_step(c, "Command line and initramfs", "takes");

	chain_add_line(b, CHAIN_NOTE, "", "init, and boot.conf's root hash");
	(void)chain_measure_pcr(c, is_uki ? "systemd-stub" : "the EFI stub",
				is_uki ? 11 : 9, &e->boot, CHAIN_MAYBE_BOUND);
	chain_add_events(b, &e->firmware, is_uki ? 11 : 9, e->boot.values.bank);
	if (is_uki) {
		chain_add_line(b, CHAIN_NOTE, "", "a command line of the VMM");
		(void)chain_measure_pcr(c, "systemd-stub", 12, &e->boot,
					CHAIN_MAYBE_BOUND);
		chain_add_events(b, &e->firmware, 12, e->boot.values.bank);
	}
	add_log(b, e->logs, "ima", "IMA's log");
	(void)chain_measure_pcr(c, "the kernel", 10, &e->boot, CHAIN_UNBOUND);
}

static void add_root(struct chain *c)
{
	struct chain_box *b =
		chain_add_step(c, "Root", "opens, by boot.conf's root hash");

	chain_add_line(b, CHAIN_NOTE, "", "dm-verity, read-only");
}

static bool is_volume(struct json_object *event)
{
	return strcmp(json_get_string(json_get(event, "content"), "kind"),
		      "volume-key") == 0;
}

/* "cryptsetup:NAME:UUID" of each key that was measured. */
static void add_volumes(struct chain *c, const struct claimed *e,
			struct json_object *events)
{
	struct chain_box *b = NULL;
	size_t n = 0;

	for (size_t i = 0; i < chain_count(events); i++) {
		struct json_object *event =
			json_object_array_get_idx(events, i);
		const char *path =
			json_get_string(json_get(event, "content"), "path");
		const char *name = strchr(path, ':');

		if (!is_volume(event))
			continue;
		if (!b)
			b = chain_add_keys(c, "Volumes");
		name = name ? name + 1 : path;
		if (n++ < boot_volumes_max)
			chain_add_line(b, CHAIN_ITEM, "in PCR 15", "%.*s",
				       (int)strcspn(name, ":"), name);
	}
	if (n > boot_volumes_max)
		chain_add_line(b, CHAIN_NOTE, "", "and %zu more",
			       n - boot_volumes_max);
	if (b && !is_extended(e, 15))
		chain_add_line(b, CHAIN_NOTE, "", "but PCR 15 is zero");
}

void chain_from_evidence(struct json_object *evidence, struct chain *ret)
{
	own_claimed struct claimed e = { .evidence = evidence,
					 .tpm = json_get(evidence, "tpm"),
					 .logs = json_get(evidence, "logs") };
	struct json_object *events = json_get(e.logs, "init");
	int r = chain_read_firmware(e.logs, &e.firmware);
	struct chain_box *apps;

	ret->failed |= r == -ENOMEM;
	read_pcrs(&e);
	add_firmware(ret, &e);
	add_kernel(ret, &e, r);
	add_initramfs(ret, &e);
	add_root(ret);
	apps = chain_add_apps(ret, events, e.bank, &e.boot);
	chain_add_line(apps, CHAIN_NOTE, "", "keys: before the cap");
	add_volumes(ret, &e, events);
	chain_add_workload(ret);
}
