/* SPDX-License-Identifier: MIT */
/* Lists of PCRs and of banks in arguments: "2,4,9,14". */
#ifndef CVMCTL_TOOL_LISTS_H
#define CVMCTL_TOOL_LISTS_H

#include <stdint.h>

#include "lib/digest.h"

/* "sha256,sha384": at least one, each once. 0 or -EINVAL. */
int list_read_banks(const char *list, digest_algs *ret);

/* "2,4,9,14": PCRs from 0 to 23, at least one, each once. 0 or -EINVAL. */
int list_read_pcrs(const char *list, uint32_t *ret_mask);

#endif
