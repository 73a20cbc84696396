// SPDX-License-Identifier: MIT
/*
 * The gate on the kernel command line. The kernel has acted on it before init
 * runs; what this stage can do is refuse to go on with a kernel that was told
 * more than the builder knows. No setting of ours is ever taken from it.
 */
#include "config/cmdline.h"

#include <errno.h>
#include <fcntl.h>

#include "init/boot.h"
#include "lib/io.h"

int stage_cmdline(struct boot *b, struct fail *f)
{
	own_bytes struct bytes line = { 0 };
	int r = io_read_file(AT_FDCWD, "/proc/cmdline", cmdline_max, &line);

	if (r == -EFBIG)
		return cmdline_refuse_length(f);
	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "read /proc/cmdline");
	return cmdline_check((char *)line.data, line.len,
			     &b->conf.boot.allow_cmdline, f);
}
