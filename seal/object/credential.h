/* SPDX-License-Identifier: MIT */
/*
 * A secret for a TPM that has two keys: TPM2_MakeCredential without a TPM
 * (TCG Part 1, 24; Part 3, 12.6). tpm_activate is the other side.
 */
#ifndef SEAL_OBJECT_CREDENTIAL_H
#define SEAL_OBJECT_CREDENTIAL_H

#include "lib/bytes.h"
#include "lib/fail.h"
#include "lib/secret.h"
#include "seal/object/marshal.h"
#include "seal/object/srk-public.h"

enum { credential_max = 32 }; /* the EK's nameAlg: Part 2, 10.12.3 */

/*
 * Encrypts a secret of 1 to credential_max bytes for the TPM that has the
 * endorsement key *ek, of ek_public_parse, and an object of this name. The
 * caller frees a TPM2B_ID_OBJECT and a TPM2B_ENCRYPTED_SECRET.
 */
int credential_make(const struct srk_public *ek,
		    const uint8_t name[static tpm_name_size],
		    const struct secret *secret, struct bytes *ret_id_object,
		    struct bytes *ret_secret, struct fail *f);

#endif
