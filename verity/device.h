/* SPDX-License-Identifier: MIT */
/*
 * dm-verity devices without a superblock: the only file that talks to
 * libcryptsetup's verity.
 */
#ifndef VERITY_DEVICE_H
#define VERITY_DEVICE_H

#include "lib/fail.h"
#include "verity/params.h"

/*
 * 1 when the top block of the hash tree on fd hashes to the root hash: this is
 * the disk that boot.conf means, whatever its name or order. Reads one hash
 * block. 0 when it does not, or the disk ends before; -errno when it cannot be
 * read.
 */
int verity_is_device(int fd, const struct verity_params *p);

/*
 * Bytes a device needs: the data, then the tree at hash_offset. 0 or
 * -EINVAL when the parameters contradict each other or overflow.
 */
int verity_size(const struct verity_params *p, uint64_t *ret_bytes);

/*
 * Maps /dev/mapper/name, read-only, panic on corruption, from one device
 * that holds data and tree, and reads its first and last block. A corrupt
 * one ends in a kernel panic, which is meant.
 */
int verity_activate(const char *device, const char *name,
		    const struct verity_params *p, struct fail *f);

/* Removes the mapping. 0 or -errno. */
int verity_deactivate(const char *name);

/*
 * Appends a hash tree to the image file at path (its size a multiple of the
 * block size), fills data_blocks, hash_offset and root_hash; hash, block
 * sizes and salt are the caller's.
 */
int verity_append_tree(const char *path, struct verity_params *p,
		       struct fail *f);

#endif
