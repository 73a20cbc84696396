// SPDX-License-Identifier: MIT
/* libFuzzer's entry; the environment's FUZZ_TARGET names the parser. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/targets.h"

/* libFuzzer calls these two. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct fuzz_target *target = fuzz_targets;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("FUZZ_TARGET");

	(void)argc;
	(void)argv;
	while (name && target->name && strcmp(name, target->name) != 0)
		target++;
	if (!name || !target->name) {
		(void)fprintf(stderr, "fuzz: FUZZ_TARGET names no parser\n");
		exit(2);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	target->run(data, len);
	return 0;
}
