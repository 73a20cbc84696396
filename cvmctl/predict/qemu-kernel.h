/* SPDX-License-Identifier: MIT */
/*
 * The kernel as QEMU hands it to firmware that is told -kernel: without a
 * confidential guest it fills in what a boot loader would. Other EFI programs
 * than kernels stay as they are.
 */
#ifndef CVMCTL_PREDICT_QEMU_KERNEL_H
#define CVMCTL_PREDICT_QEMU_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bytes.h"

struct qemu_machine {
	bool q35; /* else pc; they lay out large memory differently */
	uint64_t memory_bytes; /* -m */
};

/*
 * Changes *kernel, the file given with -kernel, as QEMU does for -append
 * cmdline and an -initrd of initrd_size bytes, 0 for none. 0; -EINVAL for a
 * kernel that QEMU would not boot; -EFBIG when the initrd does not fit into
 * the memory; -ENOTSUP for a command line with vga=.
 */
int qemu_patch_kernel(struct bytes *kernel, const char *cmdline,
		      uint64_t initrd_size, const struct qemu_machine *m);

#endif
