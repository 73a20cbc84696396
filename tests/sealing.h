/* SPDX-License-Identifier: MIT */
/*
 * Disks sealed by cvmctl seal for a simulator, in whose directory the process
 * works: the disk is "disk", the rescue key "key". Include cmocka.h first.
 */
#ifndef TESTS_SEALING_H
#define TESTS_SEALING_H

#include <stdio.h>
#include <string.h>

#include "cvmctl/command.h"
#include "lib/secret.h"
#include "tests/cvmctl.h"
#include "tests/place.h"
#include "tests/swtpm.h"

/* PCR 14 of a fresh TPM is all zeros: a policy that holds at once. */
#define ZEROS \
	"=0000000000000000000000000000000000000000000000000000000000000000"
#define PCR_14 "14" ZEROS
#define RESCUE "a key for the day the TPM is gone"
#define UUID   "6f0a8d1e-3b6c-4c0e-9d58-1f2b3c4d5e6f"

enum { sealing_bytes = 24 * 1024 * 1024 }; /* as --size 24M */

static inline void sealing_end(struct swtpm *s)
{
	assert_int_equal(chdir("/"), 0);
	swtpm_stop(s);
}

#define own_sealing __attribute__((cleanup(sealing_end)))

/* A simulator and a rescue key. */
static inline void sealing_start(struct swtpm *s)
{
	swtpm_start(s);
	tree_file(&s->tree, "key", 0600, RESCUE);
	place_enter(&s->tree);
}

/* cvmctl seal with these words for the disk, the rescue key and that TPM. */
static inline int sealing_run(const struct swtpm *s, const char *words,
			      struct fail *f)
{
	return cvmctl_run(command_seal, f,
			  "seal %s --apps-only --pcr " PCR_14
			  " --tpm %s --key-file key disk",
			  words, s->tcti);
}

static inline int sealing_format(const struct swtpm *s, struct fail *f)
{
	return sealing_run(s, "--format --size 24M --mkfs none --uuid " UUID,
			   f);
}

/* What cvmctl seal answers to these words, without the rescue key. */
static inline void sealing_capture(const struct swtpm *s, const char *words,
				   struct bytes *ret)
{
	char line[2 * PATH_MAX];

	(void)snprintf(line, sizeof(line), "seal %s --apps-only --tpm %s disk",
		       words, s->tcti);
	cvmctl_capture(command_seal, line, ret);
}

static inline void sealing_rescue(struct secret *ret)
{
	assert_int_equal(secret_alloc(sizeof(RESCUE) - 1, ret), 0);
	memcpy(ret->data, RESCUE, ret->len);
}

#endif
