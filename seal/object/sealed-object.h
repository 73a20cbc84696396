/* SPDX-License-Identifier: MIT */
/*
 * The object in the blob of a sealed key, judged before a TPM hears of it.
 * Pure: the blob comes from a disk of the host's.
 */
#ifndef SEAL_OBJECT_SEALED_OBJECT_H
#define SEAL_OBJECT_SEALED_OBJECT_H

#include "seal/object/marshal.h"
#include "seal/object/sealed-key.h"

/* Three TPM2Bs, without their sizes, borrowed from the blob. */
struct sealed_object {
	struct unmarshal private;
	struct unmarshal public;
	struct unmarshal seed; /* at is NULL unless it is for TPM2_Import */
};

/*
 * Takes the blob of *key apart. NULL; or why not, in words, when anything is
 * left over or missing, or when the object is none that releases its secret
 * by the policy of *key alone: a KEYEDHASH with SHA-256, without userWithAuth,
 * fixed to its TPM and parent or, for TPM2_Import, to neither.
 */
const char *sealed_object_parse(const struct sealed_key *key,
				struct sealed_object *ret);

#endif
