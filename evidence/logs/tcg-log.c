// SPDX-License-Identifier: MIT
/*
 * See tcg-log.h. All numbers are little-endian. A log is a file of the
 * host's: each size is checked against what is left.
 */
#include "evidence/logs/tcg-log.h"

#include <errno.h>
#include <string.h>

#include "lib/own.h"
#include "seal/object/pcr.h"

enum {
	sha1_size = 20,
	digest_bytes_max = 128, /* of an algorithm that we do not know */
	signature_size = 16,
	unwritten_size = 12, /* register, type, number of digests */
};

static const struct {
	uint32_t type;
	const char *name;
} names[] = {
	/* 10.4.1, table 27 */
	{ 0x0, "EV_PREBOOT_CERT" },
	{ 0x1, "EV_POST_CODE" },
	{ ev_no_action, "EV_NO_ACTION" },
	{ ev_separator, "EV_SEPARATOR" },
	{ 0x5, "EV_ACTION" },
	{ ev_event_tag, "EV_EVENT_TAG" },
	{ 0x7, "EV_S_CRTM_CONTENTS" },
	{ 0x8, "EV_S_CRTM_VERSION" },
	{ 0x9, "EV_CPU_MICROCODE" },
	{ 0xa, "EV_PLATFORM_CONFIG_FLAGS" },
	{ 0xb, "EV_TABLE_OF_DEVICES" },
	{ 0xc, "EV_COMPACT_HASH" },
	{ ev_ipl, "EV_IPL" },
	{ 0xe, "EV_IPL_PARTITION_DATA" },
	{ 0xf, "EV_NONHOST_CODE" },
	{ 0x10, "EV_NONHOST_CONFIG" },
	{ 0x11, "EV_NONHOST_INFO" },
	{ 0x12, "EV_OMIT_BOOT_DEVICE_EVENTS" },
	{ 0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG" },
	{ 0x80000002, "EV_EFI_VARIABLE_BOOT" },
	{ 0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION" },
	{ 0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER" },
	{ 0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER" },
	{ 0x80000006, "EV_EFI_GPT_EVENT" },
	{ 0x80000007, "EV_EFI_ACTION" },
	{ 0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB" },
	{ 0x80000009, "EV_EFI_HANDOFF_TABLES" },
	{ 0x8000000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2" },
	{ 0x8000000b, "EV_EFI_HANDOFF_TABLES2" },
	{ 0x8000000c, "EV_EFI_VARIABLE_BOOT2" },
	{ 0x8000000d, "EV_EFI_GPT_EVENT2" },
	{ 0x80000010, "EV_EFI_HCRTM_EVENT" },
	{ 0x800000e0, "EV_EFI_VARIABLE_AUTHORITY" },
	{ 0x800000e1, "EV_EFI_SPDM_FIRMWARE_BLOB" },
	{ 0x800000e2, "EV_EFI_SPDM_FIRMWARE_CONFIG" },
};

const char *tcg_event_name(uint32_t type)
{
	for (size_t i = 0; i < array_size(names); i++)
		if (names[i].type == type)
			return names[i].name;
	return NULL;
}

static const uint8_t *take(struct tcg_log *log, size_t len)
{
	const uint8_t *at = log->at;

	if (log->left < len)
		return NULL;
	log->at += len;
	log->left -= len;
	return at;
}

/* A number of size bytes, at most 4. */
static int take_number(struct tcg_log *log, size_t size, uint32_t *ret)
{
	const uint8_t *at = take(log, size);
	uint32_t n = 0;

	if (!at)
		return -EINVAL;
	for (size_t i = 0; i < size; i++)
		n |= (uint32_t)at[i] << 8 * i;
	*ret = n;
	return 0;
}

/* TCG_EfiSpecIDEvent: 10.4.5.1. *data is what the event holds. */
static int read_spec(struct tcg_log *data, struct tcg_log *log)
{
	static const char signature[signature_size] = "Spec ID Event03";
	const uint8_t *at = take(data, signature_size);
	uint32_t n;

	/* after it the class, two versions, errata, the size of a UINTN */
	if (!at || memcmp(at, signature, signature_size) != 0 ||
	    !take(data, 8) || take_number(data, 4, &n) < 0 || !n ||
	    n > tcg_algs_max)
		return -EINVAL;
	for (log->algs = 0; log->algs < n; log->algs++) {
		uint32_t alg;
		uint32_t size;
		int bank;

		if (take_number(data, 2, &alg) < 0 ||
		    take_number(data, 2, &size) < 0 || size > digest_bytes_max)
			return -EINVAL;
		bank = pcr_bank_from_tpm_alg((uint16_t)alg);
		if (bank >= 0 && digest_size((enum digest_alg)bank) != size)
			return -EINVAL;
		log->alg[log->algs] = (uint16_t)alg;
		log->size[log->algs] = (uint16_t)size;
	}
	return 0;
}

/* The first record has the form that all had before: TCG_PCR_EVENT, 10.2.1. */
static int open_log(const struct bytes *b, uint32_t first_pcr,
		    struct tcg_log *ret, struct fail *f)
{
	struct tcg_log log = { .at = b->data, .left = b->len };
	struct tcg_log data = { 0 };
	uint32_t pcr;
	uint32_t type;
	uint32_t size;

	if (take_number(&log, 4, &pcr) < 0 || take_number(&log, 4, &type) < 0 ||
	    !take(&log, sha1_size) || take_number(&log, 4, &size) < 0)
		return fail_reason(f, "it is cut off in its first event");
	data.at = log.at;
	data.left = size;
	if (!take(&log, size))
		return fail_reason(f, "it is cut off in its first event");
	if (pcr != first_pcr || type != ev_no_action ||
	    read_spec(&data, &log) < 0)
		return fail_reason(f, "it is no crypto-agile log");
	*ret = log;
	return 0;
}

int tcg_log_open(const struct bytes *b, struct tcg_log *ret, struct fail *f)
{
	return open_log(b, 0, ret, f);
}

int tcg_log_open_cc(const struct bytes *b, struct tcg_log *ret, struct fail *f)
{
	return open_log(b, 1, ret, f); /* EDK2 has RTMR 0 there */
}

/* Firmware begins with memory of zeros or of ones; no event is like that. */
bool tcg_log_is_unwritten(const struct tcg_log *log)
{
	static const uint8_t zeros[unwritten_size];
	uint8_t ones[unwritten_size];

	memset(ones, 0xff, sizeof(ones));
	return log->left >= unwritten_size &&
	       (memcmp(log->at, zeros, unwritten_size) == 0 ||
		memcmp(log->at, ones, unwritten_size) == 0);
}

/* One digest of an event. */
static int read_digest(struct tcg_log *log, struct digest_set *set)
{
	const uint8_t *value;
	uint32_t alg;
	size_t i = 0;
	int bank;

	if (take_number(log, 2, &alg) < 0)
		return -EINVAL;
	while (i < log->algs && log->alg[i] != alg)
		i++;
	if (i == log->algs)
		return -EINVAL;
	value = take(log, log->size[i]);
	bank = pcr_bank_from_tpm_alg((uint16_t)alg);
	if (!value || (bank >= 0 && set->algs & 1U << bank))
		return -EINVAL;
	if (bank >= 0) {
		memcpy(set->value[bank], value, log->size[i]);
		set->algs |= 1U << bank;
	}
	return 0;
}

/* TCG_PCR_EVENT2: 10.2.2 */
static int read_event(struct tcg_log *log, struct tcg_event *e)
{
	uint32_t count;
	uint32_t size;

	if (take_number(log, 4, &e->pcr) < 0 ||
	    take_number(log, 4, &e->type) < 0 ||
	    take_number(log, 4, &count) < 0 || count > log->algs)
		return -EINVAL;
	for (uint32_t i = 0; i < count; i++)
		if (read_digest(log, &e->digests) < 0)
			return -EINVAL;
	if (take_number(log, 4, &size) < 0)
		return -EINVAL;
	e->data = take(log, size);
	e->len = size;
	/* one that extends nothing need not be of a PCR: 10.4.5 */
	return e->data && (e->pcr < pcr_count || e->type == ev_no_action)
		       ? 0
		       : -EINVAL;
}

int tcg_log_next(struct tcg_log *log, struct tcg_event *ret, struct fail *f)
{
	struct tcg_event e = { .number = log->number };

	if (!log->left)
		return 0;
	if (read_event(log, &e) < 0)
		return fail_reason(f, "it is cut off or damaged at event %zu",
				   log->number);
	log->number++;
	*ret = e;
	return 1;
}

bool tcg_event_is_locality(const struct tcg_event *e, uint8_t *ret)
{
	static const char signature[signature_size] = "StartupLocality";

	if (e->type != ev_no_action || e->pcr != 0 ||
	    e->len != signature_size + 1 ||
	    memcmp(e->data, signature, signature_size) != 0)
		return false;
	*ret = e->data[signature_size];
	return true;
}
