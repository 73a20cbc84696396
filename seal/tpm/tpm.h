/* SPDX-License-Identifier: MIT */
/*
 * One open TPM. Everything that carries or returns a secret, and every
 * extend, goes through a session salted to the SRK, AES-128-CFB both ways,
 * whose response HMAC is checked.
 */
#ifndef SEAL_TPM_TPM_H
#define SEAL_TPM_TPM_H

#include <stdint.h>

#include "lib/bytes.h"
#include "lib/digest.h"
#include "lib/fail.h"
#include "lib/secret.h"
#include "seal/object/pcr.h"
#include "seal/object/sealed-key.h"
#include "seal/object/signatures.h"

struct tpm;

/*
 * Opens a TPM: "device:/dev/tpm0" or, in cvmctl, "swtpm:path=SOCKET" and
 * "swtpm:host=H,port=P". timeout_ms bounds the opening and the wait for each
 * answer, whatever the kernel does meanwhile; TPM answers that ask for a repeat
 * (RETRY, TESTING, YIELDED, NV_RATE) are repeated within that bound. 0 and
 * *ret, which the caller closes, or -errno.
 */
int tpm_open(const char *tcti, unsigned timeout_ms, struct tpm **ret,
	     struct fail *f);

/* Commands and bytes that passed, repeats included. */
struct tpm_traffic {
	uint64_t commands;
	uint64_t sent_bytes;
	uint64_t received_bytes;
	uint64_t waited_us; /* from each command to its answer, summed */
};

/*
 * Flushes sessions, closes the device, NULLs the pointer; accepts NULL. All
 * that passed, the flushing included.
 */
struct tpm_traffic tpm_finish(struct tpm **t);

/* The same for who does not want to know. */
void tpm_close(struct tpm **t);

#define own_tpm __attribute__((cleanup(tpm_close)))

/*
 * Before anything that needs a session: the storage root key has to have this
 * name, or every call fails that would use it.
 */
void tpm_pin_srk(struct tpm *t, const uint8_t name[static tpm_name_size]);

/*
 * Proves that this TPM is the one with the endorsement key whose TPMT_PUBLIC
 * is *ek, and that the storage root key is in it too: the EK is created from
 * the default template, and the TPM has to use the private parts of both.
 * Then that storage root key is pinned. Extends nothing, unseals nothing.
 */
int tpm_prove_ek(struct tpm *t, const struct bytes *ek, struct fail *f);

/*
 * The active PCR banks. A bank that is in use and that we cannot compute is
 * a failure, since it would stay un-extended.
 */
int tpm_banks(struct tpm *t, digest_algs *ret_algs, struct fail *f);

/* The value of one PCR in the banks algs. */
int tpm_pcr_read(struct tpm *t, uint32_t pcr, digest_algs algs,
		 struct digest_set *ret, struct fail *f);

/*
 * Extends one PCR in all banks of *digests by one command, in the salted
 * session. The session starts at the first call; the SRK is created at
 * tpm_srk_handle when it is absent.
 */
int tpm_pcr_extend(struct tpm *t, uint32_t pcr,
		   const struct digest_set *digests, struct fail *f);

/*
 * The same on the way down, as well as it can be done: where the session has
 * failed, without it. 0 when it was done, once and in the session; otherwise
 * nobody knows how often, but nothing is opened by such an extend.
 */
int tpm_pcr_spoil(struct tpm *t, uint32_t pcr,
		  const struct digest_set *digests);

/*
 * Seals secret for *key, which sealed_key_begin made: fills its blob and SRK.
 * The TPM's present PCR values do not matter.
 */
int tpm_seal(struct tpm *t, const struct secret *secret, struct sealed_key *key,
	     struct fail *f);

/*
 * The same as systemd 253 and earlier do it, below a primary key that is made
 * each time, RSA if key->rsa_primary: *key gets a blob and no SRK.
 */
int tpm_seal_legacy(struct tpm *t, const struct secret *secret,
		    struct sealed_key *key, struct fail *f);

/*
 * The SRK's public area as a TPM2B_PUBLIC, which srk_public_parse takes. The
 * SRK is created when it is absent. The caller frees *ret.
 */
int tpm_srk_public(struct tpm *t, struct bytes *ret, struct fail *f);

/*
 * Unseals. signatures, which may be NULL, are for a key whose PCR values a
 * release key signs. The failure tells apart: a blob that no TPM is asked
 * about (-EINVAL), one of another TPM or of this one with another SRK (-ENXIO),
 * one that the TPM finds damaged (-EUCLEAN), PCRs that differ from the policy
 * (-EPERM; which, where that is known), no or a foreign signature, an old
 * release, lockout, silent TPM. *ret is wiped and freed by the caller.
 */
int tpm_unseal(struct tpm *t, const struct sealed_key *key,
	       const struct signatures *signatures, struct secret *ret,
	       struct fail *f);

/*
 * Raises the least release that keys signed with a release number are opened
 * for; it never goes down. The first time it defines the counter at
 * policy_release_index, which such keys need. Refuses to go above the release
 * by which a key was unsealed since tpm_open.
 */
int tpm_raise_release(struct tpm *t, uint64_t least, struct fail *f);

#endif
