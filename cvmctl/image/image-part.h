/* SPDX-License-Identifier: MIT */
/* The files of an image directory, each compared with its manifest. */
#ifndef CVMCTL_IMAGE_IMAGE_PART_H
#define CVMCTL_IMAGE_IMAGE_PART_H

#include <stdint.h>

#include "lib/fail.h"
#include "lib/json.h"

/* One file of an image, and the member of the manifest that describes it. */
struct image_part {
	const char *name; /* such as "root.img" */
	const char *part; /* such as "root" */
};

/*
 * Opens one with flags such as O_RDONLY, and compares its first bytes, as many
 * as the manifest says, with the digest there; more may follow. Returns the
 * descriptor, which the caller closes, and how many bytes were compared, or
 * -errno.
 */
int image_part_open(const char *image, struct json_object *manifest,
		    const struct image_part *file, int flags,
		    uint64_t *ret_size, struct fail *f);

#endif
