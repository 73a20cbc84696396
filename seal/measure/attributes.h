/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes as a listing has them. Measured are those that a file
 * system image holds and that the kernel shows as they are stored: user.*,
 * trusted.*, security.* (security.capability gives a program rights) and
 * POSIX ACLs. Left out are
 *
 *	security.selinux, security.SMACK64*	what is shown is the label in
 *						the security module's words
 *	security.ima, security.evm		signatures of the file, which
 *						may differ for equal files
 *	all other names, such as btrfs.*	the builder's own file system
 *
 * Refused is trusted.overlay.*: what such a file is depends on the overlay.
 */
#ifndef SEAL_MEASURE_ATTRIBUTES_H
#define SEAL_MEASURE_ATTRIBUTES_H

#include <stdbool.h>

#include "lib/text.h"

/*
 * Appends a line for each attribute of name in the directory dir_fd, or of fd
 * itself (O_PATH will do) if name is NULL; links are not followed. Sorted by
 * the bytes of their names:
 *
 *	x <TAB> name <TAB> value in hex, - if it is empty <TAB> path
 *
 * path, shorter than PATH_MAX, and names are escaped as in listing.h. 0;
 * -EFBIG once *ret is over event_detail_max; another -errno; or -EINVAL with
 * the reason in *ret_refusal, which is untouched otherwise.
 */
int attributes_add(int fd, const char *name, const char *path, struct text *ret,
		   const char **ret_refusal);

/* True for what no listing has, whatever file it is of. */
bool attributes_leave_out(const char *name);

#endif
