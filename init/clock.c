// SPDX-License-Identifier: MIT
/* See clock.h. */
#include "init/clock.h"

#include <time.h>

uint64_t clock_boot_us(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail: known id */
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
