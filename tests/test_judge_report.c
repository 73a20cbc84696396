// SPDX-License-Identifier: MIT
/*
 * The judge and what a processor signs, with a report and certificates of our
 * own making. As test_judge.c.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "tests/snp-maker.h"

static struct maker maker;

static uint8_t *report(const struct trial *t)
{
	return t->e.report[0].outblob.data;
}

static void resign(struct trial *t)
{
	maker_sign(&maker, &t->e.report[0].outblob);
}

static void use_table(struct trial *t)
{
	maker_attest(&maker, t);
	t->x.snp.ask = NULL;
	t->x.snp.vcek = NULL;
	assert_int_equal(bytes_copy(maker.table.data, maker.table.len,
				    &t->e.report[0].auxblob),
			 0);
}

static void have_no_vcek(struct trial *t)
{
	maker_attest(&maker, t);
	t->x.snp.vcek = NULL;
}

static void have_no_ask(struct trial *t)
{
	maker_attest(&maker, t);
	t->x.snp.ask = NULL;
}

static void be_turin(struct trial *t)
{
	static const uint8_t tcb[8] = { 7, 3, 4, 5, 0, 0, 0, 200 };

	maker_attest(&maker, t);
	report(t)[0] = 3;
	report(t)[family_at] = 0x1a;
	memcpy(report(t) + tcb_at, tcb, sizeof(tcb));
	memset(report(t) + chip_at + 8, 0, 56);
	resign(t);
	t->x.snp.vcek = &maker.vcek_turin_pem;
}

static void have_other_root(struct trial *t)
{
	maker_attest(&maker, t);
	t->x.snp.ark = &maker.other_pem;
}

static void have_other_ask(struct trial *t)
{
	maker_attest(&maker, t);
	t->x.snp.ask = &maker.ark_pem;
}

static void change_report(struct trial *t)
{
	maker_attest(&maker, t);
	report(t)[0x10] ^= 1;
}

static void be_other_chip(struct trial *t)
{
	maker_attest(&maker, t);
	report(t)[chip_at] ^= 1;
	resign(t);
}

static void be_other_firmware(struct trial *t)
{
	maker_attest(&maker, t);
	report(t)[tcb_at] ^= 1;
	resign(t);
}

static void be_signed_by_others(struct trial *t)
{
	maker_attest(&maker, t);
	report(t)[key_at] = 1 << 2; /* a VLEK */
	resign(t);
}

static void be_debugged(struct trial *t)
{
	maker_attest(&maker, t);
	report(t)[policy_at + 2] = 1 << 3;
	resign(t);
}

static void be_migrated(struct trial *t)
{
	maker_attest(&maker, t);
	report(t)[policy_at + 2] = 1 << 2;
	resign(t);
}

static void be_above(struct trial *t)
{
	maker_attest(&maker, t);
	report(t)[vmpl_at] = 1;
	resign(t);
}

static void be_about_others(struct trial *t)
{
	maker_attest(&maker, t);
	report(t)[data_at] ^= 1;
	resign(t);
}

/* Another TPM's key, rightly bound: then the quote is by another TPM. */
static void name_other_ek(struct trial *t)
{
	struct evidence_report *r = &t->e.report[0];

	maker_attest(&maker, t);
	r->manifestblob.data[r->manifestblob.len - 1] ^= 1;
	maker_bind(t, r);
	resign(t);
	t->x.ek.given = true;
}

static void be_short(struct trial *t)
{
	maker_attest(&maker, t);
	t->e.report[0].outblob.len--;
}

static void be_newer(struct trial *t)
{
	maker_attest(&maker, t);
	report(t)[0] = 6;
	resign(t);
}

static void have_no_certificates(struct trial *t)
{
	maker_attest(&maker, t);
	t->x.snp.ark = NULL;
}

static void have_no_measurement(struct trial *t)
{
	maker_attest(&maker, t);
	t->x.has_measurement = false;
}

static void leave_out_hardware(struct trial *t)
{
	have_no_certificates(t);
	t->x.has_measurement = false;
	t->x.without_hardware = true;
	t->x.ek.given = true;
}

/* A host that makes up a report about a TPM of its own. */
static void make_up_report(struct trial *t)
{
	leave_out_hardware(t);
	t->x.ek.given = false;
}

/* A VM of the host's own on a genuine processor, which says what it likes. */
static void launch_anything(struct trial *t)
{
	have_no_measurement(t);
	t->x.without_hardware = true;
}

static void be_other_launch(struct trial *t)
{
	maker_attest(&maker, t);
	t->x.measurement[0] ^= 1;
}

/* Of the processor itself: bound to the name of the attestation key. */
static void be_the_processor(struct trial *t)
{
	static const char context[] = "cvm-init evidence of a TPM";
	const struct digest_span spans[] = {
		{ context, strlen(context) },
		{ t->e.nonce.data, t->e.nonce.len },
		{ story.ak, sizeof(story.ak) },
	};
	struct evidence_report *r = &t->e.report[0];
	struct digest_set d;

	maker_attest(&maker, t);
	(void)snprintf(r->provider, sizeof(r->provider), "sev_guest");
	bytes_free(&r->manifestblob);
	assert_int_equal(digest_spans(1U << DIGEST_SHA512, spans, 3, &d), 0);
	memcpy(report(t) + data_at, d.value[DIGEST_SHA512], 64);
	resign(t);
	t->x.ek.given = true;
}

/* The AK is known, and nobody has challenged the SVSM's TPM for it. */
static void know_the_ak(struct trial *t)
{
	maker_attest(&maker, t);
	t->x.challenged = false;
	t->x.nonce = &t->e.nonce;
	t->x.ak.given = true;
	memcpy(t->x.ak.name, story.ak, sizeof(story.ak));
}

/* A genuine report, under this nonce, of the SVSM of another VM. */
static void show_the_report_of_another(struct trial *t)
{
	struct evidence_report *r = &t->e.report[0];

	know_the_ak(t);
	r->manifestblob.data[r->manifestblob.len - 1] ^= 1;
	t->e.tpm.ek.data[t->e.tpm.ek.len - 1] ^= 1;
	maker_bind(t, r);
	resign(t);
}

static void know_the_ak_alone(struct trial *t)
{
	show_the_report_of_another(t);
	t->x.without_hardware = true;
}

static void challenge_the_known_ak(struct trial *t)
{
	maker_attest(&maker, t);
	t->x.ak.given = true;
	memcpy(t->x.ak.name, story.ak, sizeof(story.ak));
}

static void be_another(struct trial *t)
{
	maker_attest(&maker, t);
	(void)snprintf(t->e.report[0].provider, 16, "arm_cca_guest");
	t->x.ek.given = true;
}

static void be_attested(struct trial *t)
{
	maker_attest(&maker, t);
}

/* Newer in one part does not make up for another. */
static void ask_for_tcb(struct trial *t)
{
	static const uint8_t least[snp_tcb_size] = { 3, 3, 0, 0, 0, 0, 5, 200 };

	maker_attest(&maker, t);
	t->x.has_tcb = true;
	memcpy(t->x.tcb, least, sizeof(least));
}

static void ask_for_newer(struct trial *t)
{
	ask_for_tcb(t);
	t->x.tcb[6]++;
}

#define HARDWARE    "hardware"
#define SIGNED	    "a processor of AMD's has signed the report"
#define NOT_MISSING SIGNED "; its TCB 03040000000005c8 was compared with none"
#define OF_TURIN    SIGNED "; its TCB 07030405000000c8 was compared with none"
#define UNCHECKED                                                      \
	"only a report says that the SVSM has it, whose signature or " \
	"launch measurement is not checked"

#define NOT_TIED                                                            \
	"that of the SVSM is not tied to the attestation key that signed: " \
	"only a challenge says that the SVSM's TPM has it"
#define NONE_TIED "no report that is tied to the attestation key was checked"

static const struct trial_case cases[] = {
	{ "an SVSM", be_attested, CHECK_OK, HARDWARE, NOT_MISSING },
	{ "bound", be_attested, CHECK_OK, "report",
	  "that of the SVSM is bound to the nonce and the key" },
	{ "its TPM", be_attested, CHECK_OK, "endorsement-key",
	  "a report says that the SVSM has it" },
	{ "its launch", be_attested, CHECK_OK, "launch",
	  "the launch measurement is the one that was given" },
	{ "certificates beside the report", use_table, CHECK_OK, HARDWARE,
	  NOT_MISSING },
	{ "Turin", be_turin, CHECK_OK, HARDWARE, OF_TURIN },
	{ "the least TCB", ask_for_tcb, CHECK_OK, HARDWARE,
	  SIGNED ", and its TCB is what was asked for or newer" },
	{ "more than a TCB", ask_for_newer, CHECK_REFUSED, HARDWARE,
	  "its TCB 03040000000005c8 has an older version than was asked for" },
	{ "no VCEK", have_no_vcek, CHECK_REFUSED, HARDWARE,
	  "there is no certificate of the VCEK" },
	{ "no ASK", have_no_ask, CHECK_REFUSED, HARDWARE,
	  "there is no certificate of the ASK" },
	{ "another root", have_other_root, CHECK_REFUSED, HARDWARE,
	  "the ARK that was given has not signed its ASK" },
	{ "another ASK", have_other_ask, CHECK_REFUSED, HARDWARE,
	  "its ASK has not signed its VCEK" },
	{ "changed", change_report, CHECK_REFUSED, HARDWARE,
	  "its signature is not by its VCEK" },
	{ "another chip", be_other_chip, CHECK_REFUSED, HARDWARE,
	  "its VCEK is another chip's" },
	{ "other firmware", be_other_firmware, CHECK_REFUSED, HARDWARE,
	  "its VCEK is of other versions of the firmware" },
	{ "a VLEK", be_signed_by_others, CHECK_REFUSED, HARDWARE,
	  "it is not signed by a VCEK with ECDSA on P-384" },
	{ "a debugger", be_debugged, CHECK_REFUSED, "report",
	  "the VM may be debugged by the host" },
	{ "a migration agent", be_migrated, CHECK_REFUSED, "report",
	  "the host may give the VM a migration agent, which can read its "
	  "memory" },
	{ "VMPL 1", be_above, CHECK_REFUSED, "report",
	  "it is not for VMPL 0, where only the SVSM runs" },
	{ "another nonce", be_about_others, CHECK_REFUSED, "report",
	  "it is about another nonce or another key" },
	{ "another TPM", name_other_ek, CHECK_REFUSED, "report",
	  "the SVSM's TPM has another endorsement key" },
	{ "too short", be_short, CHECK_REFUSED, "report",
	  "it has 1183 bytes, not 1184" },
	{ "version 6", be_newer, CHECK_REFUSED, "report",
	  "its version is 6, not 2 to 5" },
	{ "no certificates", have_no_certificates, CHECK_MISSING, HARDWARE,
	  "the signature of the report was not checked: no certificates were "
	  "given" },
	{ "no measurement", have_no_measurement, CHECK_MISSING, "launch",
	  "the launch measurement was not compared: none was given" },
	{ "without hardware", leave_out_hardware, CHECK_SKIPPED, HARDWARE,
	  "the signature of the report was not checked: no certificates were "
	  "given" },
	{ "made up by the host", make_up_report, CHECK_MISSING,
	  "endorsement-key", UNCHECKED },
	{ "any launch", launch_anything, CHECK_MISSING, "endorsement-key",
	  UNCHECKED },
	{ "another launch", be_other_launch, CHECK_REFUSED, "launch",
	  "the VM was started with other firmware: its measurement is "
	  "abababababababababababababababababababababababababababababababab"
	  "abababababababababababababababab" },
	{ "the processor itself", be_the_processor, CHECK_OK, "report",
	  "that of the processor is bound to the nonce and the key" },
	{ "a known AK", know_the_ak, CHECK_MISSING, "report", NOT_TIED },
	{ "a known AK, no hardware", know_the_ak, CHECK_MISSING, HARDWARE,
	  NONE_TIED },
	{ "another VM's", show_the_report_of_another, CHECK_MISSING, "report",
	  NOT_TIED },
	{ "another VM's, no hardware", show_the_report_of_another,
	  CHECK_MISSING, HARDWARE, NONE_TIED },
	{ "another VM's, not asked for", know_the_ak_alone, CHECK_SKIPPED,
	  "report", NOT_TIED },
	{ "another VM's, left out", know_the_ak_alone, CHECK_SKIPPED, HARDWARE,
	  NONE_TIED },
	{ "a known AK, challenged", challenge_the_known_ak, CHECK_OK, HARDWARE,
	  NOT_MISSING },
	{ "another processor", be_another, CHECK_MISSING, HARDWARE,
	  "there is no report of AMD SEV-SNP and no quote of Intel TDX, and no "
	  "other is understood" },
};

int main(void)
{
	static const struct table tables[] = {
		TABLE(judges, cases),
	};
	int r;

	maker_make(&maker);
	r = trial_main(tables, array_size(tables));
	maker_free(&maker);
	return r;
}
