/* SPDX-License-Identifier: MIT */
/* The one clock the host cannot turn back: time since the kernel started. */
#ifndef INIT_CLOCK_H
#define INIT_CLOCK_H

#include <stdint.h>

/* Microseconds of CLOCK_BOOTTIME. */
uint64_t clock_boot_us(void);

#endif
