/* SPDX-License-Identifier: MIT */
/* Programs of others, run without a shell: mkfs.erofs, tar, depmod. */
#ifndef CVMCTL_TOOL_CHILD_H
#define CVMCTL_TOOL_CHILD_H

#include <stddef.h>

#include "lib/bytes.h"
#include "lib/fail.h"

/*
 * Runs argv (NULL-terminated, argv[0] looked up in PATH) with an empty input
 * and nothing in its environment but PATH, the locale C and UTC, to its end:
 * mkfs.erofs would take SOURCE_DATE_EPOCH for a limit and not for the time.
 * What it says on its output, at most max bytes, is for the caller, who frees
 * *ret_output; NULL throws it away. A status other than 0 is a failure whose
 * reason is the last line it wrote; when that says that the disk is full, it is
 * the remedy, too.
 */
int child_run(const char *const *argv, const char *remedy, size_t max,
	      struct bytes *ret_output, struct fail *f);

/* Adds /usr/sbin to PATH, where users other than root lack it: depmod. */
void child_extend_path(void);

#endif
