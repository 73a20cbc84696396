/* SPDX-License-Identifier: MIT */
/*
 * The gate on the kernel command line, which the host may have written: only
 * words on a list pass. init checks what it was booted with, cvmctl what it
 * is asked to write.
 */
#ifndef CONFIG_CMDLINE_H
#define CONFIG_CMDLINE_H

#include "config/boot.h"
#include "lib/fail.h"

enum { cmdline_max = 4096 };

/*
 * Checks len bytes of a command line against the built-in list and the
 * builder's own words. 0, or -EINVAL with the word that is to blame.
 */
int cmdline_check(const char *line, size_t len,
		  const struct boot_words *allowed, struct fail *f);

/* Refuses one of over cmdline_max bytes, which nobody has to read for that. */
int cmdline_refuse_length(struct fail *f);

#endif
