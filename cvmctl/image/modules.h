/* SPDX-License-Identifier: MIT */
/*
 * The kernel modules of an initramfs: those that boot.conf lists and what
 * they need, in the order in which they load. The only file of cvmctl that
 * talks to libkmod.
 */
#ifndef CVMCTL_IMAGE_MODULES_H
#define CVMCTL_IMAGE_MODULES_H

#include "config/boot.h"
#include "cvmctl/image/cpio.h"
#include "lib/bytes.h"
#include "lib/fail.h"

enum { modules_max = 256, module_size_max = 64 * 1024 * 1024 };

struct module {
	char *path;	      /* "kernel/fs/erofs/erofs.ko", uncompressed */
	struct bytes content; /* as signed */
};

struct modules {
	char dir[PATH_MAX]; /* /lib/modules/VERSION, absolute */
	const char *kernel; /* borrowed: what uname -r will say */
	struct module module[modules_max]; /* in load order */
	size_t n;
};

void modules_free(struct modules *m);

#define own_modules __attribute__((cleanup(modules_free)))

/*
 * Chooses and reads the modules of dir, a /lib/modules/VERSION, that conf
 * lists; m->kernel is the caller's. Modules of another kernel, and names that
 * are neither a module nor built in, are refused; so is a choice that lacks
 * what conf needs: see modules-needs.h.
 */
int modules_choose(struct modules *m, const char *dir,
		   const struct boot_conf *conf, struct fail *f);

/*
 * Adds the modules and the indices libkmod looks them up in to c. scratch is
 * an existing empty directory.
 */
int modules_add(const struct modules *m, const char *scratch, struct cpio *c,
		struct fail *f);

#endif
