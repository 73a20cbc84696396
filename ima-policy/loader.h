/* SPDX-License-Identifier: MIT */
/*
 * Loading an IMA policy, and proof that it took effect: the kernel takes one
 * line in each write(2), and close(2) never reports a failure (facts in
 * security/integrity/ima/ima_fs.c).
 */
#ifndef IMA_LOADER_H
#define IMA_LOADER_H

#include <stddef.h>

#include "lib/fail.h"

#define IMA_POLICY_PATH "/sys/kernel/security/ima/policy"

enum { ima_policy_max = 64 * 1024 }; /* bytes of a policy file */

/*
 * Writes the rules of text (len bytes, a NUL follows) to the policy file at
 * path, IMA_POLICY_PATH outside tests, then proves that the kernel took them:
 * a kernel without IMA_WRITE_POLICY removes the file. source is the policy's
 * own name in messages, "LINE" is added.
 */
int ima_load_policy(const char *path, const char *source, const char *text,
		    size_t len, struct fail *f);

#endif
