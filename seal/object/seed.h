/* SPDX-License-Identifier: MIT */
/*
 * A secret that one TPM alone will know, made from the public part of its
 * storage root key or endorsement key: TCG Part 1, B.10.3 (RSA) and C.6.3
 * (ECC).
 */
#ifndef SEAL_OBJECT_SEED_H
#define SEAL_OBJECT_SEED_H

#include "lib/bytes.h"
#include "lib/fail.h"
#include "lib/secret.h"
#include "seal/object/srk-public.h"

enum { seed_size = 32 };

/* What a TPM takes a seed for: TCG Part 1, 23 and 24. */
#define SEED_IMPORT   "DUPLICATE"
#define SEED_ACTIVATE "IDENTITY"

/*
 * A fresh seed for that use, and what that TPM takes to learn it: the content
 * of a TPM2B_ENCRYPTED_SECRET. The caller frees both.
 */
int seed_make(const struct srk_public *srk, const char *use,
	      struct secret *ret_seed, struct bytes *ret_encrypted,
	      struct fail *f);

#endif
