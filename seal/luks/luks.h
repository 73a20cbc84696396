/* SPDX-License-Identifier: MIT */
/*
 * LUKS2 volumes whose key is sealed, opened. luks*.c are the only files that
 * talk to libcryptsetup's LUKS; make.h has what cvmctl does besides.
 */
#ifndef SEAL_LUKS_LUKS_H
#define SEAL_LUKS_LUKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fail.h"
#include "lib/secret.h"
#include "seal/object/sealed-key.h"

struct luks;

/*
 * 1 when the device begins with a LUKS2 header of that UUID (any, when uuid is
 * NULL), 0 when not, -errno when it cannot be read. Reads 4 KiB and uses no
 * library: devices are the host's.
 */
int luks_has_uuid(int device_fd, const char *uuid);

/* Loads and checks the header of a device or image file, but no keyslot. */
int luks_open(const char *device, struct luks **ret, struct fail *f);
void luks_close(struct luks **l);

#define own_luks __attribute__((cleanup(luks_close)))

/*
 * The number of the first systemd-tpm2 token after number "after", or of all
 * when that is -1; -ENOENT when there is none. A header has at most 32.
 */
int luks_next_token(const struct luks *l, int after);

/*
 * One systemd-tpm2 token: key material and its keyslot, which is checked as
 * luks_activate checks it. -EINVAL when it is not one that we can use.
 */
int luks_read_token(struct luks *l, int token, struct sealed_key *ret,
		    int *ret_keyslot, struct fail *f);

/* The same for a token that is not in the header; it names its keyslot. */
int luks_read_delivered(struct luks *l, const char *json,
			struct sealed_key *ret, int *ret_keyslot,
			struct fail *f);

/*
 * Maps the volume to /dev/mapper/name with the passphrase of one keyslot.
 * Ciphers other than aes-xts-plain64 with a 512-bit key are refused, before
 * the passphrase is used and again in what was mapped.
 */
int luks_activate(struct luks *l, const char *name, int keyslot,
		  const struct secret *passphrase, struct fail *f);

/*
 * The volume key, which the kernel has after luks_activate with the same
 * passphrase and keyslot: the header holds a digest of it. The caller frees.
 */
int luks_volume_key(struct luks *l, int keyslot,
		    const struct secret *passphrase, struct secret *ret,
		    struct fail *f);

/* Removes the mapping, and with it the volume key. */
int luks_deactivate(const char *name);

/* The UUID, borrowed until luks_close. */
const char *luks_uuid(struct luks *l);

#endif
