/* SPDX-License-Identifier: MIT */
/* What luks.c and make.c share, and no other file includes. */
#ifndef SEAL_LUKS_INTERNAL_H
#define SEAL_LUKS_INTERNAL_H

#include "seal/luks/luks.h"

enum { luks_key_size = 64 }; /* AES-256 twice, for XTS */

struct crypt_device;

struct luks {
	struct crypt_device *cd;
	char *device;
};

/* A device without its header. Knows no volume, only a path: says nothing. */
int luks_init(const char *device, struct luks **ret);

/*
 * Refuses a header that has a keyslot which any key might open: to be asked
 * before a key is tried in all of them. 0 or -errno.
 */
int luks_check_keyslots(const struct luks *l, struct fail *f);

/* The volume key by one keyslot, or CRYPT_ANY_SLOT; the caller frees. */
int luks_unlock(struct luks *l, int keyslot, const struct secret *passphrase,
		struct secret *ret);

/* libcryptsetup says "block device required" of paths that do not exist. */
int luks_fail_device(int r, const char *remedy, const char *verb,
		     const char *device, struct fail *f);

#endif
