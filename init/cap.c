// SPDX-License-Identifier: MIT
/*
 * Closes PCR 14 and RTMR 3: one fixed event after the last, in every bank.
 * From here on no policy that was satisfied before can be satisfied again in
 * this boot, so neither the workload nor who breaks into it can unseal these
 * keys.
 */
#include "init/cap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "init/record.h"
#include "seal/measure/rtmr.h"

/* The log and the register tell the same story, in every bank. */
static int check_pcr(struct boot *b, struct fail *f)
{
	struct digest_set logged = b->pcr_before;
	struct digest_set present;
	int r = tpm_pcr_read(b->tpm, pcr_apps, b->banks, &present, f);

	if (r == 0)
		r = events_replay(&b->events, pcr_apps, &logged);
	if (r < 0)
		return r;
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (b->banks & 1U << a &&
		    CRYPTO_memcmp(present.value[a], logged.value[a],
				  digest_size(a)) != 0)
			return fail_because(
				f, "something else has extended it",
				"let nothing but init extend PCR 14",
				"close PCR 14, bank %s", digest_name(a));
	return 0;
}

int stage_cap(struct boot *b, struct fail *f)
{
	int r = events_add_cap(&b->events, events_cap_ready, record_algs(b));

	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "log the cap event");
	r = record_event(b, &b->events.event[b->events.n - 1], f);
	if (r == 0 && b->tpm)
		r = check_pcr(b, f);
	if (r == 0 && b->rtmr)
		r = rtmr_check(b->rtmr, &b->events, f);
	return r;
}

/* 0 when all registers took it, once. */
static int spoil(struct boot *b, const struct event *e, digest_algs banks)
{
	struct digest_set for_tpm = e->digests;
	struct fail ignored;
	int r = 0;

	for_tpm.algs = banks;
	if (b->tpm)
		r = tpm_pcr_spoil(b->tpm, pcr_apps, &for_tpm);
	if (b->rtmr && rtmr_extend(b->rtmr, &e->digests, &ignored) < 0)
		r = -EIO;
	return r;
}

/* Before the logs begin nothing was measured. */
static void spoil_and_log(struct boot *b, const struct event *e)
{
	struct fail ignored;
	bool logged =
		b->journal && journal_intend(b->journal, e, &ignored) == 0;

	if (spoil(b, e, b->banks) == 0 && logged)
		(void)journal_complete(b->journal, e, &ignored);
}

/*
 * Without the list of events, which may be full, and without memory, which
 * may be the reason of the failure; the logs get what they can hold.
 */
void cap_failed(struct boot *b)
{
	char text[64];
	struct event e = { .pcr = pcr_apps, .kind = EVENT_CAP, .path = text };
	digest_algs all = (1U << DIGEST_ALG_COUNT) - 1;

	(void)snprintf(text, sizeof(text), "%s", events_cap_failed); /* fits */
	if (digest_data(all, text, strlen(text), &e.digests) < 0)
		return;
	e.digests.algs = record_algs(b);
	/* One by one: a TPM takes none of a command with one it lacks. */
	for (enum digest_alg a = 0; b->tpm && a < DIGEST_ALG_COUNT; a++)
		if (!b->banks)
			(void)spoil(b, &e, 1U << a);
	if (b->banks || b->rtmr)
		spoil_and_log(b, &e);
	journal_close(&b->journal);
	tpm_close(&b->tpm);
}
