/* SPDX-License-Identifier: MIT */
/*
 * An ext4 file system inside a LUKS2 volume, made without the kernel: no
 * device mapper, no loop device, no root. Builders run in containers.
 */
#ifndef CVMCTL_SEAL_FILL_H
#define CVMCTL_SEAL_FILL_H

#include <stdint.h>

#include "lib/fail.h"
#include "lib/secret.h"

enum { fill_key_size = 64, fill_sector_size = 4096 };

/* dm-crypt's aes-xts-plain64 over volumes with 4096-byte sectors. */
struct fill_cipher;

/* key: fill_key_size bytes, borrowed. 0 or -errno; the caller frees. */
int fill_cipher_new(const struct secret *key, struct fill_cipher **ret);
void fill_cipher_free(struct fill_cipher **c);

#define own_fill_cipher __attribute__((cleanup(fill_cipher_free)))

/* Encrypts sector number n (of 4096 bytes) of the volume, in place. 0/-EIO. */
int fill_encrypt_sector(struct fill_cipher *c, uint64_t n,
			uint8_t sector[static fill_sector_size]);

/*
 * Makes ext4, called label, on the volume whose data begin data_bytes into
 * device, and writes it encrypted under key.
 */
int fill_ext4(const char *device, uint64_t data_bytes, const char *label,
	      const struct secret *key, struct fail *f);

#endif
