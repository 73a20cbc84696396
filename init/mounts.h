/* SPDX-License-Identifier: MIT */
/* A file system that stage mounts may have come too early for. */
#ifndef INIT_MOUNTS_H
#define INIT_MOUNTS_H

/*
 * Mounts configfs, for reports of the hardware, unless it is mounted already.
 * Its module may have been loaded since. Who needs it says so when it is
 * missing.
 */
void mounts_try_configfs(void);

#endif
