/* SPDX-License-Identifier: MIT */
/*
 * A secret that one TPM alone will know, made from the public part of its
 * storage root key: TCG Part 1, B.10.3 (RSA) and C.6.3 (ECC).
 */
#ifndef SEAL_SEED_H
#define SEAL_SEED_H

#include "lib/bytes.h"
#include "lib/fail.h"
#include "lib/secret.h"
#include "seal/srk-public.h"

enum { seed_size = 32 };

/*
 * A fresh seed for TPM2_Import, and what that TPM takes to learn it: the
 * content of a TPM2B_ENCRYPTED_SECRET. The caller frees both.
 */
int seed_make(const struct srk_public *srk, struct secret *ret_seed,
	      struct bytes *ret_encrypted, struct fail *f);

#endif
