/* SPDX-License-Identifier: MIT */
/*
 * Sealing for a TPM that is not here: the object is made and wrapped in
 * memory so that only the TPM with the given storage root key can import it.
 */
#ifndef SEAL_OBJECT_OFFLINE_H
#define SEAL_OBJECT_OFFLINE_H

#include "lib/fail.h"
#include "lib/secret.h"
#include "seal/object/sealed-key.h"
#include "seal/object/srk-public.h"

/*
 * Seals secret for *key, which sealed_key_begin made, and for the TPM of
 * *srk: as tpm_seal, but in the form for TPM2_Import.
 */
int offline_seal(const struct srk_public *srk, const struct secret *secret,
		 struct sealed_key *key, struct fail *f);

#endif
