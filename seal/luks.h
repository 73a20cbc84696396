/* SPDX-License-Identifier: MIT */
/*
 * LUKS2 volumes whose key is sealed: the only file that talks to
 * libcryptsetup's LUKS.
 */
#ifndef SEAL_LUKS_H
#define SEAL_LUKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fail.h"
#include "lib/secret.h"
#include "seal/sealed-key.h"

struct luks;

/*
 * True when the device begins with a LUKS2 header of that UUID (any, when
 * uuid is NULL). Reads 4 KiB and uses no library: devices are the host's.
 */
bool luks_has_uuid(int device_fd, const char *uuid);

/* Loads and checks the header of a device or image file. */
int luks_open(const char *device, struct luks **ret, struct fail *f);
void luks_close(struct luks **l);

#define own_luks __attribute__((cleanup(luks_close)))

/* The first systemd-tpm2 token: key material and its keyslot. */
int luks_read_token(struct luks *l, struct sealed_key *ret, int *ret_keyslot,
		    struct fail *f);

/*
 * Maps the volume to /dev/mapper/name with the passphrase of one keyslot.
 * Ciphers other than aes-xts-plain64 with a 512-bit key are refused, before
 * the passphrase is used and again in what was mapped.
 */
int luks_activate(struct luks *l, const char *name, int keyslot,
		  const struct secret *passphrase, struct fail *f);

/* Removes the mapping, and with it the volume key. */
int luks_deactivate(const char *name);

/*
 * Formats a device or file as LUKS2 (aes-xts-plain64, 512-bit key, 4096-byte
 * sectors) with one keyslot: pbkdf2-sha512 at 1000 iterations, for a
 * passphrase of full entropy. uuid may be NULL for a random one.
 */
int luks_format(const char *device, const char *uuid, const char *label,
		const struct secret *passphrase, struct fail *f);

/* Adds a keyslot for passphrase, opened by one that exists. */
int luks_add_key(struct luks *l, const struct secret *existing,
		 const struct secret *passphrase, int *ret_keyslot,
		 struct fail *f);

/*
 * Stores a token (JSON), which names its keyslot, in place of the first
 * systemd-tpm2 token if there is one.
 */
int luks_write_token(struct luks *l, const char *json, struct fail *f);

/*
 * The volume key, opened by passphrase, and where the encrypted data begin on
 * the device: for cvmctl, which fills a new volume without the kernel. The
 * caller frees *ret_key.
 */
int luks_read_volume_key(struct luks *l, const struct secret *passphrase,
			 struct secret *ret_key, uint64_t *ret_data_bytes,
			 struct fail *f);

/* The UUID, borrowed until luks_close. */
const char *luks_uuid(struct luks *l);

#endif
