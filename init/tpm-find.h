/* SPDX-License-Identifier: MIT */
/*
 * Which of the TPMs that the kernel knows may serve. The kernel driver behind
 * a TPM decides, never its number: which of two becomes tpm0 is the host's
 * choice, which driver binds is the measured kernel's.
 */
#ifndef INIT_TPM_FIND_H
#define INIT_TPM_FIND_H

#include "lib/fail.h"

#define TPM_CLASS_PATH "/sys/class/tpm"

enum { tpm_name_max = sizeof("tpm65535") }; /* TPM_NUM_DEVICES of Linux */

struct tpm_found {
	char name[tpm_name_max]; /* "tpm0" */
	unsigned number;	 /* of tpmN, and of /dev/tpmrmN */
	const char *class;	 /* "svsm", "crb" or "tis"; static */
};

/*
 * The one TPM whose class is in require, a set of enum boot_tpm_class, among
 * all entries of the directory class_path (TPM_CLASS_PATH outside tests).
 * None, or several, is a failure that says what was found.
 */
int tpm_find(const char *class_path, unsigned require, struct tpm_found *ret,
	     struct fail *f);

#endif
