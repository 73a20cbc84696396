/* SPDX-License-Identifier: MIT */
/* Which PCRs say what was booted, before init ran. */
#ifndef CVMCTL_PREDICT_BOOT_PCRS_H
#define CVMCTL_PREDICT_BOOT_PCRS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/fail.h"
#include "seal/object/pcr.h"

/*
 * True if the PCRs of mask hold a boot chain whole: drivers, kernel, and what
 * its EFI stub measures; drivers, kernel, the parts of a UKI, and what was
 * given beside it; Secure Boot's keys and the latter two.
 */
bool boot_pcrs_whole(uint32_t mask);

/* PCRs of boot chains whose value is zero: nothing was measured into them. */
uint32_t boot_pcrs_unused(const struct pcr_values *values);

/*
 * Refuses the unused PCRs of a mask that names PCRs of boot chains, unless one
 * chain is whole without them: a kernel that measures nothing would leave them
 * as they are. 0 or -EINVAL.
 */
int boot_pcrs_check(uint32_t mask, uint32_t unused, struct fail *f);

#endif
