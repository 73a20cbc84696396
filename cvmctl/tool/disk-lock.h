/* SPDX-License-Identifier: MIT */
/*
 * Image files that QEMU or another cvmctl has open are not written to. QEMU
 * says by locks on single bytes of the file what it does with it and what
 * others may not do (block/file-posix.c: 100 and up, 200 and up); cvmctl wants
 * the file for itself, and takes all of these bytes.
 */
#ifndef CVMCTL_TOOL_DISK_LOCK_H
#define CVMCTL_TOOL_DISK_LOCK_H

#include "lib/fail.h"

/*
 * Locks the file that fd can read and write, until fd is closed; others
 * have to ask, as QEMU does. path is for *f. 0 or -errno: -EBUSY when somebody
 * else has it.
 */
int disk_lock_fd(int fd, const char *path, struct fail *f);

/*
 * The same for a disk or an image file. Returns a descriptor that holds the
 * lock, for the caller to close when all is written, or -errno. A block device
 * is not locked: the kernel knows who uses it.
 */
int disk_lock(const char *path, struct fail *f);

#endif
