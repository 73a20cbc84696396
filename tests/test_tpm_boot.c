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

#include "evidence/logs/logs.h"
#include "init/cap.h"
#include "lib/io.h"
#include "lib/own.h"
#include "tests/meddled-boot.h"

/*
 * tpm2-tss makes a library context for every hash, which is most of the time
 * that it needs, and more so under ASan. See deps/recipe/tpm2-tss.
 */
OSSL_LIB_CTX *OSSL_LIB_CTX_new(void)
{
	return OSSL_LIB_CTX_get0_global_default();
}

/* Stages tpm, measure, volumes and cap. */
static int boot(struct boot *b, struct plan *p, struct fail *f)
{
	int r = boot_measure(b, p->world, f);

	if (r == 0)
		r = boot_unseal(b, p, NULL, f);
	return r < 0 ? r : stage_cap(b, f);
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

static bool same(const struct digest_set *a, const struct digest_set *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Reasons why PCR 14 may stay open after a failure: nobody heard the cap. */
static bool may_stay_open(const struct attack *a)
{
	return a->lasts || a->waits;
}

/* The log of the boot; NULL: it did not get that far. The caller frees. */
static struct json_object *read_log(const struct world *w)
{
	own_bytes struct bytes text = { 0 };

	if (io_read_file(w->swtpm.tree.fd, "measurements.json", 64 * 1024,
			 &text) < 0)
		return NULL;
	return json_tokener_parse((char *)text.data);
}

/*
 * A log that misses an extend says so, whatever happened. Extends may be
 * missing in the TPM: another one has them.
 */
static void check_log(const struct world *w, const struct attack *a,
		      unsigned at, const struct digest_set *pcr)
{
	own_json struct json_object *o = read_log(w);
	struct log_events list = { 0 };
	struct digest_set value;
	enum journal_state state;
	struct fail f = { 0 };
	bool found;

	if (!o)
		return;
	assert_int_equal(journal_cel_state(o, &state), 0);
	if (state == JOURNAL_OPEN)
		return;
	assert_ok(init_log_read(o, &list, &f), &f);
	pcr_start_value(all_banks, &value);
	found = same(&value, pcr);
	for (size_t i = 0; !found && i < list.n; i++) {
		assert_int_equal(
			pcr_extend_value(&value, &list.event[i].digests), 0);
		found = same(&value, pcr);
	}
	log_events_free(&list);
	if (!found)
		fail_msg("%s at command %u: the log misses an extend", a->name,
			 at);
}

/* How the boot itself went: no key came out of a state that is not ours. */
static void check_boot(const struct plan *p, int r, const struct fail *f)
{
	const struct attack *a = p->attack;

	if (r < 0 && a->harmless)
		fail_msg("%s at command %u: cannot %s: %s", a->name, p->at,
			 f->what, f->reason);
	if (p->released && p->lost)
		fail_msg("%s at command %u: a secret came out", a->name, p->at);
	if (p->lost && a->says)
		assert_string_equal(f->reason, a->says);
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
	(void)unlinkat(w->swtpm.tree.fd, "measurements.json", 0);
	r = boot(b, p, &f);
	read_pcr(w, &pcr);
	if (r == 0 && !same(&pcr, &w->ready))
		fail_msg("%s at command %u: PCR 14 is wrong", a->name, at);
	check_boot(p, r, &f);
	if (r < 0)
		cap_failed(b);
	tpm_close(&b->tpm);
	read_pcr(w, &pcr);
	if (r < 0 && !may_stay_open(a) &&
	    (same(&pcr, &w->measured) || same(&pcr, &w->ready)))
		fail_msg("%s at command %u: PCR 14 was left open", a->name, at);
	if (!a->loses_state) /* then the log knows of more than the TPM */
		check_log(w, a, at, &pcr);
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

/* ESYS itself repeats the first three, but sends no more than five times. */
static void test_patience(void **state)
{
	static const struct attack busy[] = {
		{ "retry", answer, .arg = TPM2_RC_RETRY, .times = 5,
		  .harmless = true },
		{ "yielded", answer, .arg = TPM2_RC_YIELDED, .times = 5,
		  .harmless = true },
		{ "testing", answer, .arg = TPM2_RC_TESTING, .times = 5,
		  .harmless = true },
		{ "nv_rate", answer, .arg = TPM2_RC_NV_RATE, .times = 5,
		  .harmless = true },
	};
	struct world *w = *state;

	for (size_t i = 0; i < array_size(busy); i++)
		run_case(w, &busy[i], w->commands / 2);
}

/* For however many keys: one HMAC session, and one for policies. */
static void test_two_sessions(void **state)
{
	own_free struct plan *p = calloc(1, sizeof(*p));
	own_boot struct boot *b = NULL;
	struct fail f = { 0 };

	assert_non_null(p);
	p->world = *state;
	b = boot_new(p->world, record, p);
	assert_ok(boot_measure(b, p->world, &f), &f);
	assert_int_equal(p->sessions, 1);
	for (int i = 0; i < 2; i++) {
		assert_ok(boot_unseal(b, p, NULL, &f), &f);
		assert_int_equal(p->sessions, 2);
	}
}

/* PCR 14 by arithmetic, and a key sealed for it. */
static void prepare_key(struct world *w)
{
	struct seal_policy policy = { .pcrs = { .bank = DIGEST_SHA256,
						.mask = 1U << pcr_apps } };
	own_events struct events cap = { 0 };

	boot_measured(&w->measured);
	w->ready = w->measured;
	assert_int_equal(events_add_cap(&cap, events_cap_ready, all_banks), 0);
	assert_int_equal(events_replay(&cap, pcr_apps, &w->ready), 0);
	memcpy(policy.pcrs.value[pcr_apps], w->measured.value[DIGEST_SHA256],
	       32);
	world_seal(w, &policy);
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

	assert_non_null(w);
	world_start(w);
	prepare_key(w);
	prepare_boot(w);
	*state = w;
	return 0;
}

static int finish(void **state)
{
	struct world *w = *state;

	world_stop(w);
	free(w);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_meddling, prepare, finish),
		cmocka_unit_test_setup_teardown(test_meddling_with_a_new_tpm,
						prepare, finish),
		cmocka_unit_test_setup_teardown(test_patience, prepare, finish),
		cmocka_unit_test_setup_teardown(test_two_sessions, prepare,
						finish),
	};

	(void)setenv("TSS2_LOG", "all+none", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
