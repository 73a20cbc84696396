/* SPDX-License-Identifier: MIT */
/* The root of a finished image, as the tree it was made of. */
#ifndef CVMCTL_IMAGE_SOURCE_H
#define CVMCTL_IMAGE_SOURCE_H

#include "cvmctl/image/root-tree.h"
#include "lib/fail.h"

/*
 * Extracts the root disk of an image directory into a temporary one, owners
 * and extended attributes kept, which only root can do. *ret begins as
 * ROOT_TREE_EMPTY and is the caller's to free, also after a failure.
 */
int source_open_image(const char *image, struct root_tree *ret, struct fail *f);

#endif
