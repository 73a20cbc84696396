// SPDX-License-Identifier: MIT
/* The program headers of what is to become init. */
#include <stdlib.h>
#include <string.h>

#include "cvmctl/image/init-program.h"
#include "lib/own.h"
#include "tests/fuzz/promise.h"
#include "tests/fuzz/targets.h"

void fuzz_init_program(const uint8_t *data, size_t len)
{
	own_free uint8_t *exact = malloc(len ? len : 1);
	const char *why;

	memcpy(exact, data, len);
	why = init_program_refusal(exact, len);
	expect(why ? *why : len > 64, "a reason, or a header");
}
