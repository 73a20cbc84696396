/* SPDX-License-Identifier: MIT */
#ifndef INIT_VERSION_H
#define INIT_VERSION_H

/*
 * Run by hand, not as PID 1: prints "cvm-init VERSION sha256:DIGEST" of the
 * own binary. Returns an exit status.
 */
int version_print(void);

#endif
