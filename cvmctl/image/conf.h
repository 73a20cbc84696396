/* SPDX-License-Identifier: MIT */
/* boot.conf where cvmctl meets it, read by the code that init reads it with. */
#ifndef CVMCTL_IMAGE_CONF_H
#define CVMCTL_IMAGE_CONF_H

#include "config/boot.h"
#include "lib/fail.h"

/* A file, complete or a template. remedy is for one that cannot be read. */
int conf_read_file(const char *file, const char *remedy, struct boot_conf *ret,
		   struct fail *f);

/* That of an image directory, out of its initramfs, as init will read it. */
int conf_read_image(const char *image, struct boot_conf *ret, struct fail *f);

#endif
