// SPDX-License-Identifier: MIT
/*
 * What the processor signs: that the VM is confidential, which firmware it was
 * started with, and that the quote and the report are of one VM. Here is what
 * AMD SEV-SNP says; of what is neither that nor Intel TDX nothing is believed.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "evidence/judge/internal.h"
#include "evidence/signed/snp.h"
#include "lib/hex.h"
#include "lib/own.h"

const char judging_report[] = "report";
const char judging_hardware[] = "hardware";
const char judging_launch[] = "launch";

static bool is_svsm(const struct evidence_report *r)
{
	return strcmp(r->provider, "svsm") == 0;
}

/*
 * What the VM has to have asked for: of an SVSM, the hash of the nonce, since
 * the manifest says which TPM; of the processor, that of nonce and key.
 */
int judging_inblob(const struct judging *j, bool svsm, struct digest_set *ret)
{
	const struct bytes *nonce = &j->e->nonce;

	if (svsm)
		return digest_data(1U << DIGEST_SHA512, nonce->data, nonce->len,
				   ret);
	*ret = (struct digest_set){ .algs = 1U << DIGEST_SHA512 };
	return evidence_inblob(nonce, j->has_ak ? j->ak.name : NULL,
			       ret->value[DIGEST_SHA512]);
}

/* What REPORT_DATA has to be then: AMD 58019, 7.1. */
static int expected_data(const struct judging *j,
			 const struct evidence_report *r,
			 struct digest_set *ret)
{
	struct digest_set inblob;
	int result = judging_inblob(j, is_svsm(r), &inblob);
	const struct digest_span spans[] = {
		{ inblob.value[DIGEST_SHA512], snp_data_size },
		{ r->manifestblob.data, r->manifestblob.len },
	};

	if (result == 0 && !is_svsm(r))
		*ret = inblob;
	return result < 0 || !is_svsm(r)
		       ? result
		       : digest_spans(1U << DIGEST_SHA512, spans, 2, ret);
}

/* 1: the report is of this VM, now; 0: it was refused; or -errno. */
static int judge_bound(struct judging *j, const struct evidence_report *r,
		       const struct snp_report *snp)
{
	struct digest_set data;
	int result = expected_data(j, r, &data);
	const char *why = NULL;

	if (result < 0)
		return result;
	if (memcmp(snp->data, data.value[DIGEST_SHA512], snp_data_size) != 0)
		why = "it is about another nonce or another key";
	else if (is_svsm(r) && snp->vmpl != 0)
		why = "it is not for VMPL 0, where only the SVSM runs";
	else if (is_svsm(r) &&
		 (j->e->tpm.ek.len < 2 ||
		  r->manifestblob.len != j->e->tpm.ek.len - 2 ||
		  memcmp(r->manifestblob.data, j->e->tpm.ek.data + 2,
			 r->manifestblob.len) != 0))
		why = "the SVSM's TPM has another endorsement key";
	else if (snp->debug)
		why = "the VM may be debugged by the host";
	else if (snp->migratable)
		why = "the host may give the VM a migration agent, which can "
		      "read its memory";
	if (why) {
		result = verdict_add(j->v, judging_report, CHECK_REFUSED, "%s",
				     why);
		return result < 0 ? result : 0;
	}
	result = verdict_add(j->v, judging_report, CHECK_OK,
			     "%s is bound to the nonce and the key",
			     is_svsm(r) ? "that of the SVSM"
					: "that of the processor");
	return result < 0 ? result : 1;
}

int judging_leave_out(struct judging *j, const char *check, const char *why,
		      ...)
{
	own_free char *text = NULL;
	va_list args;
	int len;

	va_start(args, why);
	len = vasprintf(&text, why, args);
	va_end(args);
	if (len < 0) {
		text = NULL; /* which vasprintf leaves undefined */
		return -ENOMEM;
	}
	return verdict_add(j->v, check,
			   j->x->without_hardware ? CHECK_SKIPPED
						  : CHECK_MISSING,
			   "%s", text);
}

static int judge_signature(struct judging *j, const struct evidence_report *r,
			   const struct snp_report *snp)
{
	char hex[2 * snp_tcb_size + 1];
	struct fail f = { 0 };
	int result;

	if (!j->x->snp.ark)
		return judging_leave_out(j, judging_hardware,
					 "the signature of the report was not "
					 "checked: no certificates were given");
	result = snp_report_verify(snp, &j->x->snp, &r->auxblob, &f);
	if (result < 0) {
		result = judging_parsed(j, judging_hardware, result, &f);
		return result < 0 ? result : 0;
	}
	hex_encode(snp->tcb, snp_tcb_size, hex);
	if (!j->x->has_tcb)
		return verdict_add(j->v, judging_hardware, CHECK_OK,
				   "a processor of AMD's has signed the "
				   "report; its TCB %s was compared with none",
				   hex);
	if (!snp_tcb_reaches(snp, j->x->tcb))
		return verdict_add(j->v, judging_hardware, CHECK_REFUSED,
				   "its TCB %s has an older version than was "
				   "asked for",
				   hex);
	return verdict_add(j->v, judging_hardware, CHECK_OK,
			   "a processor of AMD's has signed the report, and "
			   "its TCB is what was asked for or newer");
}

static int judge_launch(struct judging *j, const struct snp_report *snp)
{
	char hex[2 * launch_measurement_size + 1];

	hex_encode(snp->measurement, launch_measurement_size, hex);
	if (!j->x->has_measurement)
		return judging_leave_out(
			j, judging_launch,
			"the launch measurement was not compared: "
			"none was given");
	if (memcmp(snp->measurement, j->x->measurement,
		   launch_measurement_size) != 0)
		return verdict_add(j->v, judging_launch, CHECK_REFUSED,
				   "the VM was started with other firmware: "
				   "its measurement is %s",
				   hex);
	return verdict_add(j->v, judging_launch, CHECK_OK,
			   "the launch measurement is the one that was given");
}

/*
 * An SVSM's report is about an endorsement key. That the key which signed the
 * quote is in the same TPM only a challenge says: who knows the nonce before
 * can ask another VM's SVSM for a report, and show it beside his own quote.
 */
static bool is_tied(const struct judging *j, const struct evidence_report *r)
{
	return !is_svsm(r) || j->x->challenged;
}

static int leave_out_untied(struct judging *j)
{
	int r = judging_leave_out(
		j, judging_report,
		"that of the SVSM is not tied to the attestation key "
		"that signed: only a challenge says that the SVSM's "
		"TPM has it");

	return r < 0 ? r
		     : judging_leave_out(
			       j, judging_hardware,
			       "no report that is tied to the attestation "
			       "key was checked");
}

static int judge_one(struct judging *j, const struct evidence_report *r)
{
	struct snp_report snp;
	struct fail f = { 0 };
	int result = snp_report_read(&r->outblob, &snp, &f);

	if (result < 0) {
		result = judging_parsed(j, judging_report, result, &f);
		return result < 0 ? result : 0;
	}
	result = judge_bound(j, r, &snp);
	if (result > 0)
		result = judge_signature(j, r, &snp);
	return result < 0 ? result : judge_launch(j, &snp);
}

/* 1: it was judged; 0: it is of no kind that is known; or -errno. */
static int judge_any(struct judging *j, const struct evidence_report *r)
{
	bool is_td = strcmp(r->provider, "tdx_guest") == 0;
	int result;

	if (!is_td && !is_svsm(r) && strcmp(r->provider, "sev_guest") != 0)
		return 0;
	if (is_td)
		result = judge_td(j, r);
	else
		result = is_tied(j, r) ? judge_one(j, r) : leave_out_untied(j);
	return result < 0 ? result : 1;
}

int judge_reports(struct judging *j)
{
	size_t known = 0;

	for (size_t i = 0; i < j->e->reports; i++) {
		int result = judge_any(j, &j->e->report[i]);

		if (result < 0)
			return result;
		known += (size_t)result;
	}
	if (known)
		return 0;
	return judging_leave_out(j, judging_hardware, "%s",
				 j->e->reports
					 ? "there is no report of AMD SEV-SNP "
					   "and no quote of Intel TDX, and no "
					   "other is understood"
					 : "there is no report of a processor");
}
