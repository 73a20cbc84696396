// SPDX-License-Identifier: MIT
/*
 * Puts the IMA policy of the initramfs in force, before the first
 * device-mapper table and before anything of the root runs.
 */
#include <errno.h>
#include <fcntl.h>

#include "ima-policy/loader.h"
#include "init/boot.h"
#include "lib/io.h"

int stage_ima(struct boot *b, struct fail *f)
{
	const char *source = b->conf.ima.policy;
	own_bytes struct bytes text = { 0 };
	int r;

	if (!source[0])
		return 0; /* boot.conf says policy = none */
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
	return ima_load_policy(IMA_POLICY_PATH, source, (char *)text.data,
			       text.len, f);
}
