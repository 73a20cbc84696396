/* SPDX-License-Identifier: MIT */
/*
 * The public areas of an endorsement key and of an attestation key, as a VM
 * sends them. Only keys of the two templates of ek.c and ak.c pass, so
 * a verifier need not think of what others could be told to sign.
 */
#ifndef SEAL_OBJECT_IDENTITY_PUBLIC_H
#define SEAL_OBJECT_IDENTITY_PUBLIC_H

#include "lib/bytes.h"
#include "lib/fail.h"
#include "seal/object/srk-public.h"

/*
 * Takes the TPM2B_PUBLIC of an EK apart: RSA 2048 of the default template
 * L-1. *ret borrows from the bytes. That it is the key of a
 * genuine TPM is for its certificate or for an attestation report to say.
 */
int ek_public_parse(const struct bytes *file, struct srk_public *ret,
		    struct fail *f);

/*
 * The same of an AK: P-256, ECDSA with SHA-256, restricted to what the TPM
 * itself has to say, and never outside its TPM.
 */
int ak_public_parse(const struct bytes *file, struct tpm_public *ret,
		    struct fail *f);

#endif
