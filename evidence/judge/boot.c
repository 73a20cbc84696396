// SPDX-License-Identifier: MIT
/*
 * What was booted: PCRs 2, 4, 9, 11 and 12 against a prediction. Without one,
 * the firmware's events in PCRs 4 and 9 have to be those of the manifest's
 * kernel, command line and initramfs, which is as good, but knows no unified
 * kernel images, and no QEMU that changes the kernel's header. PCR 2 says that
 * nothing ran before the kernel that could have changed it: EDK II measures
 * drivers there, those in the ROM of a device among them, whoever starts them.
 */
#include <errno.h>
#include <string.h>

#include "evidence/judge/internal.h"
#include "lib/own.h"
#include "seal/object/json-values.h"

static const char check[] = "boot";

const char judging_late_kernel[] =
	"the kernel of the manifest comes after the boot manager: code that "
	"nobody measured could have said so";

static const unsigned predicted[] = { pcr_drivers, pcr_kernel, pcr_initrd,
				      pcr_unified, pcr_overrides };

/* The value that the prediction has for a PCR in one bank; its size, or 0. */
static size_t read_value(const struct judging *j, unsigned pcr,
			 enum digest_alg bank, uint8_t *ret)
{
	char name[16];
	struct json_object *pcrs =
		json_get(json_get(j->x->prediction, "boot"), "pcrs");

	(void)snprintf(name, sizeof(name), "%u", pcr); /* fits */
	return json_value_hex(json_get(json_get(pcrs, name), digest_name(bank)),
			      digest_size(bank), ret) < 0
		       ? 0
		       : digest_size(bank);
}

/*
 * What is compared with the prediction: systemd, if it is the workload's init,
 * goes on with PCR 11, and judge_logs has made sure that it came after.
 */
static const uint8_t *present_value(const struct judging *j, unsigned pcr,
				    enum digest_alg bank)
{
	if (pcr == pcr_unified && j->accounted & 1U << pcr)
		return j->firmware[pcr].value[bank];
	return judging_quoted(j, bank, pcr);
}

/*
 * The first event of a PCR that nothing explains, in whichever log it was
 * put; NULL without any.
 */
static const struct log_event *find_stranger(const struct judging *j,
					     unsigned pcr)
{
	for (size_t i = 0; i < j->v->events.n; i++) {
		const struct log_event *e = &j->v->events.event[i];

		if (e->pcr == pcr && !e->mr_alone &&
		    e->origin != ORIGIN_KNOWN && e->origin != ORIGIN_FIRMWARE &&
		    e->origin != ORIGIN_INFORMATION)
			return e;
	}
	return NULL;
}

static int refuse_pcr(struct judging *j, unsigned pcr)
{
	const struct log_event *e = find_stranger(j, pcr);

	if (!e)
		return verdict_add(j->v, check, CHECK_REFUSED,
				   "PCR %u is not the predicted one", pcr);
	return verdict_add(j->v, check, CHECK_REFUSED,
			   "PCR %u is not the predicted one; %s event %zu was "
			   "not predicted: %s %s",
			   pcr, log_source_name(e->log), e->number, e->type,
			   e->says);
}

/* 1: it is as predicted; 0: a check says that it is not; or -errno. */
static int judge_pcr(struct judging *j, unsigned pcr)
{
	digest_algs compared = 0;
	int r;

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		const uint8_t *present = present_value(j, pcr, a);
		uint8_t value[digest_size_max];
		size_t size = present && judging_quoted(j, a, pcr)
				      ? read_value(j, pcr, a, value)
				      : 0;

		if (!size)
			continue;
		if (memcmp(value, present, size) != 0)
			return refuse_pcr(j, pcr);
		compared |= 1U << a;
	}
	if (compared & strong_banks)
		return 1;
	r = verdict_add(j->v, check, CHECK_MISSING,
			"PCR %u is not both predicted and quoted in a bank "
			"other than sha1",
			pcr);
	return r < 0 ? r : 0;
}

/* PCR 14 before the cap, which says whose prediction it is. */
static bool is_of_the_image(const struct judging *j)
{
	struct json_object *ours =
		json_get(json_get(j->x->manifest, "apps"), "banks");
	struct json_object *theirs = json_get(j->x->prediction, "banks");
	bool strong = false;

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		const char *x = json_get_string(json_get(ours, digest_name(a)),
						"measured");
		const char *y =
			json_get_string(json_get(theirs, digest_name(a)),
					"measured");

		if (!*x || !*y)
			continue;
		if (strcmp(x, y) != 0)
			return false;
		strong = strong || strong_banks & 1U << a;
	}
	return strong;
}

static int judge_predicted(struct judging *j)
{
	if (!is_of_the_image(j))
		return verdict_add(j->v, check, CHECK_REFUSED,
				   "the prediction is not for the image of the "
				   "manifest");
	for (size_t i = 0; i < array_size(predicted); i++) {
		int r = judge_pcr(j, predicted[i]);

		if (r <= 0)
			return r;
	}
	return verdict_add(j->v, check, CHECK_OK,
			   "PCRs 2, 4, 9, 11 and 12 are the predicted ones");
}

static bool extends(const struct log_event *e, unsigned pcr)
{
	return e->pcr == pcr && !e->mr_alone && e->origin != ORIGIN_INFORMATION;
}

static bool is_at(const struct judging *j, const struct log_event *e,
		  enum known_place place)
{
	return known_is(&j->known, place, e->pcr, &e->digests,
			judging_banks(j, e->pcr));
}

/* How many events of a PCR are this one of the manifest's. */
static size_t count(const struct judging *j, unsigned pcr,
		    enum known_place place)
{
	size_t n = 0;

	for (size_t i = 0; i < j->v->events.n; i++) {
		const struct log_event *e = &j->v->events.event[i];

		n += extends(e, pcr) && is_at(j, e, place);
	}
	return n;
}

/*
 * OVMF measures QEMU's kernel when it loads it, and then that its boot manager
 * starts something. What is no EFI program it starts without measuring it
 * (X86QemuLoadImageLib): that could extend PCR 4 with anything.
 */
static bool begins_with_kernel(const struct judging *j)
{
	for (size_t i = 0; i < j->v->events.n; i++) {
		const struct log_event *e = &j->v->events.event[i];

		if (extends(e, pcr_kernel))
			return is_at(j, e, KNOWN_KERNEL);
	}
	return false;
}

/* NULL, or the first thing that is not as it has to be. */
static const char *missing_event(const struct judging *j)
{
	if (count(j, pcr_kernel, KNOWN_KERNEL) != 1)
		return "the kernel";
	if (count(j, pcr_initrd, KNOWN_CMDLINE) != 1)
		return "the command line";
	if (count(j, pcr_initrd, KNOWN_INITRAMFS) != 1)
		return "the initramfs";
	return NULL;
}

/* 1: no driver has run; 0: a check says that one may have; or -errno. */
static int judge_drivers(struct judging *j)
{
	const struct log_event *stranger = find_stranger(j, pcr_drivers);
	int r;

	if (stranger)
		r = verdict_add(j->v, check, CHECK_REFUSED,
				"a driver ran before the kernel and can have "
				"changed it: %s event %zu, %s %s; give QEMU's "
				"devices an empty romfile=",
				log_source_name(stranger->log),
				stranger->number, stranger->type,
				stranger->says);
	else if (count(j, pcr_drivers, KNOWN_FIRMWARE) != 1)
		r = verdict_add(j->v, check, CHECK_REFUSED,
				"the firmware has not closed PCR 2: nothing "
				"proves that no driver ran before the kernel");
	else
		return 1;
	return r < 0 ? r : 0;
}

/*
 * An event without the digest of a quoted bank would be no part of that bank's
 * story: NULL, or one of PCR 2, 4 or 9.
 */
static const struct log_event *find_partial(const struct judging *j)
{
	for (size_t i = 0; i < j->v->events.n; i++) {
		const struct log_event *e = &j->v->events.event[i];

		if ((extends(e, pcr_drivers) || extends(e, pcr_kernel) ||
		     extends(e, pcr_initrd)) &&
		    judging_banks(j, e->pcr) & ~e->digests.algs)
			return e;
	}
	return NULL;
}

static int judge_files(struct judging *j)
{
	const struct log_event *stranger = find_stranger(j, pcr_kernel);
	const char *missing = missing_event(j);

	if (!stranger)
		stranger = find_stranger(j, pcr_initrd);
	if (missing)
		return verdict_add(
			j->v, check, CHECK_REFUSED,
			"%s of the manifest was not booted as it is; "
			"for a UKI, or where QEMU changes the kernel, "
			"give --prediction",
			missing);
	if (stranger)
		return verdict_add(j->v, check, CHECK_REFUSED,
				   "%s event %zu is not the manifest's: %s %s",
				   log_source_name(stranger->log),
				   stranger->number, stranger->type,
				   stranger->says);
	if (!begins_with_kernel(j))
		return verdict_add(j->v, check, CHECK_REFUSED, "%s",
				   judging_late_kernel);
	return verdict_add(j->v, check, CHECK_OK,
			   "the kernel, command line and initramfs of the "
			   "manifest were booted");
}

static int judge_events(struct judging *j)
{
	static const uint32_t needed =
		1U << pcr_drivers | 1U << pcr_kernel | 1U << pcr_initrd;
	const struct log_event *partial = find_partial(j);
	int r;

	if ((j->accounted & needed) != needed)
		return verdict_add(
			j->v, check, CHECK_MISSING,
			"nothing proves what was booted: PCRs 2, 4 "
			"and 9 are not quoted and accounted for in a "
			"bank other than sha1, and no prediction "
			"was given");
	if (partial)
		return verdict_add(j->v, check, CHECK_REFUSED,
				   "%s event %zu has no digest of a bank that "
				   "was quoted: %s %s",
				   log_source_name(partial->log),
				   partial->number, partial->type,
				   partial->says);
	r = judge_drivers(j);
	return r <= 0 ? r : judge_files(j);
}

int judge_boot(struct judging *j)
{
	if (!j->e->has_tpm)
		return 0;
	if (j->x->apps_only)
		return verdict_add(j->v, check, CHECK_SKIPPED,
				   "the boot chain was not asked for: a host "
				   "with a kernel of its own can show the same "
				   "PCR 14");
	return j->x->prediction ? judge_predicted(j) : judge_events(j);
}
