/* SPDX-License-Identifier: MIT */
/*
 * What a boot with a boot.conf is certain to need of the kernel, and what of
 * it neither the kernel nor [modules] load has. Afterwards init lets nothing
 * load a module, so such a boot ends.
 */
#ifndef CVMCTL_IMAGE_MODULES_NEEDS_H
#define CVMCTL_IMAGE_MODULES_NEEDS_H

#include "config/boot.h"
#include "cvmctl/image/modules.h"
#include "lib/fail.h"

/*
 * Refuses a choice without the device mapper's targets, the file systems or
 * overlay, where conf has a use for them; and says it on stderr when no driver
 * of virtio's disks is there: the VM may have others. Says nothing of a kernel
 * whose directory m->dir does not say what is built in. 0 or -errno.
 */
int modules_check_needs(const struct modules *m, const struct boot_conf *conf,
			struct fail *f);

#endif
