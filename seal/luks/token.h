/* SPDX-License-Identifier: MIT */
/*
 * The systemd-tpm2 LUKS2 token: JSON to struct sealed_key and back. What is
 * written is what systemd-cryptenroll writes for literal and for signed PCR
 * values, so systemd-cryptsetup can open it; kinds that need what we do not
 * have (PIN, pcrlock, policy reference, shards) are refused by name.
 */
#ifndef SEAL_LUKS_TOKEN_H
#define SEAL_LUKS_TOKEN_H

#include "lib/fail.h"
#include "lib/secret.h"
#include "seal/object/sealed-key.h"

enum { token_json_max = 64 * 1024 };

#define TOKEN_TYPE "systemd-tpm2"

/* Parses a token. keyslot is the number it names. The caller frees *ret. */
int token_parse(const char *json, struct sealed_key *ret, int *ret_keyslot,
		struct fail *f);

/* Writes a token for a keyslot. The caller frees *ret, a string. */
int token_format(const struct sealed_key *key, int keyslot, char **ret,
		 struct fail *f);

/*
 * The keyslot's passphrase for an unsealed secret: its base64 with padding,
 * in a secret of its own. 0 or -errno.
 */
int token_passphrase(const struct secret *unsealed, struct secret *ret);

#endif
