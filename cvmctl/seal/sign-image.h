/* SPDX-License-Identifier: MIT */
/*
 * Signatures of PCR values in an image: behind the hash tree of its root disk,
 * where init looks for them, and which nothing that is measured covers.
 */
#ifndef CVMCTL_SEAL_SIGN_IMAGE_H
#define CVMCTL_SEAL_SIGN_IMAGE_H

#include <limits.h>
#include <sys/types.h>

#include "lib/bytes.h"
#include "lib/fail.h"
#include "lib/json.h"
#include "seal/object/signatures.h"

struct sign_image {
	char path[PATH_MAX];
	int fd;
	off_t at;   /* where the verified data end */
	off_t size; /* of the file */
};

/*
 * Opens the root disk of an image, after it was compared with the manifest.
 * 0 and *ret, which the caller closes, or -errno.
 */
int sign_image_open(const char *image, struct json_object *manifest,
		    struct sign_image *ret, struct fail *f);
void sign_image_close(struct sign_image *image);

#define own_sign_image __attribute__((cleanup(sign_image_close)))

/*
 * The signatures that are there, if any, which the caller frees. What else is
 * there is refused.
 */
int sign_image_read(const struct sign_image *image, struct signatures *ret,
		    struct fail *f);

/*
 * Puts the JSON in place of what is there. After a failure for lack of space
 * the file is as it was, after any other it has no signatures.
 */
int sign_image_write(const struct sign_image *image, const struct bytes *json,
		     struct fail *f);

#endif
