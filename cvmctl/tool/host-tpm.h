/* SPDX-License-Identifier: MIT */
/* What --tpm and --srk name: a TPM, or the public part of one's key. */
#ifndef CVMCTL_TOOL_HOST_TPM_H
#define CVMCTL_TOOL_HOST_TPM_H

#include "lib/bytes.h"
#include "lib/fail.h"
#include "seal/object/srk-public.h"
#include "seal/tpm/tpm.h"

#define HOST_TPM_DEFAULT "device:/dev/tpmrm0"
#define HOST_TPM_HELP	 "such as swtpm:path=SOCKET; else " HOST_TPM_DEFAULT

/* Opens a TPM, the default one for NULL. The caller closes *ret. */
int host_tpm_open(const char *tcti, struct tpm **ret, struct fail *f);

/*
 * Reads the file of --srk. *ret borrows from *ret_content, which the caller
 * frees.
 */
int host_tpm_read_srk(const char *path, struct bytes *ret_content,
		      struct srk_public *ret, struct fail *f);

#endif
