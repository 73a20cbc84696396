// SPDX-License-Identifier: MIT
/*
 * All that a boot does with its TPM, as the stages do it, while somebody in
 * between meddles with one command after the other, each in many ways. What
 * must come of it: the right secret and the right PCR 14 in every bank, or a
 * failure in bounded time; and no secret from a TPM that lost our extends.
 * Who only reads along, first at the sealing, then at a boot, sees no secret.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/crypto.h>

#include "init/cap.h"
#include "lib/own.h"
#include "tests/attacks.h"
#include "tests/wire.h"

enum {
	apps = 3, /* events before the cap */
	long_timeout_ms = 20000,
	short_timeout_ms = 50, /* for who waits in vain */
	slack_ms = 10000,
	all_banks = (1U << DIGEST_ALG_COUNT) - 1,
};

/*
 * tpm2-tss makes a library context for every hash, which is most of the time
 * that it needs, and more so under ASan. See deps/recipe/tpm2-tss.
 */
OSSL_LIB_CTX *OSSL_LIB_CTX_new(void)
{
	return OSSL_LIB_CTX_get0_global_default();
}

static int add_event(struct boot *b, int i)
{
	own_event struct event e = { .pcr = pcr_apps, .kind = EVENT_EXEC };

	assert_int_equal(digest_data(b->banks, &i, sizeof(i), &e.digests), 0);
	return events_add(&b->events, &e);
}

static int check_fresh(struct boot *b, struct fail *f)
{
	struct digest_set zero;
	int r = tpm_pcr_read(b->tpm, pcr_apps, b->banks, &b->pcr_before, f);

	pcr_start_value(b->banks, &zero);
	if (r == 0 && memcmp(&b->pcr_before, &zero, sizeof(zero)) != 0)
		r = fail_because(f, "", "", "measure");
	return r;
}

/* Stages tpm, measure, volumes and cap. */
static int boot(struct boot *b, struct plan *p, struct fail *f)
{
	own_secret struct secret secret = { 0 };
	int r = tpm_banks(b->tpm, &b->banks, f);

	if (r == 0 && b->banks != all_banks)
		r = fail_because(f, "", "", "use a bank");
	if (r == 0)
		r = check_fresh(b, f);
	for (int i = 0; r == 0 && i < apps; i++) {
		r = add_event(b, i);
		if (r == 0)
			r = tpm_pcr_extend(b->tpm, pcr_apps,
					   &b->events.event[i].digests, f);
	}
	if (r == 0)
		r = tpm_unseal(b->tpm, &p->world->key, NULL, &secret, f);
	if (r < 0) {
		assert_null(secret.data);
		return r;
	}
	p->released = true;
	assert_int_equal(secret.len, wire_secret_size);
	for (size_t i = 0; i < wire_secret_size; i++)
		assert_int_equal(secret.data[i], wire_secret_byte);
	return stage_cap(b, f);
}

/* PCR 14 in all banks, without anybody in between. */
static void read_pcr(struct world *w, struct digest_set *ret)
{
	static const uint8_t banks[] = { 0,    0,    0,	  4,   0,   4,	  3,
					 0,    0x40, 0,	  0,   0xb, 3,	  0,
					 0x40, 0,    0,	  0xc, 3,   0,	  0x40,
					 0,    0,    0xd, 3,   0,   0x40, 0 };
	struct message command;
	struct message got;
	size_t at = message_header + 4 + sizeof(banks) + 4;

	message_begin(&command, TPM2_CC_PCR_Read);
	message_add(&command, banks, sizeof(banks));
	message_end(&command);
	message_send(w->tpm, &command, &got);
	*ret = (struct digest_set){ .algs = all_banks };
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		at += 2; /* its size */
		memcpy(ret->value[a], got.data + at, digest_size(a));
		at += digest_size(a);
	}
	assert_int_equal(at, got.len);
}

static void meddle(struct meddler *m)
{
	struct plan *p = plan_of(m);
	const struct attack *a = p->attack;

	if (m->number == p->at || (a->lasts && m->number > p->at)) {
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

static void record(struct meddler *m)
{
	struct plan *p = plan_of(m);

	wire_pass(m);
	assert_in_range(m->number, 0, commands_max - 1);
	p->world->recorded[m->number] = m->answer;
	p->world->commands = m->number + 1;
}

static struct boot *
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

static void boot_free(struct boot **b)
{
	tpm_close(&(*b)->tpm);
	events_free(&(*b)->events);
	free(*b);
}

#define own_boot __attribute__((cleanup(boot_free)))

static bool same(const struct digest_set *a, const struct digest_set *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Reasons why PCR 14 may stay open after a failure: nobody heard the cap. */
static bool may_stay_open(const struct attack *a)
{
	return a->lasts || a->waits;
}

static void run_case(struct world *w, const struct attack *a, unsigned at)
{
	own_free struct plan *p = calloc(1, sizeof(*p));
	own_boot struct boot *b = NULL;
	struct digest_set pcr;
	struct fail f = { 0 };
	int64_t began_ms = tpm_now_ms();
	int r;

	assert_non_null(p);
	p->world = w;
	p->attack = a;
	p->at = at;
	b = boot_new(w, meddle, p);
	r = boot(b, p, &f);
	read_pcr(w, &pcr);
	if (r == 0 && !same(&pcr, &w->ready))
		fail_msg("%s at command %u: PCR 14 is wrong", a->name, at);
	if (r < 0 && a->harmless)
		fail_msg("%s at command %u: cannot %s: %s", a->name, at, f.what,
			 f.reason);
	if (p->released && p->lost)
		fail_msg("%s at command %u: a secret came out", a->name, at);
	if (p->lost && a->says)
		assert_string_equal(f.reason, a->says);
	if (r < 0)
		cap_failed(b);
	tpm_close(&b->tpm);
	read_pcr(w, &pcr);
	if (r < 0 && !may_stay_open(a) &&
	    (same(&pcr, &w->measured) || same(&pcr, &w->ready)))
		fail_msg("%s at command %u: PCR 14 was left open", a->name, at);
	if (tpm_now_ms() - began_ms > slack_ms)
		fail_msg("%s at command %u: takes too long", a->name, at);
}

static void run_cases(struct world *w, unsigned commands)
{
	for (size_t i = 0; i < array_size(attacks); i++)
		for (unsigned at = 0; at < commands; at++)
			run_case(w, &attacks[i], at);
	print_message("%zu cases: %zu attacks on each of %u commands\n",
		      array_size(attacks) * commands, array_size(attacks),
		      commands);
}

static void test_meddling(void **state)
{
	struct world *w = *state;

	run_cases(w, w->commands);
}

/* A TPM without an SRK, which init then makes. */
static void test_meddling_with_a_new_tpm(void **state)
{
	struct world *w = *state;

	w->new = true;
	run_cases(w, 5);
}

/* PCR 14 by arithmetic, and a key sealed for it. */
static void prepare_key(struct world *w)
{
	own_secret struct secret secret = { 0 };
	own_tpm struct tpm *t = NULL;
	struct seal_policy policy = { .pcrs = { .bank = DIGEST_SHA256,
						.mask = 1U << pcr_apps } };
	own_events struct events cap = { 0 };
	struct fail f = { 0 };

	pcr_start_value(all_banks, &w->measured);
	for (int i = 0; i < apps; i++) {
		struct digest_set event;

		assert_int_equal(digest_data(all_banks, &i, sizeof(i), &event),
				 0);
		assert_int_equal(pcr_extend_value(&w->measured, &event), 0);
	}
	w->ready = w->measured;
	assert_int_equal(events_add_cap(&cap, events_cap_ready, all_banks), 0);
	assert_int_equal(events_replay(&cap, pcr_apps, &w->ready), 0);
	memcpy(policy.pcrs.value[pcr_apps], w->measured.value[DIGEST_SHA256],
	       32);
	assert_int_equal(sealed_key_begin(&policy, &w->key), 0);
	assert_int_equal(secret_alloc(wire_secret_size, &secret), 0);
	wire_secret(secret.data);
	t = meddler_open(w->tpm, wire_pass, NULL, long_timeout_ms);
	assert_ok(tpm_seal(t, &secret, &w->key, &f), &f);
}

/* A boot without meddling, whose answers are kept. */
static void prepare_boot(struct world *w)
{
	own_free struct plan *p = calloc(1, sizeof(*p));
	own_boot struct boot *b = NULL;
	struct fail f = { 0 };

	assert_non_null(p);
	p->world = w;
	b = boot_new(w, record, p);
	assert_ok(boot(b, p, &f), &f);
	tpm_close(&b->tpm);
}

static int prepare(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	own_tpm struct tpm *other = NULL;
	struct fail f = { 0 };
	digest_algs algs;

	assert_non_null(w);
	swtpm_start(&w->swtpm);
	swtpm_start(&w->other);
	w->tpm = meddler_open_tpm(w->swtpm.tcti);
	w->other_tpm = meddler_open_tpm(w->other.tcti);
	power_tell(w->tpm, TPM2_CC_Startup, 0);
	power_tell(w->other_tpm, TPM2_CC_Startup, 0);
	other = meddler_open(w->other_tpm, meddler_pass, NULL, long_timeout_ms);
	assert_ok(tpm_banks(other, &algs, &f), &f);
	prepare_key(w);
	prepare_boot(w);
	*state = w;
	return 0;
}

static int finish(void **state)
{
	struct world *w = *state;

	tcti_close(&w->tpm);
	tcti_close(&w->other_tpm);
	swtpm_stop(&w->swtpm);
	swtpm_stop(&w->other);
	sealed_key_free(&w->key);
	free(w);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_meddling, prepare, finish),
		cmocka_unit_test_setup_teardown(test_meddling_with_a_new_tpm,
						prepare, finish),
	};

	(void)setenv("TSS2_LOG", "all+none", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
