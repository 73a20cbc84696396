/* SPDX-License-Identifier: MIT */
/* Which PCRs release the keys of a disk, as its tokens say. */
#ifndef CVMCTL_SHOW_CHAIN_KEYS_H
#define CVMCTL_SHOW_CHAIN_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "config/boot.h"
#include "lib/fail.h"

enum { chain_keys_max = 32 };

/* One token that init would use. */
struct chain_key {
	char uuid[boot_uuid_len + 1]; /* of the disk */
	uint32_t mask;		      /* PCRs by their values */
	uint32_t signed_mask;	      /* PCRs by a release key's signature */
};

struct chain_keys {
	struct chain_key key[chain_keys_max];
	size_t n; /* 0: no disk was given */
};

/* Adds the keys of a LUKS2 disk or file, at least one. 0 or -errno. */
int chain_keys_read(const char *disk, struct chain_keys *keys, struct fail *f);

/* The PCRs of all keys of a disk; 0 for one that was not given. */
uint32_t chain_keys_pcrs(const struct chain_keys *keys, const char *uuid);

#endif
