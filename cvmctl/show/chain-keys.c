// SPDX-License-Identifier: MIT
/* See chain-keys.h. A token is the host's: it is what it is, not a proof. */
#include "cvmctl/show/chain-keys.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "seal/luks/luks.h"
#include "seal/object/sealed-object.h"

static const char remedy[] = "give a disk that cvmctl seal made";

/* True if init would give the token to a TPM; *ret is then its policy. */
static bool read_token(struct luks *l, int token, struct chain_key *ret)
{
	own_sealed_key struct sealed_key key = { 0 };
	struct sealed_object object;
	struct fail ignored = { 0 }; /* cvmctl inspect says why */
	int keyslot = 0;

	if (luks_read_token(l, token, &key, &keyslot, &ignored) < 0 ||
	    sealed_object_parse(&key, &object))
		return false;
	ret->mask = key.pcr_mask;
	ret->signed_mask = key.signed_mask;
	return true;
}

int chain_keys_read(const char *disk, struct chain_keys *keys, struct fail *f)
{
	own_luks struct luks *l = NULL;
	size_t before = keys->n;
	int r = luks_open(disk, &l, f);

	if (r < 0)
		return r;
	for (int i = luks_next_token(l, -1); i >= 0;
	     i = luks_next_token(l, i)) {
		struct chain_key key = { .mask = 0 };

		if (!read_token(l, i, &key))
			continue;
		if (keys->n == chain_keys_max)
			return fail_because(f, "that are over 32 keys",
					    "give fewer disks", "add %s", disk);
		(void)snprintf(key.uuid, sizeof(key.uuid), "%s", luks_uuid(l));
		keys->key[keys->n++] = key;
	}
	if (keys->n == before)
		return fail_because(f, "it has no token that init would use",
				    remedy, "explain %s", disk);
	return 0;
}

uint32_t chain_keys_pcrs(const struct chain_keys *keys, const char *uuid)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < keys->n; i++)
		if (strcmp(keys->key[i].uuid, uuid) == 0)
			mask |= keys->key[i].mask | keys->key[i].signed_mask;
	return mask;
}
