/* SPDX-License-Identifier: MIT */
/*
 * What the files of the judge share, and no other file includes:
 *
 *	judge.c       the order of the checks
 *	keys.c        whose the attestation key is
 *	quote.c       nonce, signature, PCR values
 *	report.c      what the processor signs
 *	td.c          the same of Intel TDX
 *	logs.c        all logs but IMA's, replayed
 *	boot.c        kernel, command line, initramfs, and nothing before them
 *	rtmr.c        registers of Intel TDX
 *	into.c        which registers init measures into
 *	apps.c        PCR 14, RTMR 3
 *	ima.c         IMA's list and PCR 10
 *	known.c       digests of the manifest and the prediction
 *	difference.c  of a listing in the log and the manifest's
 *	listing.c     reads one
 */
#ifndef EVIDENCE_JUDGE_INTERNAL_H
#define EVIDENCE_JUDGE_INTERNAL_H

#include "evidence/judge/judge.h"
#include "evidence/judge/known.h"
#include "evidence/signed/signature.h"
#include "evidence/signed/td-quote.h"
#include "seal/object/pcr.h"

enum {
	pcr_drivers = 2, /* of devices, and of boot entries */
	pcr_kernel = 4,
	pcr_settings = 5, /* of the boot manager, and that it has ended */
	pcr_initrd = 9,
	pcr_ima = 10,
	pcr_unified = 11,
	pcr_overrides = 12,
	pcr_judged = 16, /* from here on PCRs are for debugging and DRTM */
};

/* One judgement in the making. */
struct judging {
	const struct evidence *e;
	const struct expectations *x;
	struct verdict *v;
	bool only_td; /* a VM without a TPM, of which a TD's quote can say all
		       */
	bool by_td;   /* and that quote can be checked */
	bool has_ak, has_ek; /* that they could be read */
	struct tpm_public ak, ek;
	bool has_td; /* a quote of this TD, now, was there */
	struct td_quote td;
	digest_algs banks; /* those that were quoted */
	struct known known;
	/* before all events, after the firmware's, and after all */
	struct digest_set start[pcr_count];
	struct digest_set firmware[pcr_count];
	struct digest_set replayed[pcr_count];
	uint32_t accounted;  /* PCRs that are so in each quoted bank */
	bool accounted_rtmr; /* the log of init leads to RTMR 3 */
};

/* Each adds its checks: 0, -ENOMEM or -EIO. */
int judge_keys(struct judging *j);
int judge_quote(struct judging *j);
int judge_reports(struct judging *j);
int judge_logs(struct judging *j);
int judge_rtmrs(struct judging *j);
int judge_boot(struct judging *j);
int judge_into(struct judging *j);
int judge_apps(struct judging *j);
int judge_ima(struct judging *j);

/* Of judge_reports: a quote of Intel TDX. */
int judge_td(struct judging *j, const struct evidence_report *r);

/* What the VM has to have asked its processor about: SHA-512. 0 or -errno. */
int judging_inblob(const struct judging *j, bool svsm, struct digest_set *ret);

/* What was not checked is missing, unless hardware is not asked for. */
__attribute__((format(printf, 3, 4))) int
judging_leave_out(struct judging *j, const char *check, const char *why, ...);

/* Names of the checks of what a processor signs. */
extern const char judging_report[];   /* that it is about this VM, now */
extern const char judging_hardware[]; /* that a genuine one has signed */
extern const char judging_launch[];   /* what the VM was started with */

/* Why the kernel's event does not count unless it is the first. */
extern const char judging_late_kernel[];

/* The quoted value; NULL if the PCR was not quoted in this bank. */
const uint8_t *judging_quoted(const struct judging *j, enum digest_alg bank,
			      unsigned pcr);

/* True if it is so in bank, and equal to the digest of that bank. */
bool judging_equals(const struct judging *j, enum digest_alg bank, unsigned pcr,
		    const struct digest_set *value);

/* The banks that are quoted for this PCR. */
digest_algs judging_banks(const struct judging *j, unsigned pcr);

/* Hash functions whose collisions nobody can find: not SHA-1. */
enum {
	strong_banks =
		1U << DIGEST_SHA256 | 1U << DIGEST_SHA384 | 1U << DIGEST_SHA512,
};

/*
 * Finishes what a parser said: a reason in *f becomes a refusal of the check
 * name, 0 becomes 0, and anything else stays. Returns 1 after a refusal.
 */
int judging_parsed(struct judging *j, const char *name, int result,
		   const struct fail *f);

#endif
