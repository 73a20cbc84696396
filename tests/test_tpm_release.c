// SPDX-License-Identifier: MIT
/*
 * The least release that a TPM opens keys for, against swtpm: what it shuts
 * out, and how it cannot be got round.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/signed.h"

/* As the next boot does. */
static void open_again(struct scene *s)
{
	tpm_close(&s->tpm);
	s->tpm = swtpm_open(&s->swtpm);
}

static void raise_to(struct scene *s, uint64_t least)
{
	struct fail f = { 0 };

	assert_ok(tpm_raise_release(s->tpm, least, &f), &f);
}

static void test_old_releases_are_shut_out(void **state)
{
	own_scene struct scene s = { 0 };
	struct fail f = { 0 };

	(void)state;
	begin(&s, "rsa");
	approve(&s, s.key, 3);
	assert_closed(&s, "cannot unseal the key: the TPM keeps no minimum "
			  "release; set [tpm] minimum-release in boot.conf");
	raise_to(&s, 1);
	assert_opens(&s);
	raise_to(&s, 3);
	raise_to(&s, 2); /* never goes down */
	assert_opens(&s);
	open_again(&s);
	raise_to(&s, 4);
	assert_closed(&s,
		      "cannot unseal the key: the TPM opens keys from release "
		      "4 on, and this one is 3; boot a later release, or sign "
		      "this one with a higher number");
	assert_refusal(tpm_raise_release(s.tpm, 1005, &f), &f,
		       "cannot raise the TPM's minimum release: from 4 to 1005 "
		       "is too far; choose numbers in steps of at most 1000");
}

/* A signature of release 3 is not enough for an image that asks for 4. */
static void test_does_not_shut_itself_out(void **state)
{
	own_scene struct scene s = { 0 };
	struct fail f = { 0 };

	(void)state;
	begin(&s, "rsa");
	raise_to(&s, 1);
	approve(&s, s.key, 3);
	assert_opens(&s);
	extend(&s, 14);
	approve(&s, s.key, 5);
	assert_opens(&s);
	assert_refusal(tpm_raise_release(s.tpm, 4, &f), &f,
		       "cannot raise the TPM's minimum release: this image is "
		       "signed with a lower release number; sign it with at "
		       "least [tpm] minimum-release");
	raise_to(&s, 3);
	assert_opens(&s);
}

/* Without a release number a signature stays good, whatever the minimum. */
static void test_unnumbered_signatures_stay(void **state)
{
	own_scene struct scene s = { 0 };

	(void)state;
	begin(&s, "rsa");
	approve(&s, s.key, 0);
	assert_opens(&s);
	raise_to(&s, 7);
	assert_opens(&s);
}

/* It starts above all counters that the TPM ever had. */
static void test_counter_starts_above_others(void **state)
{
	own_scene struct scene s = { 0 };

	(void)state;
	begin(&s, "rsa");
	tpm_close(&s.tpm);
	assert_int_equal(
		swtpm_tool(&s.swtpm,
			   "tpm2_nvdefine 0x01500001 -C o -s 8 -a "
			   "'authread|authwrite|ownerwrite|nt=counter' && "
			   "for i in 1 2 3; do "
			   "tpm2_nvincrement -C o 0x01500001; done && "
			   "tpm2_nvundefine -C o 0x01500001"),
		0);
	open_again(&s);
	raise_to(&s, 1);
	approve(&s, s.key, 3);
	assert_closed(&s,
		      "cannot unseal the key: the TPM opens keys from release "
		      "4 on, and this one is 3; boot a later release, or sign "
		      "this one with a higher number");
	approve(&s, s.key, 4);
	assert_opens(&s);
}

/* Who may define indices cannot start the count again. */
static void test_counter_does_not_start_again(void **state)
{
	own_scene struct scene s = { 0 };

	(void)state;
	begin(&s, "rsa");
	approve(&s, s.key, 3);
	raise_to(&s, 4);
	assert_int_equal(swtpm_tool(&s.swtpm, "tpm2_nvundefine 0x01800e14"), 0);
	open_again(&s);
	raise_to(&s, 1);
	assert_closed(&s,
		      "cannot unseal the key: the TPM opens keys from release "
		      "5 on, and this one is 3; boot a later release, or sign "
		      "this one with a higher number");
}

static void test_another_index_is_refused(void **state)
{
	own_scene struct scene s = { 0 };
	struct fail f = { 0 };

	(void)state;
	begin(&s, "rsa");
	assert_int_equal(swtpm_tool(&s.swtpm,
				    "tpm2_nvdefine 0x01800e14 -C o -s 8 -a "
				    "'authread|authwrite|no_da'"),
			 0);
	assert_refusal(tpm_raise_release(s.tpm, 1, &f), &f,
		       "cannot find the TPM's minimum release: index "
		       "0x01800e14 is something else; remove it with "
		       "tpm2_nvundefine 0x01800e14");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old_releases_are_shut_out),
		cmocka_unit_test(test_does_not_shut_itself_out),
		cmocka_unit_test(test_unnumbered_signatures_stay),
		cmocka_unit_test(test_counter_does_not_start_again),
		cmocka_unit_test(test_counter_starts_above_others),
		cmocka_unit_test(test_another_index_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
