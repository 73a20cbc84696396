/* SPDX-License-Identifier: MIT */
/* Where cvmctl sign puts signatures, besides those that are there. */
#ifndef CVMCTL_SEAL_SIGN_TARGET_H
#define CVMCTL_SEAL_SIGN_TARGET_H

#include "cvmctl/seal/sign-image.h"
#include "lib/fail.h"
#include "lib/json.h"
#include "seal/object/signatures.h"

/* An image directory, or a file, or with neither standard output. */
struct sign_target {
	const char *image;
	const char *file;
	struct json_object *manifest; /* of the image, or NULL */
	struct sign_image disk;	      /* of the image */
	struct signatures present;
};

/*
 * Opens what t->image or t->file names and reads the signatures there; with
 * replace those of an image are not looked at, and will be lost. The caller
 * closes *t, also after a failure. 0 or -errno.
 */
int sign_target_open(struct sign_target *t, bool replace, struct fail *f);
void sign_target_close(struct sign_target *t);

#define own_sign_target __attribute__((cleanup(sign_target_close)))

/*
 * Writes those that are there and *added, which takes the place of any that
 * approve the same, and then says what was added. *added becomes empty.
 */
int sign_target_write(struct sign_target *t, struct signatures *added,
		      struct fail *f);

#endif
