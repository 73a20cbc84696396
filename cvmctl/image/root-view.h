/* SPDX-License-Identifier: MIT */
/* A tree for who only measures it, which seldom needs one of its own. */
#ifndef CVMCTL_IMAGE_ROOT_VIEW_H
#define CVMCTL_IMAGE_ROOT_VIEW_H

#include "cvmctl/image/root-tree.h"
#include "lib/fail.h"

/*
 * As root_tree_open, but apps is read from where it is, and a directory is not
 * copied, unless what apps.conf has measured would hold apps.conf itself.
 */
int root_view_open(const char *root, const char *apps, const char *beside,
		   struct root_tree *ret, struct fail *f);

#endif
