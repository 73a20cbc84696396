/* SPDX-License-Identifier: MIT */
/* How much of a process is locked in memory. Include cmocka.h first. */
#ifndef TESTS_LOCKED_H
#define TESTS_LOCKED_H

#include <stdio.h>

#include "lib/own.h"

enum { key_heap_kib = 64 }; /* cvmctl/tool/key-memory.c */

/* By /proc/PID/status, without what ASan does not let be locked. */
static inline unsigned locked_kib(const char *status)
{
	own_file FILE *file = fopen(status, "re");
	char line[256];
	unsigned kib = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "VmLck: %u kB", &kib) == 1)
			return kib;
	fail_msg("%s has no VmLck", status);
	return 0;
}

#endif
