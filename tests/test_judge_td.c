// SPDX-License-Identifier: MIT
/*
 * The judge and a guest of Intel TDX without a TPM, with quotes and
 * certificates of our own making. RTMR 3: test_judge_rtmr.c.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "tests/ccel.h"
#include "tests/td-trial.h"

/* -- the quote -------------------------------------------------------------
 */

static void be_newer(struct trial *t)
{
	struct td_parts p;

	td_trial_begin_alone(t, &p);
	td_parts_be_newer(&p);
	td_trial_quote(t, &p);
}

static void change_quote(struct trial *t)
{
	td_trial_be_alone(t);
	t->e.report[0].outblob.data[td_header_size] ^= 1;
}

static void cut_quote(struct trial *t)
{
	td_trial_be_alone(t);
	t->e.report[0].outblob.len = 100;
}

static void be_signed_by_others(struct trial *t)
{
	td_trial_be_alone(t);
	t->x.tdx.root = &td_trial_maker.other_pem;
}

static void change_attribute(struct trial *t, size_t byte, uint8_t bits)
{
	struct td_parts p;

	td_trial_begin_alone(t, &p);
	p.body[td_attributes_at + byte] ^= bits;
	td_trial_quote(t, &p);
}

static void be_debugged(struct trial *t)
{
	change_attribute(t, 0, 0x01);
}

static void be_profiled(struct trial *t)
{
	change_attribute(t, 0, 0x20); /* PERF_PROF: of the same group */
}

static void be_migrated(struct trial *t)
{
	change_attribute(t, 3, 0x20);
}

static void go_on_without_page(struct trial *t)
{
	change_attribute(t, 3, 0x10);
}

static void have_other_module(struct trial *t)
{
	struct td_parts p;

	td_trial_begin_alone(t, &p);
	p.body[td_module_signer_at] = 1;
	td_trial_quote(t, &p);
}

static void be_about_others(struct trial *t)
{
	struct td_parts p;

	td_trial_begin_alone(t, &p);
	p.body[td_data_at] ^= 1;
	td_trial_quote(t, &p);
}

/* The evidence is another VM's, and its nonce was changed to fit. */
static void change_nonce(struct trial *t)
{
	td_trial_be_alone(t);
	t->e.nonce.data[0] ^= 1;
}

static void ask_with_other_nonce(struct trial *t)
{
	static const uint8_t other[] = { 1, 2, 3 };

	td_trial_be_alone(t);
	t->nonce = (struct bytes){ (uint8_t *)(uintptr_t)other, sizeof(other) };
	t->x.nonce = &t->nonce;
}

static void ask_without_nonce(struct trial *t)
{
	td_trial_be_alone(t);
	t->x.nonce = NULL;
}

static void have_two(struct trial *t)
{
	td_trial_be_alone(t);
	t->e.reports = 2;
	(void)snprintf(t->e.report[1].provider, 16, "tdx_guest");
	assert_int_equal(bytes_copy(t->e.report[0].outblob.data,
				    t->e.report[0].outblob.len,
				    &t->e.report[1].outblob),
			 0);
}

/* -- what was given ----------------------------------------------------------
 */

static void have_no_root(struct trial *t)
{
	td_trial_be_alone(t);
	t->x.tdx.root = NULL;
}

static void have_no_mrtd(struct trial *t)
{
	td_trial_be_alone(t);
	t->x.tdx.mrtd.given = false;
}

static void be_other_launch(struct trial *t)
{
	td_trial_be_alone(t);
	t->x.tdx.mrtd.value[0] ^= 1;
}

static void have_other_kernel(struct trial *t)
{
	td_trial_be_alone(t);
	t->x.tdx.rtmr[1].value[0] ^= 1;
}

static void have_other_cmdline(struct trial *t)
{
	td_trial_be_alone(t);
	t->x.tdx.rtmr[2].value[47] ^= 1;
}

static void know_no_settings(struct trial *t)
{
	td_trial_be_alone(t);
	t->x.tdx.rtmr[0].given = false;
}

static void know_no_kernel(struct trial *t)
{
	td_trial_be_alone(t);
	t->x.tdx.rtmr[1].given = false;
}

static void want_a_tpm(struct trial *t)
{
	td_trial_be_alone(t);
	t->x.ek.given = true;
}

static void want_no_root(struct trial *t)
{
	td_trial_be_alone(t);
	t->x.tdx.root = NULL;
}

static void want_no_hardware(struct trial *t)
{
	td_trial_be_alone(t);
	t->x.without_hardware = true;
}

static void require_pcrs(struct trial *t)
{
	td_trial_be_alone(t);
	t->x.required_pcrs = 1U << 4;
}

#define A12    "a1a1a1a1a1a1a1a1a1a1a1a1"
#define AB12   "abababababababababababab"
#define ALL_A1 A12 A12 A12 A12
#define ALL_AB AB12 AB12 AB12 AB12
#define SIGNED                                                         \
	"a processor of Intel's has signed the TD quote; whether its " \
	"firmware is up to date or its certificate revoked was not judged"
#define BOUND "that of the TD is bound to the nonce"

static const struct trial_case alone[] = {
	{ "signed", td_trial_be_alone, CHECK_OK, "hardware", SIGNED },
	{ "bound", td_trial_be_alone, CHECK_OK, "report",
	  BOUND "; SEPT_VE_DISABLE is set" },
	{ "pages that vanish", go_on_without_page, CHECK_OK, "report",
	  BOUND "; SEPT_VE_DISABLE is not set, so that it is for the kernel "
		"to stop when the host takes a page away" },
	{ "no key", td_trial_be_alone, CHECK_SKIPPED, "attestation-key",
	  "not needed: without a TPM the quote of the TD has to say all" },
	{ "its nonce", td_trial_be_alone, CHECK_OK, "nonce",
	  "the evidence was made for it" },
	{ "its launch", td_trial_be_alone, CHECK_OK, "launch",
	  "MRTD is the one that was given" },
	{ "its kernel", td_trial_be_alone, CHECK_OK, "rtmr1",
	  "it is the one that was given" },
	{ "its log", td_trial_be_alone, CHECK_OK, "rtmr3",
	  "the log of init leads to it" },
	{ "its applications", td_trial_be_alone, CHECK_OK, "apps",
	  "RTMR 3 is the manifest's: its applications were measured, then "
	  "RTMR 3 was closed" },
	{ "no PCR", td_trial_be_alone, CHECK_OK, "required-pcrs",
	  "RTMR 3 is quoted and accounted for, in the place of PCR 14" },
	{ "no list of IMA", td_trial_be_alone, CHECK_SKIPPED, "ima-log",
	  "nothing proves it without a TPM: Linux extends no RTMR with it" },
	{ "TDX 1.5", be_newer, CHECK_OK, "hardware", SIGNED },
	{ "changed", change_quote, CHECK_REFUSED, "hardware",
	  "its signature is not by its attestation key" },
	{ "cut", cut_quote, CHECK_REFUSED, "report",
	  "it is cut off in its body" },
	{ "another root", be_signed_by_others, CHECK_REFUSED, "hardware",
	  "the root that was given has not signed the CA of its PCK" },
	{ "a debugger", be_debugged, CHECK_REFUSED, "report",
	  "the VM may be debugged by the host" },
	{ "a profiler", be_profiled, CHECK_REFUSED, "report",
	  "the VM may be debugged by the host" },
	{ "a migration agent", be_migrated, CHECK_REFUSED, "report",
	  "the host may give the VM a migration agent, which can read its "
	  "memory" },
	{ "another module", have_other_module, CHECK_REFUSED, "report",
	  "its TDX module is none of Intel's" },
	{ "about another nonce", be_about_others, CHECK_REFUSED, "report",
	  "it is about another nonce or another key" },
	{ "a nonce that was changed", change_nonce, CHECK_REFUSED, "report",
	  "it is about another nonce or another key" },
	{ "two quotes", have_two, CHECK_REFUSED, "report",
	  "there is another quote of a TD" },
	{ "another nonce", ask_with_other_nonce, CHECK_REFUSED, "nonce",
	  "the evidence is for another one: it is old, or was made for "
	  "somebody else" },
	{ "no nonce", ask_without_nonce, CHECK_MISSING, "nonce",
	  "none was given to compare with" },
	{ "no root", have_no_root, CHECK_MISSING, "hardware",
	  "the signature of the TD quote was not checked: no root "
	  "certificate of Intel's was given" },
	{ "no MRTD", have_no_mrtd, CHECK_MISSING, "launch",
	  "MRTD was not compared: none was given; it is " ALL_AB },
	{ "another launch", be_other_launch, CHECK_REFUSED, "launch",
	  "the VM was started with other firmware: its MRTD is " ALL_AB },
	{ "another kernel", have_other_kernel, CHECK_REFUSED, "rtmr1",
	  "it is another than the one that was given: " ALL_A1 },
	{ "another command line", have_other_cmdline, CHECK_REFUSED, "rtmr2",
	  "it is another than the one that was given: "
	  "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2"
	  "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2" },
	{ "other settings", know_no_settings, CHECK_SKIPPED, "rtmr0",
	  "it was not compared: none was given; it is "
	  "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
	  "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0" },
	{ "any kernel", know_no_kernel, CHECK_MISSING, "rtmr1",
	  "it was not compared: none was given; it is " ALL_A1 },
	{ "a TPM that was asked for", want_a_tpm, CHECK_MISSING,
	  "attestation-key", "the evidence has none: no TPM, no quote" },
	{ "no root certificate", want_no_root, CHECK_MISSING, "attestation-key",
	  "the evidence has none: no TPM; the quote of the TD can say all, if "
	  "--tdx-root is given to check it" },
	{ "without hardware", want_no_hardware, CHECK_MISSING,
	  "attestation-key", "the evidence has none: no TPM, no quote" },
	{ "PCRs that were asked for", require_pcrs, CHECK_REFUSED,
	  "required-pcrs",
	  "PCRs 4 and 14 are not quoted in a bank other than sha1, or the logs "
	  "do not account for them" },
};

/* Trusted, and of what one log says nothing is called known. */
static void assert_just_said(struct trial *t, enum log_source log)
{
	own_verdict struct verdict v = { .n = 0 };
	size_t n = 0;

	assert_int_equal(judge(&t->e, &t->x, &v), 0);
	assert_true(verdict_trusted(&v));
	for (size_t i = 0; i < v.events.n; i++) {
		if (v.events.event[i].log != log)
			continue;
		assert_int_equal(v.events.event[i].origin, ORIGIN_INFORMATION);
		n++;
	}
	assert_true(n > 0);
}

static void believes_no_pcr_without_tpm(void **state)
{
	struct bytes log;
	struct trial t;

	(void)state;
	trial_begin(&t);
	log = take_bytes(&t.e.firmware);
	td_trial_be_alone(&t);
	t.e.firmware = log;
	assert_just_said(&t, LOG_FIRMWARE);
	trial_end(&t);
}

static void believes_no_rtmr_without_td(void **state)
{
	struct ccel c;
	struct trial t;

	(void)state;
	trial_begin(&t);
	ccel_begin(&c);
	ccel_add_text(&c, log_mr_rtmr_0, 0x80000001, "SecureBoot");
	ccel_end(&c, &t.e.ccel);
	assert_just_said(&t, LOG_CCEL);
	trial_end(&t);
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(judges, alone),
		CASE(believes_no_pcr_without_tpm),
		CASE(believes_no_rtmr_without_td),
	};

	return td_trial_main(tables, array_size(tables));
}
