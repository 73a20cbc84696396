/* SPDX-License-Identifier: MIT */
/* Where a picture goes: to a terminal, which has limits, or into a file. */
#ifndef CVMCTL_SHOW_PICTURE_H
#define CVMCTL_SHOW_PICTURE_H

#include <stdbool.h>

#include "lib/fail.h"
#include "lib/text.h"

/* The terminal's columns within these limits; min if there is none. */
unsigned picture_columns(unsigned min, unsigned max);

/* True if the locale says that text is UTF-8. */
bool picture_is_utf8(void);

/*
 * Writes the picture to the file --svg names; NULL and "-" are the standard
 * output. 0, or -errno with *f.
 */
int picture_write(const char *path, const struct text *picture, struct fail *f);

#endif
