/* SPDX-License-Identifier: MIT */
/*
 * The tree that a root disk is made of: a directory as it is, an unpacked
 * tar, or a copy of the directory when apps.conf has to be put into it.
 */
#ifndef CVMCTL_IMAGE_ROOT_TREE_H
#define CVMCTL_IMAGE_ROOT_TREE_H

#include "config/apps.h"
#include "config/boot.h"
#include "cvmctl/tool/workdir.h"
#include "lib/bytes.h"
#include "lib/fail.h"

struct root_tree {
	char path[PATH_MAX];
	int fd; /* of path; -1: none */
	struct workdir work;
	struct bytes apps_raw;
	struct apps_conf *apps;
};

#define ROOT_TREE_EMPTY                                     \
	{                                                   \
		.path = "", .fd = -1, .work = {.path = "" } \
	}

/*
 * Makes root (a directory or a tar) ready; apps is the file to put at
 * /etc/cvm-init/apps.conf, NULL to use the one that is there. What has to be
 * unpacked or copied goes beside a path. *ret begins as ROOT_TREE_EMPTY and
 * is the caller's to free, also after a failure.
 */
int root_tree_open(const char *root, const char *apps, const char *beside,
		   struct root_tree *ret, struct fail *f);
void root_tree_free(struct root_tree *t);

#define own_root_tree __attribute__((cleanup(root_tree_free)))

/* Reads and parses apps.conf of an open tree, into *t. */
int root_tree_read_apps(struct root_tree *t, struct fail *f);

/* Parses what is in t->apps_raw already. */
int root_tree_parse_apps(struct root_tree *t, struct fail *f);

/*
 * Refuses apps whose user the tree does not know, unless conf, which may be
 * all zeros, has the root's own init run them.
 */
int root_tree_check_users(const struct root_tree *t,
			  const struct boot_conf *conf, struct fail *f);

/* Refuses a tree on which a boot with conf must end. */
int root_tree_check(const struct root_tree *t, const struct boot_conf *conf,
		    struct fail *f);

#endif
