/* SPDX-License-Identifier: MIT */
/*
 * Signatures of a release key over PCR policies: the JSON of
 * tpm2-pcr-signature.json and of a UKI's .pcrsig section (UAPI.5, "JSON Format
 * for .pcrsig"), with two members of our own, "release" and "values". It is
 * found beside what is measured, not in it, so it is the host's to write: only
 * the TPM decides whether a signature is good.
 */
#ifndef SEAL_OBJECT_SIGNATURES_H
#define SEAL_OBJECT_SIGNATURES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/fail.h"
#include "seal/object/policy.h"
#include "seal/object/release-key.h"

enum {
	signatures_json_max = 256 * 1024,
	signatures_max = 128,
	signature_max = 512, /* bytes: RSA-4096 */
};

/* One approved state of some PCRs of one bank. */
struct signature {
	enum digest_alg bank;
	uint32_t mask;
	uint8_t fingerprint[release_key_fingerprint_size];
	struct policy policy;	  /* what is signed */
	struct bytes sig;	  /* RSASSA PKCS#1 v1.5, or ECDSA r || s */
	uint64_t release;	  /* 0: none, PolicyPCR is all of the policy */
	struct pcr_values values; /* what was approved; a hint, mask 0: none */
};

struct signatures {
	struct signature *entry;
	size_t n;
};

void signatures_free(struct signatures *s);

#define own_signatures __attribute__((cleanup(signatures_free)))

/*
 * Reads the JSON. Entries with a policy reference, which we do not sign with,
 * are left out. The caller frees *ret. 0 or -errno with *f.
 */
int signatures_parse(const char *json, struct signatures *ret, struct fail *f);

/* Appends *entry and empties it. 0, -E2BIG over signatures_max, -ENOMEM. */
int signatures_add(struct signatures *s, struct signature *entry);

/* The JSON, with a newline at its end. The caller frees. 0 or -ENOMEM. */
int signatures_write(const struct signatures *s, struct bytes *ret);

/* Which entries may serve, and what the TPM's session says. */
struct signature_wanted {
	enum digest_alg bank;
	uint32_t mask;
	const struct release_key *key;
	const struct policy *present; /* after PolicyPCR over mask */
};

/*
 * The entry for the present PCRs, the latest release of several. 0 and *ret,
 * borrowed; -ENOKEY: nothing by that key; -ENODATA: nothing by it over these
 * PCRs and this bank; -EPERM: other values; -EIO, -ENOMEM.
 */
int signatures_find(const struct signatures *s,
		    const struct signature_wanted *wanted,
		    const struct signature **ret);

/*
 * After -EPERM: the PCRs in which *present differs from what was approved, by
 * the entry that differs in the fewest. 0 when no entry says its values.
 */
uint32_t signatures_differ(const struct signatures *s,
			   const struct signature_wanted *wanted,
			   const struct pcr_values *present);

#endif
