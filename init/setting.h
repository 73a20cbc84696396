/* SPDX-License-Identifier: MIT */
/* The kernel's switches below /proc/sys. */
#ifndef INIT_SETTING_H
#define INIT_SETTING_H

#include "lib/fail.h"

/*
 * Writes value to the switch at path. A kernel that was built without it has
 * nothing to switch: that is no failure.
 */
int setting_write(const char *path, const char *value, struct fail *f);

#endif
