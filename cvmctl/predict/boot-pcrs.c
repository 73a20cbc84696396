// SPDX-License-Identifier: MIT
/* See boot-pcrs.h. */
#include "cvmctl/predict/boot-pcrs.h"

#include <string.h>
#include <strings.h>

#include "lib/own.h"

#define PCR(n) (1U << (n))

/*
 * Without PCR 2 a driver in a device's ROM can have changed the kernel, unless
 * Secure Boot asks for its signature, too. PCR 12 has the command line that a
 * host gave to a UKI in the place of its own.
 */
static const uint32_t boot_chains[] = {
	PCR(2) | PCR(4) | PCR(9),
	PCR(2) | PCR(4) | PCR(11) | PCR(12),
	PCR(7) | PCR(11) | PCR(12),
};

/* That nothing was given beside a UKI shows by zeros. */
static const uint32_t may_be_zero = PCR(12);

bool boot_pcrs_whole(uint32_t mask)
{
	for (size_t i = 0; i < array_size(boot_chains); i++)
		if ((mask & boot_chains[i]) == boot_chains[i])
			return true;
	return false;
}

uint32_t boot_pcrs_unused(const struct pcr_values *values)
{
	static const uint8_t zeros[digest_size_max];
	uint32_t mask = 0;

	for (size_t i = 0; i < array_size(boot_chains); i++)
		mask |= boot_chains[i];
	mask &= values->mask & ~may_be_zero;
	for (unsigned i = 0; i < pcr_count; i++)
		if (memcmp(values->value[i], zeros,
			   digest_size(values->bank)) != 0)
			mask &= ~PCR(i);
	return mask;
}

int boot_pcrs_check(uint32_t mask, uint32_t unused, struct fail *f)
{
	unused &= mask;
	if (!unused || boot_pcrs_whole(mask & ~unused))
		return 0;
	return fail_because(f, "it is zero: nothing was measured into it",
			    "choose PCRs that are not zero in cvmctl predict "
			    "--boot",
			    "count on PCR %d", ffs((int)unused) - 1);
}
