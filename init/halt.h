/* SPDX-License-Identifier: MIT */
/*
 * The only way down. PCR 14 is closed, volumes are unmapped, the last line
 * is on the console, and the VM is off or starts again as boot.conf says.
 */
#ifndef INIT_HALT_H
#define INIT_HALT_H

#include "init/boot.h"

/* A stage failed. b may be NULL when there is no boot yet. */
__attribute__((noreturn)) void halt_failed(struct boot *b, const char *stage,
					   const struct fail *f);

/* The workload has ended as it should. */
__attribute__((noreturn)) void halt_done(struct boot *b);

#endif
