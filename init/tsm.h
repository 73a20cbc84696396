/* SPDX-License-Identifier: MIT */
/*
 * Attestation reports by the kernel's configfs-tsm
 * (Documentation/ABI/testing/configfs-tsm-report of Linux 6.10 and later).
 */
#ifndef INIT_TSM_H
#define INIT_TSM_H

#include "lib/fail.h"
#include "seal/attestation.h"

#define TSM_REPORT_PATH "/sys/kernel/config/tsm/report"

/*
 * Has the SVSM attest its TPM under a->nonce and fills in the rest of *a,
 * which the caller frees. report_path is TSM_REPORT_PATH outside tests. What
 * the report says is not looked at.
 */
int tsm_attest(const char *report_path, struct attestation *a, struct fail *f);

#endif
