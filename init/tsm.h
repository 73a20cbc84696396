/* SPDX-License-Identifier: MIT */
/* The report of an SVSM about its TPM, as stage tpm asks for it. */
#ifndef INIT_TSM_H
#define INIT_TSM_H

#include "evidence/collect/attestation.h"
#include "evidence/collect/tsm.h"
#include "lib/fail.h"

/*
 * Has the SVSM attest its TPM under a->nonce and fills in the rest of *a,
 * which the caller frees. report_path is TSM_REPORT_PATH outside tests. What
 * the report says is not looked at.
 */
int tsm_attest(const char *report_path, struct attestation *a, struct fail *f);

#endif
