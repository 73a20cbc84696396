/* SPDX-License-Identifier: MIT */
/* What the boot did, for the workload and for verifiers: /run/cvm-init. */
#ifndef INIT_REPORT_H
#define INIT_REPORT_H

#include "init/boot.h"

/*
 * report.json: stages with durations, TPM, banks, PCR 14 before and after,
 * root hash, volumes. Written when the workload is about to start.
 */
int report_write(const struct boot *b, struct fail *f);

#endif
