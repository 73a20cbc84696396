/* SPDX-License-Identifier: MIT */
/* Files with keys, read into memory that is wiped. */
#ifndef CVMCTL_TOOL_KEY_FILE_H
#define CVMCTL_TOOL_KEY_FILE_H

#include "lib/fail.h"
#include "lib/secret.h"

/*
 * Reads all of a file of 1 to max bytes, less than secret_max; remedy names
 * the option that it comes from. The caller frees *ret. 0 or -errno.
 */
int key_file_read(const char *path, size_t max, const char *remedy,
		  struct secret *ret, struct fail *f);

/*
 * Refuses the file of a private key that others may read or change; a pipe has
 * no others. 0 or -errno.
 */
int key_file_check_rights(const char *path, const char *remedy, struct fail *f);

#endif
