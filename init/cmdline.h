/* SPDX-License-Identifier: MIT */
/*
 * The gate on the kernel command line, which the host may have written: only
 * words on a list pass. Pure: the stage reads /proc/cmdline.
 */
#ifndef INIT_CMDLINE_H
#define INIT_CMDLINE_H

#include "config/boot.h"
#include "lib/fail.h"

enum { cmdline_max = 4096 };

/*
 * Checks line (changed in place) against the built-in list and the builder's
 * own words. 0, or -EINVAL with the word that is to blame.
 */
int cmdline_check(char *line, const struct boot_words *allowed, struct fail *f);

#endif
