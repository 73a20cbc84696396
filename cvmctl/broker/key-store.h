/* SPDX-License-Identifier: MIT */
/*
 * The folder where a broker has the secrets of volumes: a file for each,
 * UUID.KEYSLOT.key, whose bytes are what would else be sealed; the keyslot's
 * passphrase is their base64.
 */
#ifndef CVMCTL_BROKER_KEY_STORE_H
#define CVMCTL_BROKER_KEY_STORE_H

#include <stdbool.h>

#include "lib/fail.h"
#include "lib/secret.h"

/* Of a secret: what fits into a TPM's sealed object. */
enum { key_store_secret_max = 128 };

/*
 * Writes the secret of a keyslot of the volume with that UUID. A file that is
 * there already is not overwritten. 0 or -errno.
 */
int key_store_add(const char *dir, const char *uuid, int keyslot,
		  const struct secret *secret, struct fail *f);

/*
 * Whether a key of that volume could be added, so that a disk is not written
 * for nothing; a NULL uuid is one that nothing has. 0 or -errno.
 */
int key_store_check(const char *dir, const char *uuid, int keyslot,
		    struct fail *f);

/* Takes it back, when what it opens did not come to be. */
void key_store_remove(const char *dir, const char *uuid, int keyslot);

/*
 * The secret of the volume with that UUID, which is a valid one, and its
 * keyslot. -ENOENT when there is none; several, or a file that others may
 * read, are refused. The caller frees *ret.
 */
int key_store_find(const char *dir, const char *uuid, struct secret *ret,
		   int *ret_keyslot, struct fail *f);

/* Whether there is a key of that volume, or several. */
bool key_store_has(const char *dir, const char *uuid);

#endif
