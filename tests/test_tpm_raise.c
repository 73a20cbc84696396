// SPDX-License-Identifier: MIT
/*
 * A boot with a key that a release key signs for, and with the least release
 * that the TPM opens keys for, while somebody in between meddles with one
 * command after the other. What must come of it: a counter that stands where
 * boot.conf wants it, or a failure in bounded time; no secret from a TPM that
 * lost our extends, and none for a release that was shut out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/crypto.h>

#include "cvmctl/seal/sign-key.h"
#include "lib/io.h"
#include "lib/own.h"
#include "tests/meddled-boot.h"

/* See test_tpm_boot.c. */
OSSL_LIB_CTX *OSSL_LIB_CTX_new(void)
{
	return OSSL_LIB_CTX_get0_global_default();
}

/* One kind of boot; struct world comes first, as struct plan points to it. */
struct scene {
	struct world world;
	struct signatures signatures;
	bool no_counter; /* before each boot the counter is removed */
	bool too_old;	 /* the signatures are for a release shut out */
	unsigned first;	 /* the first command after stage measure, */
	unsigned unseal; /* of the unsealing, */
	unsigned end;	 /* and after the last that is attacked */
};

static struct scene *scene_of(struct plan *p)
{
	return (struct scene *)(void *)p->world;
}

/* Stages tpm, measure and volumes. */
static int boot(struct boot *b, struct plan *p, uint64_t least, struct fail *f)
{
	struct scene *s = scene_of(p);
	int r = boot_measure(b, p->world, f);

	if (!p->attack)
		s->first = s->world.commands;
	if (r == 0)
		r = tpm_raise_release(b->tpm, 1, f);
	if (!p->attack)
		s->unseal = s->world.commands;
	if (r == 0)
		r = boot_unseal(b, p, &s->signatures, f);
	return r < 0 ? r : tpm_raise_release(b->tpm, least, f);
}

/* Where the counter stands. */
static uint64_t counter_of(struct world *w)
{
	uint64_t value = 0;

	assert_true(power_read_counter(w->tpm, &value));
	return value;
}

static void check_counter(const struct plan *p, int r, uint64_t before,
			  uint64_t least)
{
	uint64_t after = 0;
	bool there = power_read_counter(p->world->tpm, &after);

	if (r == 0 && after < least)
		fail_msg("%s at command %u: the counter was not raised",
			 p->attack->name, p->at);
	if (there && after < before)
		fail_msg("%s at command %u: the counter went down",
			 p->attack->name, p->at);
	if (before && after > least)
		fail_msg("%s at command %u: the counter was raised too far",
			 p->attack->name, p->at);
}

static void check_secret(const struct plan *p, int r, const struct fail *f)
{
	const struct attack *a = p->attack;
	const struct scene *s = (const void *)p->world;

	if (r < 0 && a->harmless && !s->too_old)
		fail_msg("%s at command %u: cannot %s: %s", a->name, p->at,
			 f->what, f->reason);
	if (p->released && (p->lost || s->too_old))
		fail_msg("%s at command %u: a secret came out", a->name, p->at);
	if (p->lost && a->says && !s->too_old)
		assert_string_equal(f->reason, a->says);
}

static void run_case(struct scene *s, const struct attack *a, unsigned at)
{
	own_free struct plan *p = calloc(1, sizeof(*p));
	own_boot struct boot *b = NULL;
	struct fail f = { 0 };
	int64_t began_ms = tpm_now_ms();
	uint64_t before = 0;
	int r;

	assert_non_null(p);
	p->world = &s->world;
	p->attack = a;
	p->at = at;
	b = boot_new(p->world, meddle, p);
	if (s->no_counter)
		power_remove_counter(s->world.tpm);
	else
		before = counter_of(p->world);
	r = boot(b, p, before + 1, &f);
	check_secret(p, r, &f);
	check_counter(p, r, before, before + 1);
	tpm_close(&b->tpm);
	if (tpm_now_ms() - began_ms > slack_ms)
		fail_msg("%s at command %u: takes too long", a->name, at);
}

/* Those that ask something of NV commands and of signatures. */
static const char *const chosen[] = {
	"flip_first",
	"flip_parameter",
	"flip_value",
	"flip_hmac",
	"flip_last",
	"nv_rate",
	"done_but_retry",
	"policy_fail",
	"swallow",
	"swallow_all",
	"answer_lost",
	"replay_boot",
	"replay_boot_from_here",
	"done_but_replay_boot",
	"replay_last",
	"other_tpm",
	"other_tpm_from_here",
	"cut_deep",
	"reset",
	"reset_replayed",
	"restart",
	"restart_replayed",
	"resume",
};

static const struct attack *find_attack(const char *name)
{
	size_t i = 0;

	while (i < array_size(attacks) && strcmp(attacks[i].name, name) != 0)
		i++;
	if (i == array_size(attacks))
		fail_msg("no attack %s", name);
	return &attacks[i];
}

static void run_cases(struct scene *s)
{
	unsigned commands = s->end - s->first;

	for (size_t i = 0; i < array_size(chosen); i++)
		for (unsigned n = 0; n < commands; n++)
			run_case(s, find_attack(chosen[i]), s->first + n);
	print_message("%zu cases: %zu attacks on each of %u commands\n",
		      array_size(chosen) * commands, array_size(chosen),
		      commands);
}

/* A boot without meddling, whose answers are kept. */
static int prepare_boot(struct scene *s, uint64_t least, struct fail *f)
{
	own_free struct plan *p = calloc(1, sizeof(*p));
	own_boot struct boot *b = NULL;
	int r;

	assert_non_null(p);
	p->world = &s->world;
	b = boot_new(p->world, record, p);
	if (s->no_counter)
		power_remove_counter(s->world.tpm);
	r = boot(b, p, least, f);
	tpm_close(&b->tpm);
	s->end = s->world.commands;
	return r;
}

static void test_raising(void **state)
{
	struct scene *s = *state;
	struct fail f = { 0 };

	assert_ok(prepare_boot(s, 1, &f), &f);
	assert_ok(prepare_boot(s, counter_of(&s->world) + 1, &f), &f);
	run_cases(s);
}

static void test_raising_the_first_time(void **state)
{
	struct scene *s = *state;
	struct fail f = { 0 };

	s->no_counter = true;
	assert_ok(prepare_boot(s, 1, &f), &f);
	s->end = s->unseal; /* what follows is as above */
	run_cases(s);
}

static void sign(struct scene *s, uint64_t release)
{
	struct signature e = { .bank = DIGEST_SHA256,
			       .mask = 1U << pcr_apps,
			       .release = release };
	own_sign_key struct sign_key *key = NULL;
	char path[PATH_MAX + 8];
	struct fail f = { 0 };

	(void)snprintf(path, sizeof(path), "%s/key", s->world.swtpm.tree.path);
	assert_ok(sign_key_read(path, &key, &f), &f);
	e.values.bank = e.bank;
	e.values.mask = e.mask;
	memcpy(e.values.value[pcr_apps], s->world.measured.value[DIGEST_SHA256],
	       32);
	memcpy(e.fingerprint, sign_key_public(key)->fingerprint, 32);
	assert_int_equal(policy_add_pcrs(&e.policy, &e.values), 0);
	assert_int_equal(policy_add_release(&e.policy, release), 0);
	assert_ok(sign_key_sign(key, &e.policy, &e.sig, &f), &f);
	signatures_free(&s->signatures);
	assert_int_equal(signatures_add(&s->signatures, &e), 0);
}

static void test_release_that_is_shut_out(void **state)
{
	struct scene *s = *state;
	struct fail f = { 0 };

	assert_ok(prepare_boot(s, 2, &f), &f);
	sign(s, 1);
	s->too_old = true;
	assert_refusal(prepare_boot(s, 2, &f), &f,
		       "cannot unseal the key: the TPM opens keys from release "
		       "2 on, and this one is 1; boot a later release, or "
		       "sign this one with a higher number");
	run_cases(s);
}

static int prepare(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	own_bytes struct bytes pem = { 0 };
	struct seal_policy policy = { .pcrs.bank = DIGEST_SHA256,
				      .signed_mask = 1U << pcr_apps,
				      .signer = &pem };

	assert_non_null(s);
	*state = s;
	world_start(&s->world);
	assert_int_equal(
		swtpm_tool(&s->world.swtpm,
			   "openssl genpkey -quiet -algorithm rsa -out key && "
			   "openssl pkey -in key -pubout -out pub"),
		0);
	assert_int_equal(
		io_read_file(s->world.swtpm.tree.fd, "pub", 8192, &pem), 0);
	boot_measured(&s->world.measured);
	world_seal(&s->world, &policy);
	sign(s, INT64_MAX);
	return 0;
}

static int finish(void **state)
{
	struct scene *s = *state;

	world_stop(&s->world);
	signatures_free(&s->signatures);
	free(s);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_raising, prepare, finish),
		cmocka_unit_test_setup_teardown(test_raising_the_first_time,
						prepare, finish),
		cmocka_unit_test_setup_teardown(test_release_that_is_shut_out,
						prepare, finish),
	};

	(void)setenv("TSS2_LOG", "all+none", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
