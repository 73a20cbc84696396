/* SPDX-License-Identifier: MIT */
/*
 * Directories in the making: beside what they will become, and removed with
 * all that is in them unless they got there, also when a signal ends cvmctl.
 */
#ifndef CVMCTL_TOOL_WORKDIR_H
#define CVMCTL_TOOL_WORKDIR_H

#include <limits.h>

#include "lib/fail.h"

enum { workdir_name_max = 64 };

struct workdir {
	char path[PATH_MAX]; /* empty: none */
};

/* Makes "beside.tmp-XXXXXX", mode 0700, with room for names below it. */
int workdir_make(const char *beside, struct workdir *ret, struct fail *f);

/* Removes it with its content, as far as that can be done. */
void workdir_remove(struct workdir *w);

#define own_workdir __attribute__((cleanup(workdir_remove)))

/* "w/name" in ret, for a name of less than workdir_name_max. */
void workdir_join(const struct workdir *w, const char *name,
		  char ret[static PATH_MAX]);

#endif
