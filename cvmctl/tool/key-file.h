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

#endif
