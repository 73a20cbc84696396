/* SPDX-License-Identifier: MIT */
/* What the kernel can run in an initramfs that holds no library. */
#ifndef CVMCTL_IMAGE_INIT_PROGRAM_H
#define CVMCTL_IMAGE_INIT_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

/*
 * NULL for a static ELF program for x86-64 (System V ABI, 4 and 5), or why it
 * is none, in words: without PT_INTERP nothing else is loaded.
 */
const char *init_program_refusal(const uint8_t *data, size_t len);

#endif
