/* SPDX-License-Identifier: MIT */
/*
 * A sealed key as a systemd-tpm2 token holds it, and the record in it that
 * pins the storage root key (SRK). Pure: bytes from a disk are judged here
 * before a TPM hears of them.
 */
#ifndef SEAL_OBJECT_SEALED_KEY_H
#define SEAL_OBJECT_SEALED_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/digest.h"
#include "seal/object/marshal.h"
#include "seal/object/pcr.h"
#include "seal/object/release-key.h"

/* What every TPM can hold: MAX_SYM_DATA of TCG Part 4's profile. */
enum { tpm_secret_max = 128 };

/*
 * A sealed key in the parts that a systemd-tpm2 token holds. Its policy is
 * over literal PCR values, over values that a release key signed, or both.
 * Parsed from a token, or begun by sealed_key_begin and completed by a TPM.
 */
struct sealed_key {
	uint32_t pcr_mask; /* of literal values; 0: none */
	enum digest_alg bank;
	uint32_t signed_mask;	    /* of signed values; 0: none */
	struct bytes signer;	    /* the release key in PEM, or empty */
	uint8_t policy_digest[32];  /* SHA-256 policy session digest */
	struct pcr_values expected; /* a hint: see sealed_key_differs */
	struct bytes blob;	    /* see sealed-object.h */
	struct bytes srk;	    /* ESYS_TR serialisation, pins the SRK */
	/*
	 * Without srk (systemd 253 and earlier): the parent is a key that the
	 * TPM makes anew, RSA-2048 instead of P-256.
	 */
	bool rsa_primary;
};

/* What a key is to be sealed under. */
struct seal_policy {
	struct pcr_values pcrs;	    /* literal values; mask 0: none */
	uint32_t signed_mask;	    /* PCRs that the release key signs */
	const struct bytes *signer; /* its public key in PEM, or NULL */
};

/*
 * A key without blob and SRK, with everything else as policy says. 0;
 * -EINVAL when nothing would guard it, or signer is no usable public key;
 * -ENOMEM, -EIO. The caller frees *ret.
 */
int sealed_key_begin(const struct seal_policy *policy, struct sealed_key *ret);

void sealed_key_free(struct sealed_key *key);

#define own_sealed_key __attribute__((cleanup(sealed_key_free)))

/* The key, which the caller frees; *key becomes empty. */
struct sealed_key take_sealed_key(struct sealed_key *key);

/*
 * Which of the literal PCRs keep a TPM whose PCRs have *present from releasing
 * the key, as a mask in *ret: by the values that its token says it was sealed
 * under, if these give its policy digest. 0; -ENODATA when the token does not
 * say, or says something else than its policy; -EINVAL when *present is of
 * another bank or lacks one of the PCRs; -ENOMEM, -EIO.
 */
int sealed_key_differs(const struct sealed_key *key,
		       const struct pcr_values *present, uint32_t *ret);

/*
 * Which of its two names the RSA release key *signer, as release_key_parse
 * gave it, has in the policy of *key: *signer gets the other one when only
 * that gives the policy digest, with the literal values *present. 0, -ENOMEM,
 * -EIO.
 */
int sealed_key_name_signer(const struct sealed_key *key,
			   const struct pcr_values *present,
			   struct release_key *signer);

/* TCG TPM v2.0 Provisioning Guidance, 7.5.1: where the SRK lives. */
enum { tpm_srk_handle = 0x81000001 };

enum { srk_record_max = 1024 };

/* The parts of an SRK record, borrowed from its bytes. */
struct srk_record {
	const uint8_t *name;	    /* tpm_name_size bytes: 0x000b || SHA-256 */
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
