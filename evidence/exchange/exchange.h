/* SPDX-License-Identifier: MIT */
/*
 * The two files that a VM and its verifier exchange before the evidence: the
 * identity, which evidence_write_identity writes, and the challenge that is
 * the answer to it. docs/evidence.md has both.
 */
#ifndef EVIDENCE_EXCHANGE_EXCHANGE_H
#define EVIDENCE_EXCHANGE_EXCHANGE_H

#include "evidence/file/evidence.h"
#include "lib/fail.h"

#define EVIDENCE_TYPE_CHALLENGE "cvm-init challenge"

enum {
	identity_json_max = 64 * 1024, /* bytes of the file */
	challenge_json_max = 8 * 1024, /* the same */
	challenge_part_max = 512,      /* of each of its two */
};

struct challenge {
	struct bytes id_object; /* TPM2B_ID_OBJECT */
	struct bytes secret;	/* TPM2B_ENCRYPTED_SECRET */
};

void challenge_free(struct challenge *c);

#define own_challenge __attribute__((cleanup(challenge_free)))

/*
 * Reads an identity; what the keys are is not looked at. 0; -EINVAL, -EFBIG or
 * -ENOMEM with *f. The caller frees *ret.
 */
int identity_read_json(const struct bytes *text, struct evidence_tpm *ret,
		       struct fail *f);

/*
 * Challenges the TPM of an identity: only one that has both of its keys learns
 * the nonce of challenge_nonce for this random number. The caller frees *ret.
 */
int challenge_make(const struct evidence_tpm *identity,
		   const uint8_t random[static 32], struct challenge *ret,
		   struct fail *f);

/* As identity_read_json. The caller frees *ret. */
int challenge_read_json(const struct bytes *text, struct challenge *ret,
			struct fail *f);

/* The caller frees *ret. 0 or -ENOMEM. */
int challenge_write_json(const struct challenge *c, const char *by,
			 struct bytes *ret);

#endif
