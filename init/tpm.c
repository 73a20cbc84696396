// SPDX-License-Identifier: MIT
/*
 * Leaves an open TPM that is the one boot.conf asks for: its class, the proof
 * of that, its storage root key, its banks, and what its PCR 14 begins with;
 * or the register that boot.conf has in its place, or knowingly none. Nothing
 * is measured or unsealed before all of this is so, and the logs have begun.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "init/console.h"
#include "init/identity.h"
#include "init/mounts.h"
#include "init/record.h"
#include "init/tsm.h"
#include "seal/measure/rtmr.h"

static int open_tpm(struct boot *b, struct fail *f)
{
	char tcti[64];
	int r = tpm_find(TPM_CLASS_PATH, b->conf.tpm.require, &b->chip, f);

	if (r < 0)
		return r;
	/*
	 * Not tpmrmN: the kernel's resource manager saves and loads all
	 * sessions and objects around every command, and there is nobody yet
	 * to share the TPM with. The kernel's own extends pass beside us.
	 */
	(void)snprintf(tcti, sizeof(tcti), "device:/dev/%s",
		       b->chip.name); /* fits */
	r = tpm_open(tcti, (unsigned)b->conf.tpm.timeout_s * 1000, &b->tpm, f);
	if (r == 0 && b->conf.tpm.srk.pinned)
		tpm_pin_srk(b->tpm, b->conf.tpm.srk.name);
	return r;
}

static int check_identity(struct boot *b, struct fail *f)
{
	if (b->conf.tpm.identity == BOOT_IDENTITY_DRIVER)
		return 0;
	mounts_try_configfs();
	return identity_prove(b->tpm, TSM_REPORT_PATH, ATTESTATION_PATH, f);
}

static int check_banks(struct boot *b, struct fail *f)
{
	digest_algs missing;
	int r = tpm_banks(b->tpm, &b->banks, f);

	if (r < 0)
		return r;
	missing = b->conf.tpm.banks & ~b->banks;
	for (int i = 0; i < DIGEST_ALG_COUNT; i++)
		if (missing & 1U << i)
			return fail_because(
				f, "the bank is not active in this TPM",
				"activate it in the TPM, or change [tpm] banks "
				"in boot.conf",
				"use PCR bank %s",
				digest_name((enum digest_alg)i));
	return 0;
}

static int fail_start(bool declared, enum digest_alg bank, struct fail *f)
{
	if (declared)
		return fail_because(f, "it does not hold its start value",
				    "boot with the shim of [tpm] pcr14-start, "
				    "or correct it in boot.conf",
				    "measure into PCR 14, bank %s",
				    digest_name(bank));
	return fail_because(f, "it was extended before init started",
			    "boot without shim and without another program "
			    "that uses PCR 14",
			    "measure into PCR 14, bank %s", digest_name(bank));
}

/*
 * An earlier extend would make the value mean something else, unless
 * boot.conf knows it. A bank for which it knows none is at zero.
 */
static int check_start(struct boot *b, struct fail *f)
{
	const struct digest_set *start = &b->conf.tpm.pcr14_start;
	int r = tpm_pcr_read(b->tpm, pcr_apps, b->banks, &b->pcr_before, f);

	if (r < 0)
		return r;
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (b->banks & 1U << a &&
		    CRYPTO_memcmp(b->pcr_before.value[a], start->value[a],
				  digest_size(a)) != 0)
			return fail_start(start->algs & 1U << a, a, f);
	return 0;
}

static int use_tpm(struct boot *b, struct fail *f)
{
	int r = open_tpm(b, f);

	if (r == 0)
		r = check_identity(b, f);
	if (r == 0)
		r = check_banks(b, f);
	if (r == 0)
		r = check_start(b, f);
	return r;
}

int stage_tpm(struct boot *b, struct fail *f)
{
	unsigned into = b->conf.measure.into;
	int r = into & BOOT_MEASURE_TPM ? use_tpm(b, f) : 0;

	if (r == 0 && into & BOOT_MEASURE_RTMR)
		r = rtmr_begin(RTMR_PATH, f);
	if (r < 0)
		return r;
	if (into & BOOT_MEASURE_RTMR)
		b->rtmr = RTMR_PATH;
	if (into == BOOT_MEASURE_NONE)
		console_say("into = none: nothing is measured, and nobody can "
			    "verify what runs here");
	return record_begin(b, RUN_PATH, f);
}
