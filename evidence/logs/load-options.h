/* SPDX-License-Identifier: MIT */
/* The command line in the form in which EFI hands it to a kernel. */
#ifndef EVIDENCE_LOGS_LOAD_OPTIONS_H
#define EVIDENCE_LOGS_LOAD_OPTIONS_H

#include "lib/bytes.h"

enum { load_options_max = 4096 };

/*
 * Text as UTF-16LE with a closing NUL (UEFI, 9.1: LoadOptions). Of len bytes
 * of text only printable ASCII is taken, in which all firmware agrees. The
 * caller frees *ret. 0; -EINVAL; -EFBIG over load_options_max; -ENOMEM.
 */
int load_options_encode(const char *text, size_t len, struct bytes *ret);

#endif
