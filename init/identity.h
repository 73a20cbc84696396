/* SPDX-License-Identifier: MIT */
/*
 * [tpm] identity = attested: the TPM that we speak to is the one that the
 * hardware's report is about.
 */
#ifndef INIT_IDENTITY_H
#define INIT_IDENTITY_H

#include "lib/fail.h"
#include "seal/tpm/tpm.h"

/* The files that identity_prove leaves for a verifier; NULL ends the list. */
extern const char *const identity_files[];

/*
 * Has the SVSM attest its TPM under a fresh nonce, by the configfs-tsm
 * directory report_path, proves that t is that TPM, and keeps the evidence in
 * the new directory keep_path. Nothing has been extended or unsealed by then.
 */
int identity_prove(struct tpm *t, const char *report_path,
		   const char *keep_path, struct fail *f);

#endif
