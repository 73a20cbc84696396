// SPDX-License-Identifier: MIT
/*
 * The chain of a VM that runs, as its evidence claims: quoted values of PCRs,
 * and of the registers of Intel TDX, in the place of predicted ones, and what
 * the log of init lists. Whether any
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
	struct log_events firmware; /* or of the TD, with the bank of it */
	enum digest_alg firmware_bank;
	int firmware_error; /* 0; -ENOENT; or why it cannot be read */
};

static void claimed_free(struct claimed *e)
{
	log_events_free(&e->firmware);
}

#define own_claimed __attribute__((cleanup(claimed_free)))

/*
 * The values of the first of these banks that is quoted; the others are left
 * out, as what is not of the form of a value is. Without a TPM the events of
 * init have the digest that RTMR 3 takes.
 */
static void read_pcrs(struct claimed *e)
{
	static const enum digest_alg banks[] = { DIGEST_SHA256, DIGEST_SHA384,
						 DIGEST_SHA512, DIGEST_SHA1 };
	struct pcr_values *v = &e->boot.values;
	struct json_object *pcrs = NULL;

	e->bank = digest_name(DIGEST_SHA384);
	if (!e->tpm)
		return;
	e->boot.into |= BOOT_MEASURE_TPM;
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

/* The log that goes with what is quoted: of a TD if nothing else is there. */
static int read_log(struct claimed *e)
{
	bool is_td = !json_get(e->logs, "firmware") && chain_has_td(&e->boot);

	e->firmware_bank = is_td ? DIGEST_SHA384 : e->boot.values.bank;
	e->firmware_error = chain_read_firmware(e->logs, is_td, &e->firmware);
	return e->firmware_error == -ENOMEM ? -ENOMEM : 0;
}

/* Only systemd-stub measures with EV_IPL what goes to RTMR 2. */
static bool is_unified(const struct claimed *e)
{
	const struct log_events *list = &e->firmware;

	if (chain_has_tpm(&e->boot))
		return is_extended(e, chain_pcr_of(CHAIN_UNIFIED));
	for (size_t i = 0; i < list->n; i++)
		if (list->event[i].mr == log_mr_rtmr_0 + 2 &&
		    strcmp(list->event[i].type, "EV_IPL") == 0)
			return true;
	return false;
}

static void add_reports(struct chain_box *b, const struct claimed *e)
{
	struct json_object *reports = json_get(e->evidence, "reports");

	for (size_t i = 0; i < chain_count(reports) && i < 2; i++)
		chain_add_line(
			b, CHAIN_ITEM, "report", "%s",
			json_get_string(json_object_array_get_idx(reports, i),
					"provider"));
	if (!chain_count(reports))
		chain_add_line(b, CHAIN_NOTE, "", "no report of hardware");
}

static void add_firmware(struct chain *c, const struct claimed *e)
{
	struct chain_box *b = chain_add_step(c, "Firmware", "");
	const char *class = json_get_string(e->tpm, "class");
	struct chain_box *launch;

	chain_add_line(b, CHAIN_NOTE, "", "not part of the image");
	launch = chain_measure_launch(c, &e->boot);
	if (!chain_has_td(&e->boot))
		add_reports(launch, e);
	if (*class)
		chain_add_line(launch, CHAIN_ITEM, class, "TPM");
	chain_add_firmwares(c, b, &e->boot);
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

static void add_kernel(struct chain *c, const struct claimed *e)
{
	struct chain_box *b = chain_add_step(c, "Kernel", "starts");

	if (chain_has_tpm(&e->boot) || !chain_has_td(&e->boot))
		add_log(b, e->logs, "firmware", "firmware's log");
	else
		add_log(b, e->logs, "ccel", "log of the TD");
	(void)chain_measure_into(c, "the firmware", CHAIN_KERNEL, &e->boot,
				 CHAIN_MAYBE_BOUND);
	if (e->firmware_error < 0 && e->firmware_error != -ENOENT)
		chain_add_line(b, CHAIN_NOTE, "", "  which cannot be read");
	chain_add_events(b, &e->firmware, CHAIN_KERNEL, e->firmware_bank);
}

/* Only the TPM can prove it. */
static void add_ima(struct chain *c, struct chain_box *b,
		    const struct claimed *e)
{
	if (!chain_has_tpm(&e->boot) && !json_get(e->logs, "ima"))
		return;
	add_log(b, e->logs, "ima", "IMA's log");
	if (!chain_measure_into(c, "the kernel", CHAIN_RUNNING, &e->boot,
				CHAIN_UNBOUND))
		chain_add_line(b, CHAIN_NOTE, "", "  in no register");
}

static void add_initramfs(struct chain *c, const struct claimed *e)
{
	bool is_uki = is_unified(e);
	enum chain_place place = is_uki ? CHAIN_UNIFIED : CHAIN_STUB;
	struct chain_box *b =
		chain_add_step(c, "Command line and initramfs", "takes");

	chain_add_line(b, CHAIN_NOTE, "", "init, and boot.conf's root hash");
	(void)chain_measure_into(c, is_uki ? "systemd-stub" : "the EFI stub",
				 place, &e->boot, CHAIN_MAYBE_BOUND);
	chain_add_events(b, &e->firmware, place, e->firmware_bank);
	if (is_uki && chain_has_tpm(&e->boot)) {
		chain_add_line(b, CHAIN_NOTE, "", "a command line of the VMM");
		(void)chain_measure_into(c, "systemd-stub", CHAIN_OVERRIDES,
					 &e->boot, CHAIN_MAYBE_BOUND);
		chain_add_events(b, &e->firmware, CHAIN_OVERRIDES,
				 e->firmware_bank);
	}
	add_ima(c, b, e);
}

static void add_root(struct chain *c)
{
	struct chain_box *b =
		chain_add_step(c, "Root", "opens, by boot.conf's root hash");

	chain_add_line(b, CHAIN_NOTE, "", "dm-verity, read-only");
}

/* The registers that the records of init name. */
static unsigned logged(struct json_object *events)
{
	unsigned into = BOOT_MEASURE_NONE;

	for (size_t i = 0; i < chain_count(events); i++) {
		struct json_object *o = json_object_array_get_idx(events, i);

		into |= json_get(o, "pcr") ? BOOT_MEASURE_TPM : 0;
		into |= json_get(o, "rtmr") ? BOOT_MEASURE_RTMR : 0;
	}
	return into;
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

	if (!chain_has_tpm(&e->boot))
		return; /* which alone releases keys */
	for (size_t i = 0; i < chain_count(events); i++) {
		struct json_object *event =
			json_object_array_get_idx(events, i);
		const char *path =
			json_get_string(json_get(event, "content"), "path");
		const char *name = strchr(path, ':');

		if (!is_volume(event))
			continue;
		if (!b)
			b = chain_add_end(c, CHAIN_END_KEYS, "Volumes");
		name = name ? name + 1 : path;
		if (n++ < boot_volumes_max)
			chain_add_line(b, CHAIN_ITEM, "in PCR 15", "%.*s",
				       (int)strcspn(name, ":"), name);
	}
	if (n > boot_volumes_max)
		chain_add_line(b, CHAIN_NOTE, "", "and %zu more",
			       n - boot_volumes_max);
	if (b && logged(events) & BOOT_MEASURE_RTMR)
		chain_add_line(b, CHAIN_NOTE, "", "and in RTMR 3");
	if (b && !is_extended(e, 15))
		chain_add_line(b, CHAIN_NOTE, "", "but PCR 15 is zero");
}

void chain_from_evidence(struct json_object *evidence, struct chain *ret)
{
	own_claimed struct claimed e = { .evidence = evidence,
					 .tpm = json_get(evidence, "tpm"),
					 .logs = json_get(evidence, "logs"),
					 .boot = { .is_claimed = true } };
	struct json_object *events = json_get(e.logs, "init");
	struct chain_box *apps;

	read_pcrs(&e);
	if (chain_read_td(evidence, &e.boot) < 0 || read_log(&e) < 0)
		ret->failed = true;
	add_firmware(ret, &e);
	add_kernel(ret, &e);
	add_initramfs(ret, &e);
	add_root(ret);
	apps = chain_add_apps(ret, events, e.bank, &e.boot);
	if (chain_has_tpm(&e.boot))
		chain_add_line(apps, CHAIN_NOTE, "", "keys: before the cap");
	add_volumes(ret, &e, events);
	chain_add_quote(ret, &e.boot);
	chain_add_workload(ret, logged(events));
}
