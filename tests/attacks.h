/* SPDX-License-Identifier: MIT */
/*
 * The ways to meddle with one command of a boot, or with all from it on. Each
 * decides what becomes of the command and what the answer is. Include cmocka.h
 * first.
 */
#ifndef TESTS_ATTACKS_H
#define TESTS_ATTACKS_H

#include "lib/own.h"
#include "tests/meddler.h"
#include "tests/tpm-power.h"

enum { commands_max = 64, from_end = 1000 /* in arg of an attack */ };

/* What is the same in all cases. */
struct world {
	struct swtpm swtpm;
	struct swtpm other; /* another TPM, which has an SRK too */
	TSS2_TCTI_CONTEXT *tpm;
	TSS2_TCTI_CONTEXT *other_tpm;
	struct sealed_key key;
	struct digest_set measured;	       /* PCR 14 that opens it */
	struct digest_set ready;	       /* PCR 14 after the cap */
	struct message recorded[commands_max]; /* answers of a good boot */
	unsigned commands;		       /* of it */
	bool new; /* before each boot the SRK is removed */
};

struct attack {
	const char *name;
	void (*act)(struct meddler *m);
	size_t arg;	  /* see the function */
	unsigned times;	  /* on so many commands in a row; 0 is one */
	bool lasts;	  /* on all commands that follow, too */
	bool waits;	  /* the boot ends by the time limit */
	bool harmless;	  /* the boot goes well */
	bool loses_state; /* of PCRs: no secret may come out afterwards, */
	const char *says; /* and this is the reason */
};

struct plan {
	struct world *world;
	const struct attack *attack;
	unsigned at;			      /* the number of the command */
	struct message extends[commands_max]; /* that went by */
	size_t n_extends;
	struct message previous; /* the last answer, */
	uint32_t previous_code;	 /* to this command */
	unsigned sessions;	 /* that were started */
	bool released;		 /* boot_unseal() got the secret */
	bool lost;		 /* what was extended before that */
};

static inline struct plan *plan_of(const struct meddler *m)
{
	return m->plan;
}

static inline size_t arg_of(const struct meddler *m)
{
	return plan_of(m)->attack->arg;
}

/* arg: which byte, or from_end + which */
static inline void flip(struct meddler *m)
{
	size_t at = arg_of(m);

	meddler_pass(m);
	if (at >= from_end)
		at = m->answer.len - (at - from_end);
	if (at < m->answer.len)
		m->answer.data[at] ^= 1;
}

/* arg: the TPM_RC */
static inline void answer(struct meddler *m)
{
	meddler_answer(m, (TSS2_RC)arg_of(m));
}

static inline void pass_answer(struct meddler *m)
{
	meddler_pass(m);
	answer(m);
}

static inline void say_nothing(struct meddler *m)
{
	m->answer.len = 0;
}

static inline void pass_say_nothing(struct meddler *m)
{
	meddler_pass(m);
	say_nothing(m);
}

/* What the TPM said at this place in an earlier boot. */
static inline void replay_boot(struct meddler *m)
{
	m->answer = plan_of(m)->world->recorded[m->number % commands_max];
}

static inline void pass_replay_boot(struct meddler *m)
{
	meddler_pass(m);
	replay_boot(m);
}

/* What it has just said, if that was to a command of the same kind. */
static inline void replay_last(struct meddler *m)
{
	if (plan_of(m)->previous_code == message_code(&m->command))
		m->answer = plan_of(m)->previous;
	else
		meddler_pass(m);
}

static inline void ask_other(struct meddler *m)
{
	message_send(plan_of(m)->world->other_tpm, &m->command, &m->answer);
}

/* arg: how long the answer is, whatever it says; or from_end + missing */
static inline void resize(struct meddler *m)
{
	size_t len = arg_of(m);

	meddler_pass(m);
	if (len >= from_end && len < 2 * from_end) {
		size_t missing = len - from_end;

		len = m->answer.len > missing ? m->answer.len - missing : 1;
	}
	if (len > m->answer.len)
		memset(m->answer.data + m->answer.len, 0, len - m->answer.len);
	m->answer.len = len;
}

static inline void resize_rightly(struct meddler *m)
{
	resize(m);
	message_end(&m->answer);
}

/* One byte more than it should have. */
static inline void lengthen(struct meddler *m)
{
	meddler_pass(m);
	message_add(&m->answer, "", 1);
	message_end(&m->answer);
}

/* Sessions, objects and PCRs are gone; arg: but PCRs are put back. */
static inline void reset(struct meddler *m)
{
	struct plan *p = plan_of(m);

	power_restart(&p->world->swtpm, m->tpm, 0, 0);
	for (size_t i = 0; arg_of(m) && i < p->n_extends; i++)
		power_extend_again(m->tpm, &p->extends[i]);
	meddler_pass(m);
}

/* Only PCRs are gone; arg: and put back. */
static inline void restart(struct meddler *m)
{
	struct plan *p = plan_of(m);
	struct contexts contexts;

	power_save(m->tpm, &contexts);
	power_restart(&p->world->swtpm, m->tpm, 1, 0);
	for (size_t i = 0; arg_of(m) && i < p->n_extends; i++)
		power_extend_again(m->tpm, &p->extends[i]);
	power_load(m->tpm, &contexts);
	meddler_pass(m);
}

/* Everything survives. */
static inline void resume(struct meddler *m)
{
	struct contexts contexts;

	power_save(m->tpm, &contexts);
	power_restart(&plan_of(m)->world->swtpm, m->tpm, 1, 1);
	power_load(m->tpm, &contexts);
	meddler_pass(m);
}

static const struct attack attacks[] = {
	{ "flip_tag", flip, .arg = 1 },
	{ "flip_size", flip, .arg = 5 },
	{ "flip_code_high", flip, .arg = 6 },
	{ "flip_code_low", flip, .arg = 9 },
	{ "flip_first", flip, .arg = 10 },
	{ "flip_handle", flip, .arg = 13 },
	{ "flip_parameter", flip, .arg = 17 },
	{ "flip_value", flip, .arg = 30 },
	{ "flip_middle", flip, .arg = from_end + 60 },
	{ "flip_nonce", flip, .arg = from_end + 40 },
	{ "flip_attributes", flip, .arg = from_end + 35 },
	{ "flip_hmac", flip, .arg = from_end + 20 },
	{ "flip_last", flip, .arg = from_end + 1 },
	{ "retry", answer, .arg = TPM2_RC_RETRY, .harmless = true },
	{ "yielded", answer, .arg = TPM2_RC_YIELDED, .harmless = true },
	{ "testing", answer, .arg = TPM2_RC_TESTING, .harmless = true },
	{ "nv_rate", answer, .arg = TPM2_RC_NV_RATE, .harmless = true },
	{ "retry_for_ever", answer, .arg = TPM2_RC_RETRY, .lasts = true,
	  .waits = true },
	{ "done_but_retry", pass_answer, .arg = TPM2_RC_RETRY },
	{ "lockout", answer, .arg = TPM2_RC_LOCKOUT },
	{ "failure", answer, .arg = TPM2_RC_FAILURE },
	{ "initialize", answer, .arg = TPM2_RC_INITIALIZE },
	{ "no_session", answer, .arg = TPM2_RC_REFERENCE_S0 },
	{ "no_object", answer, .arg = 0x18b },
	{ "policy_fail", answer, .arg = 0x99d },
	{ "pcr_changed", answer, .arg = TPM2_RC_PCR_CHANGED },
	{ "no_such_command", answer, .arg = TPM2_RC_COMMAND_CODE },
	{ "done_but_failure", pass_answer, .arg = TPM2_RC_FAILURE },
	{ "failure_mode", answer, .arg = TPM2_RC_FAILURE, .lasts = true },
	{ "swallow", answer, .arg = TPM2_RC_SUCCESS },
	{ "swallow_all", answer, .arg = TPM2_RC_SUCCESS, .lasts = true },
	{ "swallow_silently", say_nothing, .waits = true },
	{ "answer_lost", pass_say_nothing, .waits = true },
	{ "replay_boot", replay_boot, .arg = 0 },
	{ "replay_boot_from_here", replay_boot, .lasts = true },
	{ "done_but_replay_boot", pass_replay_boot, .arg = 0 },
	{ "replay_last", replay_last, .arg = 0 },
	{ "other_tpm", ask_other, .arg = 0 },
	{ "other_tpm_from_here", ask_other, .lasts = true },
	{ "empty", resize_rightly, .arg = 10 },
	{ "one_byte", resize, .arg = 1 },
	{ "no_header", resize, .arg = 9 },
	{ "cut", resize, .arg = from_end + 1 },
	{ "cut_and_says_so", resize_rightly, .arg = from_end + 1 },
	{ "cut_deep", resize_rightly, .arg = from_end + 33 },
	{ "longer", lengthen, .arg = 0 },
	{ "largest", resize_rightly, .arg = 4096 },
	{ "too_large", resize_rightly, .arg = 4097 },
	{ "says_less", resize, .arg = 4096 },
	{ "reset", reset, .loses_state = true },
	{ "reset_replayed", reset, .arg = 1, .loses_state = true },
	{ "restart", restart, .loses_state = true },
	{ "restart_replayed", restart, .arg = 1, .loses_state = true,
	  .says = "the TPM was restarted during this boot" },
	{ "resume", resume, .arg = 0 },
};

#endif
