// SPDX-License-Identifier: MIT
/*
 * The registers of a TD that were extended at run time, against what was given
 * and against the logs. RTMR 0 is of the firmware and its settings, RTMR 1 of
 * the kernel, RTMR 2 of its command line and the initramfs, RTMR 3 of init
 * (UEFI 2.10, 38.4.1; EDK2 and Linux agree on it).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "evidence/judge-internal.h"
#include "evidence/replay.h"
#include "lib/hex.h"
#include "lib/own.h"

static const char *const checks[] = { "rtmr0", "rtmr1", "rtmr2", "rtmr3" };

enum { rtmr_settings = 0, rtmr_init = 3 };

/*
 * Without a TPM, RTMRs 1 and 2 alone say what was booted; without that, a host
 * with a kernel of its own can show the same RTMR 3.
 */
static enum check_result left_out(const struct judging *j, unsigned n)
{
	return n != rtmr_settings && j->by_td && !j->x->apps_only
		       ? CHECK_MISSING
		       : CHECK_SKIPPED;
}

static int judge_given(struct judging *j, unsigned n)
{
	const struct expected_register *wanted = &j->x->tdx.rtmr[n];
	char hex[2 * td_register_size + 1];

	hex_encode(j->td.rtmr[n], td_register_size, hex);
	if (!wanted->given)
		return verdict_add(j->v, checks[n], left_out(j, n),
				   "it was not compared: none was given; it is "
				   "%s",
				   hex);
	if (memcmp(j->td.rtmr[n], wanted->value, td_register_size) != 0)
		return verdict_add(j->v, checks[n], CHECK_REFUSED,
				   "it is another than the one that was given: "
				   "%s",
				   hex);
	return verdict_add(j->v, checks[n], CHECK_OK,
			   "it is the one that was given");
}

static int refuse_replay(struct judging *j)
{
	own_text struct text why = { 0 };
	int r = replay_explain_mr(&j->v->events, log_mr_rtmr_3,
				  j->td.rtmr[rtmr_init], &why);

	if (r < 0 || text_failed(&why))
		return -ENOMEM;
	return verdict_add(j->v, checks[rtmr_init], CHECK_REFUSED,
			   "the log of init does not lead to it: %s", why.s);
}

static bool has_events(const struct judging *j)
{
	for (size_t i = 0; i < j->v->events.n; i++)
		if (j->v->events.event[i].mr == log_mr_rtmr_3)
			return true;
	return false;
}

/* init has measured into it, or into the TPM alone, and then nobody has. */
static int judge_own(struct judging *j)
{
	struct digest_set value;
	int r = replay_mr(&j->v->events, log_mr_rtmr_3, &value);

	if (r < 0)
		return r;
	if (memcmp(value.value[DIGEST_SHA384], j->td.rtmr[rtmr_init],
		   td_register_size) != 0)
		return refuse_replay(j);
	if (!has_events(j))
		return verdict_add(j->v, checks[rtmr_init],
				   j->by_td ? CHECK_REFUSED : CHECK_SKIPPED,
				   "init has not measured into it");
	j->accounted_rtmr = true;
	return verdict_add(j->v, checks[rtmr_init], CHECK_OK,
			   "the log of init leads to it");
}

int judge_rtmrs(struct judging *j)
{
	int r = 0;

	if (!j->has_td)
		return 0;
	for (unsigned n = 0; r == 0 && n < expected_rtmrs; n++)
		r = judge_given(j, n);
	return r < 0 ? r : judge_own(j);
}
