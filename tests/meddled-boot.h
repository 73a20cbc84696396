/* SPDX-License-Identifier: MIT */
/*
 * A boot of init, as far as its TPM is concerned, with somebody in between who
 * plays an attack of attacks.h at one command, or only looks. Include cmocka.h
 * first.
 */
#ifndef TESTS_MEDDLED_BOOT_H
#define TESTS_MEDDLED_BOOT_H

#include "init/record.h"
#include "lib/own.h"
#include "tests/attacks.h"
#include "tests/wire.h"

enum {
	boot_apps = 3, /* events before the cap */
	long_timeout_ms = 20000,
	short_timeout_ms = 50, /* for who waits in vain */
	slack_ms = 10000,
	all_banks = (1U << DIGEST_ALG_COUNT) - 1,
};

static inline int boot_add_event(struct boot *b, int i)
{
	own_event struct event e = { .pcr = pcr_apps, .kind = EVENT_EXEC };

	assert_int_equal(digest_data(b->banks, &i, sizeof(i), &e.digests), 0);
	return events_add(&b->events, &e);
}

static inline int boot_check_fresh(struct boot *b, struct fail *f)
{
	struct digest_set zero;
	int r = tpm_pcr_read(b->tpm, pcr_apps, b->banks, &b->pcr_before, f);

	pcr_start_value(b->banks, &zero);
	if (r == 0 && memcmp(&b->pcr_before, &zero, sizeof(zero)) != 0)
		r = fail_because(f, "", "", "measure");
	return r;
}

/* Stages tpm and measure; the logs lie beside the swtpm. */
static inline int boot_measure(struct boot *b, const struct world *w,
			       struct fail *f)
{
	int r = tpm_banks(b->tpm, &b->banks, f);

	if (r == 0 && b->banks != all_banks)
		r = fail_because(f, "", "", "use a bank");
	if (r == 0)
		r = boot_check_fresh(b, f);
	if (r == 0)
		r = record_begin(b, w->swtpm.tree.path, f);
	for (int i = 0; r == 0 && i < boot_apps; i++) {
		r = boot_add_event(b, i);
		if (r == 0)
			r = record_event(b, &b->events.event[i], f);
	}
	return r;
}

/* What PCR 14 is then, by arithmetic. */
static inline void boot_measured(struct digest_set *ret)
{
	pcr_start_value(all_banks, ret);
	for (int i = 0; i < boot_apps; i++) {
		struct digest_set event;

		assert_int_equal(digest_data(all_banks, &i, sizeof(i), &event),
				 0);
		assert_int_equal(pcr_extend_value(ret, &event), 0);
	}
}

/* Takes the secret of the world's key, which has to be the right one. */
static inline int boot_unseal(struct boot *b, struct plan *p,
			      const struct signatures *signatures,
			      struct fail *f)
{
	own_secret struct secret secret = { 0 };
	uint8_t right[wire_secret_size];
	int r = tpm_unseal(b->tpm, &p->world->key, signatures, &secret, f);

	if (r < 0) {
		assert_null(secret.data);
		return r;
	}
	p->released = true;
	wire_secret(right);
	assert_int_equal(secret.len, sizeof(right));
	assert_memory_equal(secret.data, right, sizeof(right));
	return 0;
}

/* Is this command attacked? */
static inline bool is_due(const struct meddler *m)
{
	const struct plan *p = plan_of(m);
	unsigned times = p->attack->times ? p->attack->times : 1;

	return m->number >= p->at &&
	       (p->attack->lasts || m->number - p->at < times);
}

static inline void meddle(struct meddler *m)
{
	struct plan *p = plan_of(m);
	const struct attack *a = p->attack;

	if (is_due(m)) {
		if (a->loses_state && p->n_extends && !p->released)
			p->lost = true;
		a->act(m);
	} else {
		meddler_pass(m);
	}
	if (message_code(&m->command) == TPM2_CC_PCR_Extend)
		p->extends[p->n_extends++ % commands_max] = m->command;
	p->previous_code = message_code(&m->command);
	p->previous = m->answer;
}

/* Meddles with nothing; looks at everything, and keeps the answers. */
static inline void record(struct meddler *m)
{
	struct plan *p = plan_of(m);

	wire_pass(m);
	assert_in_range(m->number, 0, commands_max - 1);
	p->world->recorded[m->number] = m->answer;
	p->world->commands = m->number + 1;
	p->sessions += message_code(&m->command) == TPM2_CC_StartAuthSession;
}

static inline struct boot *
boot_new(struct world *w, void (*meddle_with)(struct meddler *), struct plan *p)
{
	bool waits = p->attack && p->attack->waits;
	struct boot *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	power_restart(&w->swtpm, w->tpm, 0, 0);
	power_restart(&w->other, w->other_tpm, 0, 0);
	if (w->new)
		power_remove_srk(w->tpm);
	b->tpm = meddler_open(w->tpm, meddle_with, p,
			      waits ? short_timeout_ms : long_timeout_ms);
	return b;
}

static inline void boot_free(struct boot **b)
{
	tpm_close(&(*b)->tpm);
	journal_close(&(*b)->journal);
	events_free(&(*b)->events);
	free(*b);
}

#define own_boot __attribute__((cleanup(boot_free)))

/* Two TPMs with SRKs; no key yet. */
static inline void world_start(struct world *w)
{
	own_tpm struct tpm *other = NULL;
	struct fail f = { 0 };
	digest_algs algs;

	swtpm_start(&w->swtpm);
	swtpm_start(&w->other);
	w->tpm = meddler_open_tpm(w->swtpm.tcti);
	w->other_tpm = meddler_open_tpm(w->other.tcti);
	power_tell(w->tpm, TPM2_CC_Startup, 0);
	power_tell(w->other_tpm, TPM2_CC_Startup, 0);
	other = meddler_open(w->other_tpm, meddler_pass, NULL, long_timeout_ms);
	assert_ok(tpm_banks(other, &algs, &f), &f);
}

/* Seals the secret while somebody reads along. */
static inline void world_seal(struct world *w, const struct seal_policy *policy)
{
	own_secret struct secret secret = { 0 };
	own_tpm struct tpm *t = NULL;
	struct fail f = { 0 };

	assert_int_equal(sealed_key_begin(policy, &w->key), 0);
	assert_int_equal(secret_alloc(wire_secret_size, &secret), 0);
	wire_secret(secret.data);
	t = meddler_open(w->tpm, wire_pass, NULL, long_timeout_ms);
	assert_ok(tpm_seal(t, &secret, &w->key, &f), &f);
}

static inline void world_stop(struct world *w)
{
	tcti_close(&w->tpm);
	tcti_close(&w->other_tpm);
	swtpm_stop(&w->swtpm);
	swtpm_stop(&w->other);
	sealed_key_free(&w->key);
}

#endif
