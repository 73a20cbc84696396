/* SPDX-License-Identifier: MIT */
/* What a kernel image says about itself. */
#ifndef CVMCTL_IMAGE_KERNEL_H
#define CVMCTL_IMAGE_KERNEL_H

#include "lib/bytes.h"
#include "lib/fail.h"

enum { kernel_version_max = 64, kernel_size_max = 256 * 1024 * 1024 };

/*
 * The version that uname -r will say, from the header of a bzImage
 * (Documentation/arch/x86/boot.rst). 0, or -EINVAL when it is none.
 */
int kernel_read_version(const struct bytes *image,
			char ret[static kernel_version_max]);

/* Reads the file that --kernel names; the caller frees *ret. 0 or -errno. */
int kernel_read_file(const char *path, struct bytes *ret,
		     char ret_version[static kernel_version_max],
		     struct fail *f);

#endif
