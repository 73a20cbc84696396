/* SPDX-License-Identifier: MIT */
/*
 * Digests of SHA-256 policy sessions, computed without a TPM (TCG Part 1,
 * 19.7). A policy is a list of assertions; each replaces the digest by one
 * over the digest so far and what is asserted.
 */
#ifndef SEAL_OBJECT_POLICY_H
#define SEAL_OBJECT_POLICY_H

#include <stdint.h>

#include "seal/object/marshal.h"
#include "seal/object/pcr.h"

enum {
	policy_digest_size = 32,
	/* TCG Registry of Reserved Handles, 2.2: the owner's own indices */
	policy_release_index = 0x01800e14,
};

/* A session's digest; all zero when it starts. */
struct policy {
	uint8_t digest[policy_digest_size];
};

/* PolicyPCR over *values: TCG Part 3, 23.7. 0 or -errno. */
int policy_add_pcrs(struct policy *p, const struct pcr_values *values);

/*
 * PolicyAuthorize by the key of that name, without a policyRef: TCG Part 3,
 * 23.16. What was asserted before is replaced by "something that the key
 * signed". 0 or -errno.
 */
int policy_add_authorize(struct policy *p,
			 const uint8_t key_name[static tpm_name_size]);

/*
 * PolicyNV: the counter at policy_release_index is at most release, that is,
 * no later release has shut this one out: TCG Part 3, 23.9. 0 or -errno.
 */
int policy_add_release(struct policy *p, uint64_t release);

/* operandB of that PolicyNV: the counter is compared as eight bytes. */
void policy_release_operand(uint64_t release, uint8_t ret[static 8]);

/*
 * The TPMS_NV_PUBLIC of the counter once it was written, whose hash is its
 * name: TCG Part 2, 13.5. Anybody may read and raise it, with an empty
 * password and without dictionary-attack protection; a counter never goes
 * back, not even when it is deleted and defined again (Part 3, 31.3).
 */
enum {
	policy_release_public_size = 14,
	policy_release_attributes = 0x22040014,
};
void policy_release_public(uint8_t ret[static policy_release_public_size]);

#endif
