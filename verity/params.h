/* SPDX-License-Identifier: MIT */
/*
 * Everything that decides what a dm-verity device means. The root hash does
 * not cover these values, so all of them stand in the measured boot.conf and
 * none is read from the disk (no superblock).
 */
#ifndef VERITY_PARAMS_H
#define VERITY_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/digest.h"

enum { verity_salt_max = 256 };

struct verity_params {
	enum digest_alg hash;	  /* sha256, sha384 or sha512 */
	uint64_t data_block_size; /* bytes, 4096 */
	uint64_t hash_block_size; /* bytes, 4096 */
	uint64_t data_blocks;	  /* number of data blocks */
	uint64_t hash_offset;	  /* bytes, start of the tree on its device */
	uint8_t salt[verity_salt_max];
	size_t salt_len;
	uint8_t root_hash[digest_size_max];
	size_t root_hash_len;
};

#endif
