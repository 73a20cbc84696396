// SPDX-License-Identifier: MIT
/*
 * Stages of init that look at the TPM, against a simulator, and at a kernel
 * as no VM offers it, whose IMA has found no TPM. It stands in for functions
 * that the stages call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ima-policy/loader.h"
#include "ima-policy/pcr.h"
#include "init/record.h"
#include "tests/line.h"
#include "tests/swtpm.h"

static bool ima_uses_pcr_14;

/* A kernel whose IMA keeps out of PCR 14 or not, and takes every policy. */
int ima_check_pcr(const char *log, struct fail *f)
{
	assert_string_equal(log, IMA_LOG_PATH);
	return ima_uses_pcr_14
		       ? fail_because(f, "IMA was built to use it too",
				      "use a kernel whose IMA measures into "
				      "PCR 10",
				      "measure into PCR 14")
		       : 0;
}

int ima_load_policy(const char *path, const char *source, const char *text,
		    size_t len, struct fail *f)
{
	(void)path;
	(void)source;
	(void)text;
	(void)len;
	(void)f;
	return 0;
}

/* As stage_tpm leaves it, on a fresh simulator. */
static void open_tpm(const struct swtpm *s, struct boot *b)
{
	struct fail f = { 0 };

	memcpy(b->chip.name, "tpm1", sizeof("tpm1"));
	b->tpm = swtpm_open(s);
	b->banks = 1U << DIGEST_SHA256;
	assert_ok(tpm_pcr_read(b->tpm, 14, b->banks, &b->pcr_before, &f), &f);
	assert_ok(record_begin(b, s->tree.path, &f), &f);
}

static void test_ima_measures_elsewhere(void **state)
{
	static struct boot b;
	own_swtpm struct swtpm s = { 0 };
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	open_tpm(&s, &b);
	tree_file(&s.tree, "policy", 0644, "measure func=BPRM_CHECK\n");
	(void)snprintf(b.conf.ima.policy, sizeof(b.conf.ima.policy),
		       "%s/policy", s.tree.path);
	assert_refusal(stage_ima(&b, &f), &f,
		       "cannot use PCR 10 of tpm1, bank sha256: IMA does not "
		       "measure into it; give the VM no other TPM, and use a "
		       "kernel with this TPM's driver built in");
	journal_close(&b.journal);
	tpm_close(&b.tpm);
}

/* Also with policy = none, which the kernel's own policy does not know. */
static void test_ima_must_not_use_pcr_14(void **state)
{
	static struct boot b;
	struct fail f = { 0 };

	(void)state;
	ima_uses_pcr_14 = true;
	assert_refusal(stage_ima(&b, &f), &f,
		       "cannot measure into PCR 14: IMA was built to use it "
		       "too; use a kernel whose IMA measures into PCR 10");
	ima_uses_pcr_14 = false;
	assert_ok(stage_ima(&b, &f), &f);
}

static void test_pcr_14_extended_meanwhile(void **state)
{
	static struct boot b;
	own_swtpm struct swtpm s = { 0 };
	struct digest_set more;
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	open_tpm(&s, &b);
	assert_int_equal(digest_data(b.banks, "more", 4, &more), 0);
	assert_ok(tpm_pcr_extend(b.tpm, 14, &more, &f), &f);
	assert_refusal(stage_cap(&b, &f), &f,
		       "cannot close PCR 14, bank sha256: something else has "
		       "extended it; let nothing but init extend PCR 14");
	events_free(&b.events);
	journal_close(&b.journal);
	tpm_close(&b.tpm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ima_measures_elsewhere),
		cmocka_unit_test(test_ima_must_not_use_pcr_14),
		cmocka_unit_test(test_pcr_14_extended_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
