/* SPDX-License-Identifier: MIT */
/* Signatures of PCR values in an image. */
#ifndef CVMCTL_SIGN_IMAGE_H
#define CVMCTL_SIGN_IMAGE_H

#include "lib/bytes.h"
#include "lib/fail.h"

/*
 * Puts the JSON behind the hash tree of the image's root disk, in place of
 * what is there: init looks for it where the verity data end, and nothing
 * that is measured covers it.
 */
int sign_image(const char *image, const struct bytes *json, struct fail *f);

#endif
