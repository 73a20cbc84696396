/* SPDX-License-Identifier: MIT */
/* LUKS2 volumes whose key is sealed, made: what only cvmctl does. */
#ifndef SEAL_LUKS_MAKE_H
#define SEAL_LUKS_MAKE_H

#include <stdint.h>

#include "seal/luks/luks.h"

/*
 * Formats a device or file as LUKS2 (aes-xts-plain64, 512-bit key, 4096-byte
 * sectors) with one keyslot: pbkdf2-sha512 at 1000 iterations, for a
 * passphrase of full entropy. uuid may be NULL for a random one.
 */
int luks_format(const char *device, const char *uuid, const char *label,
		const struct secret *passphrase, struct fail *f);

/*
 * Adds a keyslot for passphrase, opened by one that exists. All of them are
 * checked before: who seals the volume key vouches for it.
 */
int luks_add_key(struct luks *l, const struct secret *existing,
		 const struct secret *passphrase, int *ret_keyslot,
		 struct fail *f);

enum { luks_new_token = -1 };

/*
 * Stores a token (JSON), which names its keyslot, under that number, in place
 * of what is there, or as one more.
 */
int luks_write_token(struct luks *l, int token, const char *json,
		     struct fail *f);

/*
 * The keyslot of a token, or -ENOENT when it names none or several. The token
 * is not parsed.
 */
int luks_token_keyslot(struct luks *l, int token);

/* The first token of that keyslot alone, or -ENOENT. */
int luks_keyslot_token(struct luks *l, int keyslot);

/* The number of the first keyslot in use after number "after", or -ENOENT. */
int luks_next_keyslot(struct luks *l, int after);

/* True when passphrase opens that keyslot. */
bool luks_keyslot_opens(struct luks *l, int keyslot,
			const struct secret *passphrase);

/* Wipes a keyslot; tokens do not name it any more. */
int luks_remove_key(struct luks *l, int keyslot, struct fail *f);

/*
 * The volume key, opened by passphrase, and where the encrypted data begin on
 * the device: for cvmctl, which fills a new volume without the kernel. The
 * caller frees *ret_key.
 */
int luks_read_volume_key(struct luks *l, const struct secret *passphrase,
			 struct secret *ret_key, uint64_t *ret_data_bytes,
			 struct fail *f);

#endif
