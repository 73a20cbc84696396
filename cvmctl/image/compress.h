/* SPDX-License-Identifier: MIT */
/* zstd as the kernel unpacks it: level 19, one thread, one frame. */
#ifndef CVMCTL_IMAGE_COMPRESS_H
#define CVMCTL_IMAGE_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"

/* The caller frees *ret. 0, -ENOMEM or -EIO. */
int compress_zstd(const struct bytes *in, struct bytes *ret);

/* True when data begins as a zstd frame does. */
bool compress_is_zstd(const uint8_t *data, size_t len);

/*
 * Unpacks one frame to at most max bytes, whatever it claims. The caller
 * frees *ret. 0, -EFBIG, -EINVAL or -ENOMEM.
 */
int compress_unpack_zstd(const struct bytes *in, size_t max, struct bytes *ret);

#endif
