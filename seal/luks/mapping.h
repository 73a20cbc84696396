/* SPDX-License-Identifier: MIT */
/*
 * What the kernel maps under a name, to be held against what was asked for:
 * a LUKS header that changed while it was read shows here.
 */
#ifndef SEAL_LUKS_MAPPING_H
#define SEAL_LUKS_MAPPING_H

#include <stdbool.h>

/*
 * True for the dm-crypt table line of a volume as we open it: target crypt,
 * aes-xts-plain64, a 512-bit key, 512 or 4096-byte sectors, nothing more.
 */
bool mapping_is_allowed(const char *target, const char *params);

/*
 * Reads the table of /dev/mapper/name. 0 when it is one allowed line;
 * -EUCLEAN when it is not; -EIO when it cannot be read.
 */
int mapping_check(const char *name);

#endif
