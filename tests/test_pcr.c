// SPDX-License-Identifier: MIT
/* PCR arithmetic against values that tpm2-tools and systemd produced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hex.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/object/pcr.h"

static void assert_hex(const uint8_t *data, size_t len, const char *expected)
{
	char hex[2 * digest_size_max + 1];

	hex_encode(data, len, hex);
	assert_string_equal(hex, expected);
}

static void test_banks_have_tcg_numbers(void **state)
{
	static const struct {
		enum digest_alg bank;
		uint16_t alg;
	} cases[] = {
		{ DIGEST_SHA1, 0x0004 },
		{ DIGEST_SHA256, 0x000b },
		{ DIGEST_SHA384, 0x000c },
		{ DIGEST_SHA512, 0x000d },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pcr_bank_tpm_alg(cases[i].bank), cases[i].alg);
		assert_int_equal(pcr_bank_from_tpm_alg(cases[i].alg),
				 cases[i].bank);
	}
	assert_true(pcr_bank_from_tpm_alg(0x0012) < 0); /* SM3 */
	assert_true(pcr_bank_from_tpm_alg(0x0027) < 0); /* SHA3-256 */
}

/* Only the banks that both hold change. */
static void test_extend_hashes_old_and_new(void **state)
{
	struct digest_set value;
	struct digest_set event;

	(void)state;
	pcr_start_value(1U << DIGEST_SHA1 | 1U << DIGEST_SHA256, &value);
	assert_int_equal(digest_data(1U << DIGEST_SHA256 | 1U << DIGEST_SHA512,
				     "event", 5, &event),
			 0);
	assert_int_equal(pcr_extend_value(&value, &event), 0);
	assert_int_equal(value.algs, 1U << DIGEST_SHA1 | 1U << DIGEST_SHA256);
	assert_hex(value.value[DIGEST_SHA1], 20,
		   "0000000000000000000000000000000000000000");
	assert_hex(
		value.value[DIGEST_SHA256], 32,
		"12db50484c569ef2d5446a9790ee2be42a913d1c755cde998469926762f54066");
}

static void test_selection_is_little_endian_by_bytes(void **state)
{
	uint8_t selection[pcr_selection_size];

	(void)state;
	pcr_selection_marshal(DIGEST_SHA384, 1U << 0 | 1U << 14 | 1U << 23,
			      selection);
	assert_hex(selection, sizeof(selection), "00000001000c03014080");
}

static void test_names_pcrs_in_words(void **state)
{
	static const struct {
		uint32_t mask;
		const char *words;
	} cases[] = {
		{ 0, "no PCR" },
		{ 1U << 0, "PCR 0" },
		{ 1U << 14, "PCR 14" },
		{ 1U << 4 | 1U << 14, "PCRs 4 and 14" },
		{ 1U << 4 | 1U << 9 | 1U << 14, "PCRs 4, 9 and 14" },
		{ 1U << 0 | 1U << 1 | 1U << 2 | 1U << 23,
		  "PCRs 0, 1, 2 and 23" },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		own_text struct text t = { 0 };

		pcr_names_write(cases[i].mask, &t);
		assert_string_equal(t.s, cases[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_banks_have_tcg_numbers),
		cmocka_unit_test(test_extend_hashes_old_and_new),
		cmocka_unit_test(test_names_pcrs_in_words),
		cmocka_unit_test(test_selection_is_little_endian_by_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
