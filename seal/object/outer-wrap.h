/* SPDX-License-Identifier: MIT */
/*
 * The outer wrapper around what one TPM alone is to read: encrypted and
 * authenticated under keys that come from a seed of seed.h, together with the
 * name of the object it belongs to (TCG Part 1, 22.4 and 24.4).
 */
#ifndef SEAL_OBJECT_OUTER_WRAP_H
#define SEAL_OBJECT_OUTER_WRAP_H

#include "lib/secret.h"
#include "seal/object/marshal.h"

enum {
	outer_wrap_max = 256,	      /* bytes of what is wrapped */
	outer_wrap_overhead = 2 + 32, /* the HMAC before it */
};

/* Adds the HMAC as a TPM2B and what it covers. 0, -EINVAL or -ENOMEM. */
int outer_wrap(const struct secret *seed,
	       const uint8_t name[static tpm_name_size],
	       const struct secret *plain, struct marshal *ret);

#endif
