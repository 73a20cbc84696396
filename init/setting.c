// SPDX-License-Identifier: MIT
/* See setting.h. */
#include "init/setting.h"

#include <errno.h>
#include <string.h>

#include "lib/io.h"

int setting_write(const char *path, const char *value, struct fail *f)
{
	int r = io_write_file(path, value, strlen(value));

	if (r < 0 && r != -ENOENT)
		return fail_errno(f, r, "use a kernel that lets PID 1 set it",
				  "set %s", path);
	return 0;
}
