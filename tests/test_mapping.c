// SPDX-License-Identifier: MIT
/* dm-crypt table lines as kernels write them, and as they must not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/own.h"
#include "seal/luks/mapping.h"

#define HEX_KEY                                                            \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_judges_the_kernels_table(void **state)
{
	static const struct {
		const char *target;
		const char *params;
		bool allowed;
	} cases[] = {
		{ "crypt",
		  "aes-xts-plain64 :64:logon:cryptsetup:x-d0 0 8:1 32768",
		  true },
		{ "crypt",
		  "aes-xts-plain64 :64:logon:cryptsetup:x-d0 0 8:1 32768 1 "
		  "sector_size:4096",
		  true },
		{ "crypt", "aes-xts-plain64 " HEX_KEY " 0 8:1 32768", true },
		{ "linear", "8:1 32768", false },
		{ "crypt", "cipher_null-ecb - 0 8:1 32768", false },
		{ "crypt", "cipher_null-ecb " HEX_KEY " 0 8:1 32768", false },
		{ "crypt", "aes-xts-plain64 :32:logon:x 0 8:1 32768", false },
		{ "crypt", "aes-xts-plain64 :64:user:x 0 8:1 32768", false },
		{ "crypt", "aes-xts-plain64 " HEX_KEY "0 0 8:1 32768", false },
		{ "crypt", "aes-xts-plain64 :64:logon:x 8 8:1 32768", false },
		{ "crypt", "aes-xts-plain64 :64:logon:x 0 8:1", false },
		{ "crypt",
		  "aes-xts-plain64 :64:logon:x 0 8:1 32768 1 allow_discards",
		  false },
		{ "crypt",
		  "aes-xts-plain64 :64:logon:x 0 8:1 32768 2 sector_size:4096 "
		  "integrity:28:aead",
		  false },
		{ "crypt", "", false },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		assert_int_equal(mapping_is_allowed(cases[i].target,
						    cases[i].params),
				 cases[i].allowed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judges_the_kernels_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
