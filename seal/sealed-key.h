/* SPDX-License-Identifier: MIT */
/*
 * A sealed key as a systemd-tpm2 token holds it, and the record in it that
 * pins the storage root key (SRK). Pure: bytes from a disk are judged here
 * before a TPM hears of them.
 */
#ifndef SEAL_SEALED_KEY_H
#define SEAL_SEALED_KEY_H

#include <stdint.h>

#include "lib/bytes.h"
#include "lib/digest.h"
#include "seal/pcr.h"

/*
 * A key sealed under PCR values, in the parts that a systemd-tpm2 token
 * holds. Parsed from a token, or made by tpm_seal.
 */
struct sealed_key {
	uint32_t pcr_mask;
	enum digest_alg bank;
	uint8_t policy_digest[32]; /* SHA-256 policy session digest */
	struct bytes blob;	   /* TPM2B_PRIVATE || TPM2B_PUBLIC */
	struct bytes srk;	   /* ESYS_TR serialisation, pins the SRK */
};

void sealed_key_free(struct sealed_key *key);

#define own_sealed_key __attribute__((cleanup(sealed_key_free)))

/* The key, which the caller frees; *key becomes empty. */
struct sealed_key take_sealed_key(struct sealed_key *key);

/*
 * Would a TPM whose PCRs have *present release the key? 0 when its policy is
 * that of these values; -EPERM when it is not; -EINVAL when *present is of
 * another bank or lacks one of its PCRs, others are ignored; -ENOMEM, -EIO.
 */
int sealed_key_check_pcrs(const struct sealed_key *key,
			  const struct pcr_values *present);

/* TCG TPM v2.0 Provisioning Guidance, 7.5.1: where the SRK lives. */
enum { tpm_srk_handle = 0x81000001 };

enum { srk_name_size = 34, srk_record_max = 1024 };

/* The parts of an SRK record, borrowed from its bytes. */
struct srk_record {
	const uint8_t *name;	    /* srk_name_size bytes: 0x000b || SHA-256 */
	const uint8_t *public_area; /* TPMT_PUBLIC */
	size_t public_len;
	uint16_t type; /* TPM_ALG_ID: RSA 0x0001, ECC 0x0023 */
};

/*
 * Takes a record apart: handle || TPM2B_NAME || UINT32 1 || TPM2B_PUBLIC,
 * nothing after. The name is the hash of the public area that stands beside
 * it, so equal names mean equal keys, and the handle is tpm_srk_handle.
 * 0; -EBADMSG when the name is another key's; -EINVAL for anything else;
 * -ENOMEM, -EIO.
 */
int srk_record_parse(const struct bytes *record, struct srk_record *ret);

#endif
