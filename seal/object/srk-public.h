/* SPDX-License-Identifier: MIT */
/*
 * The public area of a storage root key in a file, as cvmctl srk,
 * tpm2_readpublic and systemd write it: what sealing without that TPM needs to
 * know of it.
 */
#ifndef SEAL_OBJECT_SRK_PUBLIC_H
#define SEAL_OBJECT_SRK_PUBLIC_H

#include "lib/bytes.h"
#include "lib/fail.h"
#include "seal/object/public.h"
#include "seal/object/sealed-key.h"

enum { srk_public_max = 512 }; /* an RSA-2048 key has 284 bytes */

/* A key of RSA-2048 or P-256 that a seed can be made for. */
struct srk_public {
	struct tpm_public key;
};

/*
 * Takes a TPM2B_PUBLIC apart and refuses what is no storage key of RSA-2048
 * or P-256, with SHA-256, AES-128-CFB, fixed in its TPM, for no signing. That
 * it is the key of a genuine TPM nobody can tell from it.
 */
int srk_public_parse(const struct bytes *file, struct srk_public *ret,
		     struct fail *f);

/* The record of struct sealed_key that pins it. The caller frees *ret. */
int srk_public_record(const struct srk_public *srk, struct bytes *ret);

#endif
