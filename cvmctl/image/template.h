/* SPDX-License-Identifier: MIT */
/*
 * boot.conf from its template: the verity values go into [root], and
 * "require = svsm" into [tpm] when the template names no class of TPM.
 */
#ifndef CVMCTL_IMAGE_TEMPLATE_H
#define CVMCTL_IMAGE_TEMPLATE_H

#include "config/boot.h"
#include "lib/bytes.h"
#include "lib/fail.h"

/* Reads the template called file in messages. conf is large: not on the stack
 */
int template_read(const char *file, struct bytes *ret_text,
		  struct boot_conf *ret_conf, struct fail *f);

/*
 * Writes boot.conf with the values of *p and reads it back as init will. The
 * caller frees *ret_text.
 */
int template_fill(const struct bytes *text, const struct verity_params *p,
		  struct bytes *ret_text, struct boot_conf *ret_conf,
		  struct fail *f);

#endif
