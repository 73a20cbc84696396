// SPDX-License-Identifier: MIT
/*
 * Puts the IMA policy of the initramfs in force, before the first
 * device-mapper table and before anything of the root runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "ima-policy/loader.h"
#include "ima-policy/pcr.h"
#include "init/boot.h"
#include "lib/io.h"

enum { pcr_ima = 10 }; /* CONFIG_IMA_MEASURE_PCR_IDX of every distribution */

_Static_assert((int)ima_pcr_of_init == (int)pcr_apps, "one PCR 14");

/*
 * IMA took the first TPM it found, which a host that adds one can choose;
 * its first event, the boot aggregate, is in PCR 10 of that one.
 */
static int check_pcr(struct boot *b, struct fail *f)
{
	static const uint8_t zero[digest_size_max];
	struct digest_set value;
	int r = tpm_pcr_read(b->tpm, pcr_ima, b->banks, &value, f);

	if (r < 0)
		return r;
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (b->banks & 1U << a &&
		    memcmp(value.value[a], zero, digest_size(a)) == 0)
			return fail_because(
				f, "IMA does not measure into it",
				"give the VM no other TPM, and use a kernel "
				"with this TPM's driver built in",
				"use PCR 10 of %s, bank %s", b->chip.name,
				digest_name(a));
	return 0;
}

int stage_ima(struct boot *b, struct fail *f)
{
	const char *source = b->conf.ima.policy;
	own_bytes struct bytes text = { 0 };
	int r = ima_check_pcr(IMA_LOG_PATH, f);

	if (r < 0 || !source[0])
		return r; /* boot.conf says policy = none */
	r = io_read_file(AT_FDCWD, source, ima_policy_max, &text);
	if (r == -EFBIG)
		return fail_because(f, "it is over 65536 bytes",
				    "shorten the IMA policy",
				    "read IMA policy %s", source);
	if (r < 0)
		return fail_errno(f, r,
				  "build the initramfs with cvmctl build "
				  "--ima-policy",
				  "read IMA policy %s", source);
	r = ima_load_policy(IMA_POLICY_PATH, source, (char *)text.data,
			    text.len, f);
	return r < 0 || !b->tpm ? r : check_pcr(b, f);
}
