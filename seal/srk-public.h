/* SPDX-License-Identifier: MIT */
/*
 * The public area of a storage root key in a file, as cvmctl srk,
 * tpm2_readpublic and systemd write it: what sealing without that TPM needs to
 * know of it.
 */
#ifndef SEAL_SRK_PUBLIC_H
#define SEAL_SRK_PUBLIC_H

#include "lib/bytes.h"
#include "lib/fail.h"
#include "seal/marshal.h"
#include "seal/sealed-key.h"

enum {
	srk_public_max = 512, /* an RSA-2048 key has 284 bytes */
	srk_rsa = 0x0001,     /* TPM_ALG_ID: TCG Part 2, 6.3 */
	srk_ecc = 0x0023,
};

/* All but the name is borrowed from the file's bytes. */
struct srk_public {
	uint16_t type;	       /* srk_rsa or srk_ecc */
	struct unmarshal area; /* TPMT_PUBLIC */
	struct unmarshal rsa;  /* modulus, 256 bytes */
	struct unmarshal x;    /* coordinates, 1 to 32 bytes */
	struct unmarshal y;
	uint32_t exponent;
	uint8_t name[tpm_name_size];
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
