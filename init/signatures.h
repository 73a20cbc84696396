/* SPDX-License-Identifier: MIT */
/* Where init finds what a release key signed. */
#ifndef INIT_SIGNATURES_H
#define INIT_SIGNATURES_H

#include "init/boot.h"
#include "seal/object/signatures.h"

/*
 * The signatures that came with a unified kernel image and those behind the
 * hash tree of the root disk; none is no failure here. The caller frees *ret.
 */
int signatures_load(const struct boot *b, struct signatures *ret,
		    struct fail *f);

#endif
