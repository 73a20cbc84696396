/* SPDX-License-Identifier: MIT */
/*
 * RTMR 3 of Intel TDX: the register that the firmware and the kernel leave to
 * us, by the kernel's sysfs (Linux 6.16 and later, module tdx_guest;
 * Documentation/ABI/testing/sysfs-devices-virtual-misc-tdx_guest). Functions
 * take its path so that tests can have a tree of their own.
 */
#ifndef SEAL_MEASURE_RTMR_H
#define SEAL_MEASURE_RTMR_H

#include <stdint.h>

#include "lib/fail.h"
#include "seal/measure/events.h"

#define RTMR_PATH                                                 \
	"/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:" \
	"sha384"

enum { rtmr_size = 48 };

/* Its value. A failure tells what to do, if there is no such register. */
int rtmr_read(const char *path, uint8_t ret[static rtmr_size], struct fail *f);

/* It is there, and nothing has extended it yet: no firmware or kernel does. */
int rtmr_begin(const char *path, struct fail *f);

/*
 * Extends it with the SHA-384 of *digests, by one write, and compares what it
 * holds then with what it must: nobody else has extended it in between.
 */
int rtmr_extend(const char *path, const struct digest_set *digests,
		struct fail *f);

/* It holds what all events of the list give, of whatever PCR. */
int rtmr_check(const char *path, const struct events *list, struct fail *f);

/* The same by arithmetic, from zeros. 0 or -errno. */
int rtmr_replay(const struct events *list, uint8_t ret[static rtmr_size]);

#endif
