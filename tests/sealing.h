/* SPDX-License-Identifier: MIT */
/* Disks sealed by cvmctl seal for a simulator. Include cmocka.h first. */
#ifndef TESTS_SEALING_H
#define TESTS_SEALING_H

#include <stdio.h>
#include <string.h>

#include "cvmctl/command.h"
#include "lib/secret.h"
#include "tests/cvmctl.h"
#include "tests/swtpm.h"

/* PCR 14 of a fresh TPM is all zeros: a policy that holds at once. */
#define ZEROS \
	"=0000000000000000000000000000000000000000000000000000000000000000"
#define PCR_14 "14" ZEROS
/* TPM, key file and device follow. */
#define SEAL(how) \
	"seal " how " --apps-only --pcr " PCR_14 " --tpm %s --key-file %s %s"
#define RESCUE "a key for the day the TPM is gone"
#define UUID   "6f0a8d1e-3b6c-4c0e-9d58-1f2b3c4d5e6f"

enum { sealing_bytes = 24 * 1024 * 1024 }; /* as --size 24M */

static inline void sealing_path(struct swtpm *s, const char *name, char *ret,
				size_t size)
{
	(void)snprintf(ret, size, "%s/%s", s->tree.path, name);
}

/* A simulator, a rescue key, and where the disk will be. */
static inline void sealing_start(struct swtpm *s, char device[static PATH_MAX],
				 char key_file[static PATH_MAX])
{
	swtpm_start(s);
	tree_file(&s->tree, "key", 0600, RESCUE);
	sealing_path(s, "disk", device, PATH_MAX);
	sealing_path(s, "key", key_file, PATH_MAX);
}

static inline int sealing_format(struct swtpm *s, const char *device,
				 const char *key_file, struct fail *f)
{
	return cvmctl_run(command_seal, f,
			  "seal --format --apps-only --pcr " PCR_14
			  " --tpm %s --size 24M "
			  "--mkfs none --uuid " UUID " --key-file %s %s",
			  s->tcti, key_file, device);
}

static inline void sealing_rescue(struct secret *ret)
{
	assert_int_equal(secret_alloc(sizeof(RESCUE) - 1, ret), 0);
	memcpy(ret->data, RESCUE, ret->len);
}

#endif
