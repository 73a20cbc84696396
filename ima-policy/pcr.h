/* SPDX-License-Identifier: MIT */
/* Which PCR IMA measures into. */
#ifndef IMA_PCR_H
#define IMA_PCR_H

#include "lib/fail.h"

#define IMA_LOG_PATH "/sys/kernel/security/ima/ascii_runtime_measurements"

enum {
	ima_pcr_of_init =
		14, /* pcr_apps of seal/object/pcr.h: no place for IMA */
	ima_pcr_last = 23,
};

/*
 * Refuses a kernel that was built (CONFIG_IMA_MEASURE_PCR_IDX) to measure
 * into init's PCR, by the first line of IMA's log at path, IMA_LOG_PATH
 * outside tests. No log is no IMA, and accepted.
 */
int ima_check_pcr(const char *path, struct fail *f);

#endif
