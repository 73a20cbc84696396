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

#include "evidence/judge/internal.h"
#include "evidence/logs/replay.h"
#include "lib/hex.h"
#include "lib/own.h"

static const char *const checks[] = { "rtmr0", "rtmr1", "rtmr2", "rtmr3" };

enum { rtmr_settings = 0, rtmr_kernel = 1, rtmr_init = 3 };

/*
 * A TPM that only its maker is known of can be in a machine of the host's. The
 * TD binds it to itself, if what runs there is ours: MRTD does not say that.
 */
static bool is_tpm_by_td(const struct judging *j)
{
	return j->e->has_tpm && !j->x->without_hardware && !j->x->ak.given &&
	       !j->x->ek.given;
}

/*
 * Without a TPM, RTMRs 1 and 2 alone say what was booted; without that, a host
 * with a kernel of its own can show the same RTMR 3.
 */
static bool is_needed(const struct judging *j, unsigned n)
{
	return n != rtmr_settings && (j->by_td || is_tpm_by_td(j)) &&
	       !j->x->apps_only;
}

static bool extends(const struct log_event *e, unsigned n)
{
	return e->mr == log_mr_rtmr_0 + n && e->origin != ORIGIN_INFORMATION;
}

static bool is_at(const struct judging *j, const struct log_event *e,
		  enum known_place place)
{
	return known_is(&j->known, place, e->pcr, &e->digests,
			1U << DIGEST_SHA384);
}

/* How many events of a register are this one of the manifest's. */
static size_t count(const struct judging *j, unsigned n, enum known_place place)
{
	size_t found = 0;

	for (size_t i = 0; i < j->v->events.n; i++) {
		const struct log_event *e = &j->v->events.event[i];

		found += extends(e, n) && is_at(j, e, place);
	}
	return found;
}

/* As boot.c has it: only the first cannot be said by other code. */
static bool begins_with_kernel(const struct judging *j)
{
	for (size_t i = 0; i < j->v->events.n; i++) {
		const struct log_event *e = &j->v->events.event[i];

		if (extends(e, rtmr_kernel))
			return is_at(j, e, KNOWN_KERNEL);
	}
	return false;
}

/* NULL, or what of the manifest was not booted just once. */
static const char *missing_event(const struct judging *j, unsigned n)
{
	if (n == rtmr_kernel)
		return count(j, n, KNOWN_KERNEL) == 1 ? NULL : "the kernel";
	if (count(j, n, KNOWN_CMDLINE) != 1)
		return "the command line";
	return count(j, n, KNOWN_INITRAMFS) == 1 ? NULL : "the initramfs";
}

/* The first event of a register that nothing explains; NULL without any. */
static const struct log_event *find_stranger(const struct judging *j,
					     unsigned n)
{
	for (size_t i = 0; i < j->v->events.n; i++) {
		const struct log_event *e = &j->v->events.event[i];

		if (e->mr == log_mr_rtmr_0 + n && e->origin == ORIGIN_UNKNOWN)
			return e;
	}
	return NULL;
}

/* The log leads to it: is what was booted the manifest's, and nothing else? */
static int judge_booted(struct judging *j, unsigned n, const char *hex)
{
	const struct log_event *stranger = find_stranger(j, n);
	const char *missing = missing_event(j, n);

	if (missing)
		return verdict_add(j->v, checks[n], CHECK_REFUSED,
				   "%s of the manifest was not booted as it "
				   "is; for a UKI, or where firmware measures "
				   "more, give --tdx-%s; it is %s",
				   missing, checks[n], hex);
	if (stranger)
		return verdict_add(j->v, checks[n], CHECK_REFUSED,
				   "%s event %zu is not the manifest's: %s %s",
				   log_source_name(stranger->log),
				   stranger->number, stranger->type,
				   stranger->says);
	if (n == rtmr_kernel && !begins_with_kernel(j))
		return verdict_add(j->v, checks[n], CHECK_REFUSED, "%s",
				   judging_late_kernel);
	return verdict_add(j->v, checks[n], CHECK_OK,
			   "the log leads to it, and is that of the "
			   "manifest's %s",
			   n == rtmr_kernel ? "kernel"
					    : "command line and initramfs");
}

static int refuse_replay(struct judging *j, unsigned n)
{
	own_text struct text why = { 0 };
	int r = replay_explain_mr(&j->v->events, log_mr_rtmr_0 + n,
				  j->td.rtmr[n], &why);

	if (r < 0 || text_failed(&why))
		return -ENOMEM;
	return verdict_add(j->v, checks[n], CHECK_REFUSED,
			   "the log of %s does not lead to it: %s",
			   n == rtmr_init ? "init" : "the firmware", why.s);
}

/* 1: the events of a register lead to it; 0: that was refused; or -errno. */
static int replay(struct judging *j, unsigned n)
{
	struct digest_set value;
	int r = replay_mr(&j->v->events, log_mr_rtmr_0 + n, &value);

	if (r < 0)
		return r;
	if (memcmp(value.value[DIGEST_SHA384], j->td.rtmr[n],
		   td_register_size) == 0)
		return 1;
	r = refuse_replay(j, n);
	return r < 0 ? r : 0;
}

/* What the log that leads to it says, or that there is none. */
static int judge_logged(struct judging *j, unsigned n, const char *hex)
{
	bool needed = is_needed(j, n);

	if (!j->e->ccel.len)
		return verdict_add(j->v, checks[n],
				   needed ? CHECK_MISSING : CHECK_SKIPPED,
				   "it was not compared: none was given; it is "
				   "%s",
				   hex);
	return needed ? judge_booted(j, n, hex)
		      : verdict_add(j->v, checks[n], CHECK_OK,
				    "the log of the firmware leads to it");
}

/* Given, or in a log, or only shown; a log has to lead to it in any case. */
static int judge_firmwares(struct judging *j, unsigned n)
{
	const struct expected_register *wanted = &j->x->tdx.rtmr[n];
	char hex[2 * td_register_size + 1];
	int r;

	hex_encode(j->td.rtmr[n], td_register_size, hex);
	if (wanted->given &&
	    memcmp(j->td.rtmr[n], wanted->value, td_register_size) != 0)
		return verdict_add(j->v, checks[n], CHECK_REFUSED,
				   "it is another than the one that was given: "
				   "%s",
				   hex);
	r = j->e->ccel.len ? replay(j, n) : 1;
	if (r <= 0)
		return r;
	if (wanted->given)
		return verdict_add(j->v, checks[n], CHECK_OK,
				   "it is the one that was given");
	return judge_logged(j, n, hex);
}

static bool has_events(const struct judging *j)
{
	for (size_t i = 0; i < j->v->events.n; i++)
		if (j->v->events.event[i].mr == log_mr_rtmr_3)
			return true;
	return false;
}

/* init has measured into it, or into the TPM alone, and then nobody has. */
static int judge_inits(struct judging *j)
{
	int r = replay(j, rtmr_init);

	if (r <= 0)
		return r;
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
		r = judge_firmwares(j, n);
	return r < 0 ? r : judge_inits(j);
}
