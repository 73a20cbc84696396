// SPDX-License-Identifier: MIT
/*
 * The logs of firmware, init and systemd, one after the other as the boot has
 * it, replayed against what was quoted. A log may lie in all it says, but not
 * in its digests and their order.
 */
#include <errno.h>
#include <string.h>

#include "evidence/judge/internal.h"
#include "evidence/logs/logs.h"
#include "evidence/logs/replay.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "seal/object/json-values.h"

/*
 * Whose events the judge can explain from nothing but themselves: PCRs 2 and
 * 4 hold programs, and any of them could have changed what came after it.
 */
static bool is_firmwares(const struct log_event *e)
{
	if (e->log == LOG_CCEL)
		return e->mr == log_mr_rtmr_0;
	return e->log == LOG_FIRMWARE && e->pcr < 8 && e->pcr != pcr_drivers &&
	       e->pcr != pcr_kernel;
}

/* RTMR 1 gets what goes to PCR 4 elsewhere, and what goes to PCR 5. */
static const struct known_entry *
find(const struct judging *j, const struct log_event *e, digest_algs banks)
{
	const struct known_entry *k =
		known_find(&j->known, e->pcr, &e->digests, banks);

	return k || !e->mr_alone || e->pcr != pcr_kernel
		       ? k
		       : known_find(&j->known, pcr_settings, &e->digests,
				    banks);
}

/*
 * Whether something signed says that there was such an event: of a register
 * that is not in a quote a log may say anything.
 */
static bool is_quoted(const struct judging *j, const struct log_event *e)
{
	return (e->mr && j->has_td) ||
	       (!e->mr_alone && judging_banks(j, e->pcr));
}

static int explain(struct judging *j, struct log_event *e)
{
	digest_algs banks = j->banks | (e->mr ? 1U << DIGEST_SHA384 : 0);
	const struct known_entry *k;

	if (!is_quoted(j, e))
		e->origin = ORIGIN_INFORMATION;
	if (e->origin != ORIGIN_UNKNOWN)
		return 0;
	k = find(j, e, banks);
	if (!k) {
		e->origin = is_firmwares(e) ? ORIGIN_FIRMWARE : ORIGIN_UNKNOWN;
		return 0;
	}
	e->origin = k->place == KNOWN_FIRMWARE ? ORIGIN_FIRMWARE : ORIGIN_KNOWN;
	return log_event_name(e, k->entry);
}

/* What PCR 14 begins with, as the manifest has it: shim may extend it. */
static void read_start(const struct judging *j, struct digest_set *ret)
{
	struct json_object *banks =
		json_get(json_get(j->x->manifest, "apps"), "banks");

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (ret->algs & 1U << a &&
		    json_value_hex(json_get(json_get(banks, digest_name(a)),
					    "start"),
				   digest_size(a), ret->value[a]) < 0)
			memset(ret->value[a], 0, digest_size(a));
}

/*
 * Where the firmware's log leads to. Without one, shim's events are not known:
 * PCR 14 then begins with what the manifest says.
 */
static int replay_firmware(struct judging *j, uint8_t locality)
{
	for (unsigned i = 0; i < pcr_count; i++)
		replay_start(i, locality, j->banks, &j->start[i]);
	if (!j->e->firmware.len)
		read_start(j, &j->start[pcr_apps]);
	memcpy(j->firmware, j->start, sizeof(j->firmware));
	return replay_events(&j->v->events, LOG_FIRMWARE, j->firmware);
}

/* Names the PCRs of one bank that differ, and why, if that can be told. */
static int refuse_pcrs(struct judging *j, enum digest_alg bank, uint32_t mask)
{
	own_text struct text list = { 0 };
	own_text struct text why = { 0 };
	int r = replay_explain(&j->v->events, j->e->tpm.pcrs, bank, mask,
			       j->start, &why);

	pcr_names_write(mask, &list);
	if (r < 0 || text_failed(&list) || text_failed(&why))
		return -ENOMEM;
	return verdict_add(j->v, "replay", CHECK_REFUSED,
			   "the logs do not lead to %s of bank %s: %s", list.s,
			   digest_name(bank), why.s);
}

/* Whether a PCR takes part, and is so in a bank. */
static bool takes_part(const struct judging *j, enum digest_alg bank,
		       unsigned pcr)
{
	return pcr != pcr_ima && pcr < pcr_judged &&
	       judging_quoted(j, bank, pcr);
}

/* The PCRs of a bank that are not what the logs lead to. */
static uint32_t different_pcrs(const struct judging *j, enum digest_alg bank)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < pcr_judged; i++)
		if (takes_part(j, bank, i) &&
		    !judging_equals(j, bank, i, &j->replayed[i]))
			mask |= 1U << i;
	return mask;
}

static bool leads_there(const struct judging *j)
{
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (different_pcrs(j, a))
			return false;
	return true;
}

/*
 * systemd goes on measuring after the quote, and its log was read after it:
 * as many of its events count as lead to what was quoted, or all. What is left
 * is said of nobody.
 */
static int replay_systemd(struct judging *j)
{
	struct log_events *list = &j->v->events;

	for (size_t i = 0; i < list->n; i++) {
		struct log_event *e = &list->event[i];
		int r;

		if (e->log != LOG_SYSTEMD)
			continue;
		if (leads_there(j)) {
			e->origin = ORIGIN_INFORMATION;
			continue;
		}
		r = pcr_extend_value(&j->replayed[e->pcr], &e->digests);
		if (r < 0)
			return r;
	}
	return 0;
}

/* In each bank; a PCR is accounted for if it is in a strong one, and in all. */
static int compare(struct judging *j)
{
	own_text struct text list = { 0 };
	size_t before = j->v->n;
	uint32_t strong = 0;
	uint32_t bad = 0;

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		uint32_t mask = different_pcrs(j, a);
		int r = mask ? refuse_pcrs(j, a, mask) : 0;

		if (r < 0)
			return r;
		bad |= mask;
		for (unsigned i = 0; i < pcr_judged; i++)
			if (strong_banks & 1U << a && takes_part(j, a, i))
				strong |= 1U << i;
	}
	j->accounted = strong & ~bad;
	if (j->v->n != before)
		return 0;
	pcr_names_write(j->accounted, &list);
	return text_failed(&list)
		       ? -ENOMEM
		       : verdict_add(j->v, "replay", CHECK_OK,
				     "the logs lead to %s in each bank",
				     list.s);
}

/* Reads them all; one that is damaged is refused as a whole. */
static int read_logs(struct judging *j, uint8_t *ret_locality)
{
	struct log_events *list = &j->v->events;
	struct fail f = { 0 };
	int r = firmware_log_read(&j->e->firmware, list, ret_locality, &f);

	r = judging_parsed(j, "firmware-log", r, &f);
	if (r >= 0) {
		r = ccel_log_read(&j->e->ccel, list, &f);
		r = judging_parsed(j, "ccel", r, &f);
	}
	if (r >= 0 && j->e->init) {
		r = init_log_read(j->e->init, list, &f);
		r = judging_parsed(j, "init-log", r, &f);
	}
	if (r >= 0) {
		r = systemd_log_read(&j->e->systemd, list, &f);
		r = judging_parsed(j, "systemd-log", r, &f);
	}
	return r < 0 ? r : 0;
}

int judge_logs(struct judging *j)
{
	uint8_t locality = 0;
	int r = read_logs(j, &locality);

	for (size_t i = 0; r == 0 && i < j->v->events.n; i++)
		r = explain(j, &j->v->events.event[i]);
	if (r < 0 || !j->e->has_tpm)
		return r;
	r = replay_firmware(j, locality);
	if (r < 0)
		return r;
	memcpy(j->replayed, j->firmware, sizeof(j->replayed));
	r = replay_events(&j->v->events, LOG_INIT, j->replayed);
	if (r == 0)
		r = replay_systemd(j);
	return r < 0 ? r : compare(j);
}
