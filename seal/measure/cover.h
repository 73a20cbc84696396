/* SPDX-License-Identifier: MIT */
/*
 * PCR 14 vouches for files: nothing may be mounted over or among them. init
 * asks before it mounts a volume, cvmctl before there is a boot.
 */
#ifndef SEAL_MEASURE_COVER_H
#define SEAL_MEASURE_COVER_H

#include <limits.h>

#include "lib/fail.h"
#include "seal/measure/events.h"

/* Which volume is to be mounted where, as boot.conf has it. */
struct cover {
	const char *volume;
	const char *mount;
};

/*
 * Where the directory fd is below the directory root_fd, as seen from there.
 * 0; -EXDEV for one that is outside; -errno.
 */
int cover_path(int root_fd, int fd, char ret[static PATH_MAX]);

/*
 * Refuses a mount that hides or changes what an event of the list measured
 * below root_fd, or the links that lead to it. path is where c->mount is
 * after all links: see cover_path.
 */
int cover_check(const struct events *list, int root_fd, const struct cover *c,
		const char *path, struct fail *f);

#endif
