/* SPDX-License-Identifier: MIT */
/* The end of PCR 14 when a boot fails; stage cap is the other one. */
#ifndef INIT_CAP_H
#define INIT_CAP_H

#include "init/boot.h"

/*
 * Closes PCR 14 with an event that no sealed key knows, in every bank, and
 * then the TPM, if it is open. Before stage tpm there is nothing to close:
 * nothing of ours has been measured. After stage cap it is done.
 */
void cap_failed(struct boot *b);

#endif
