/* SPDX-License-Identifier: MIT */
/* From a running VM into struct evidence. */
#ifndef EVIDENCE_COLLECT_COLLECT_H
#define EVIDENCE_COLLECT_COLLECT_H

#include "evidence/file/evidence.h"
#include "lib/fail.h"
#include "seal/tpm/tpm.h"

enum {
	evidence_own_nonce_size = 32,
	/* systemd keeps its log locked while a TPM extends one PCR */
	evidence_lock_wait_s = 30,
};

/* Where a VM keeps what is collected. */
struct evidence_sources {
	const char *root; /* "", or a directory with its /sys and /run */
	struct tpm *tpm;  /* NULL: none */
	const char *chip; /* "tpm0", which has a class and a log; or NULL */
	uint32_t pcrs;	  /* mask of those to quote, not 0 */
	/* for what systemd is measuring; 0: nothing runs yet that measures */
	unsigned lock_wait_s;
	bool booted; /* remedies are for who is in the VM, not who builds it */
};

/*
 * Collects everything under a nonce of 1 to evidence_nonce_max bytes: first
 * what is signed, then the logs, so that they hold at least what was signed.
 * What this VM does not have is left out, but one of TPM and report has to be
 * there. The caller frees *ret.
 */
int evidence_collect(const struct evidence_sources *s,
		     const struct bytes *nonce, struct evidence *ret,
		     struct fail *f);

/*
 * A nonce of our own, of evidence_own_nonce_size bytes. Evidence under it says
 * who and what, and not when. The caller frees *ret.
 */
int evidence_make_nonce(struct bytes *ret, struct fail *f);

/* evidence_write_json, with words for a failure. */
int evidence_write(const struct evidence *e, const char *by, struct bytes *ret,
		   struct fail *f);

/* The keys of a TPM alone. The caller frees *ret. */
int evidence_identity(struct tpm *t, struct evidence_tpm *ret, struct fail *f);

#endif
