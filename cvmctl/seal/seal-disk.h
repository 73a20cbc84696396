/* SPDX-License-Identifier: MIT */
/*
 * The disk's side of cvmctl seal: a keyslot and a token for a sealed key. What
 * exists the caller has locked: see tool/disk-lock.h.
 */
#ifndef CVMCTL_SEAL_SEAL_DISK_H
#define CVMCTL_SEAL_SEAL_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/fail.h"
#include "lib/secret.h"
#include "seal/luks/volume-secret.h"
#include "seal/object/sealed-key.h"

struct seal_disk {
	const char *device;
	const char *uuid;    /* or NULL, for ..._choose_uuid, ..._read_uuid */
	const char *label;   /* of the volume and its file system */
	uint64_t size_bytes; /* of a new image file; 0: device exists */
	bool make_ext4;
	bool force; /* format although the disk is not empty */
	const struct secret *passphrase; /* of the sealed key's keyslot */
	const struct secret *other;	 /* one more key; empty: none */
	const struct sealed_key *sealed; /* unless it goes to a key store */
	const char *key_store;		 /* or NULL */
	const struct secret *secret;	 /* for it */
};

/* Where the sealed key is on the disk. */
struct seal_place {
	int token; /* -ENOENT: it is in a key store */
	int keyslot;
};

/*
 * The UUID for a new volume as its header will have it: that of *d in lower
 * case, or a random one. 0 or -errno.
 */
int seal_disk_choose_uuid(const struct seal_disk *d,
			  char ret[static volume_uuid_len + 1], struct fail *f);

/*
 * The UUID of a volume that is there, by its header. Another one than that of
 * *d is refused; without one there, stderr says that only the disk says so.
 */
int seal_disk_read_uuid(const struct seal_disk *d,
			char ret[static volume_uuid_len + 1], struct fail *f);

/*
 * Formats the disk, unless its beginning or its end holds something; "other"
 * gets a keyslot of its own. A file that was made for it goes again when
 * that fails, or a signal ends cvmctl.
 */
int seal_disk_format(const struct seal_disk *d, struct seal_place *ret,
		     struct fail *f);

/* Adds a keyslot and a token to a volume that "other" opens. */
int seal_disk_add(const struct seal_disk *d, struct seal_place *ret,
		  struct fail *f);

/*
 * Adds a keyslot to a volume that "other" opens, puts the token in the place
 * of that number, or of the only one for -1, and removes the keyslot of the
 * token that was there, unless "other" opens it.
 */
int seal_disk_replace(const struct seal_disk *d, int token,
		      struct seal_place *ret, struct fail *f);

#endif
