// SPDX-License-Identifier: MIT
/*
 * The logs of firmware, init and systemd, one after the other as the boot has
 * it, replayed against what was quoted. A log may lie in all it says, but not
 * in its digests and their order.
 */
#include <errno.h>
#include <string.h>

#include "evidence/judge-internal.h"
#include "evidence/logs.h"
#include "evidence/replay.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "seal/json-values.h"

/* Whose events the judge can explain from nothing but themselves. */
static bool is_firmwares(const struct log_event *e)
{
	return e->log == LOG_FIRMWARE && e->pcr < 8 && e->pcr != pcr_kernel;
}

static int explain(struct judging *j, struct log_event *e)
{
	const struct known_entry *k;

	if (e->origin != ORIGIN_UNKNOWN)
		return 0;
	k = known_find(&j->known, e->pcr, &e->digests, j->banks);
	if (!k) {
		e->origin = is_firmwares(e) ? ORIGIN_FIRMWARE : ORIGIN_UNKNOWN;
		return 0;
	}
	e->origin = k->place == KNOWN_FIRMWARE ? ORIGIN_FIRMWARE : ORIGIN_KNOWN;
	e->entry = strdup(k->entry);
	return e->entry ? 0 : -ENOMEM;
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

	pcr_list_write(mask, &list);
	if (r < 0 || text_failed(&list) || text_failed(&why))
		return -ENOMEM;
	return verdict_add(j->v, "replay", CHECK_REFUSED,
			   "the logs do not lead to PCRs %s of bank %s: %s",
			   list.s, digest_name(bank), why.s);
}

static int judge_bank(struct judging *j, enum digest_alg bank,
		      uint32_t *ret_good)
{
	uint32_t bad = 0;
	uint32_t good = 0;

	for (unsigned i = 0; i < pcr_judged; i++) {
		if (i == pcr_ima || !judging_quoted(j, bank, i))
			continue;
		if (judging_equals(j, bank, i, &j->replayed[i]))
			good |= 1U << i;
		else
			bad |= 1U << i;
	}
	*ret_good = good;
	return bad ? refuse_pcrs(j, bank, bad) : 0;
}

static int compare(struct judging *j)
{
	own_text struct text list = { 0 };
	size_t before = j->v->n;
	uint32_t strong = 0;
	uint32_t bad = 0;

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		uint32_t good = 0;
		int r;

		if (!(j->banks & 1U << a))
			continue;
		r = judge_bank(j, a, &good);
		if (r < 0)
			return r;
		bad |= j->e->tpm.pcrs[a].mask & ~good;
		if (strong_banks & 1U << a)
			strong |= good;
	}
	j->accounted = strong & ~bad;
	if (j->v->n != before)
		return 0;
	pcr_list_write(j->accounted, &list);
	return text_failed(&list)
		       ? -ENOMEM
		       : verdict_add(j->v, "replay", CHECK_OK,
				     "the logs lead to PCRs %s in each bank",
				     list.s ? list.s : "");
}

/* Reads them all; one that is damaged is refused as a whole. */
static int read_logs(struct judging *j, uint8_t *ret_locality)
{
	struct log_events *list = &j->v->events;
	struct fail f = { 0 };
	int r = firmware_log_read(&j->e->firmware, list, ret_locality, &f);

	r = judging_parsed(j, "firmware-log", r, &f);
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
		r = replay_events(&j->v->events, LOG_SYSTEMD, j->replayed);
	return r < 0 ? r : compare(j);
}
