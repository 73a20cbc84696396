// SPDX-License-Identifier: MIT
/* See output.h. */
#include "cvmctl/tool/output.h"

#include <errno.h>
#include <stdio.h>

#include "lib/io.h"

int output_write(const char *path, const struct bytes *data, struct fail *f)
{
	int r;

	if (!path) {
		(void)fwrite(data->data, 1, data->len, stdout);
		return 0;
	}
	r = io_replace_file(path, data->data, data->len, 0644);
	if (r == -EEXIST)
		return fail_because(f, "it is no regular file",
				    "choose another --output", "write %s",
				    path);
	return r < 0 ? fail_errno(f, r, "choose another --output", "write %s",
				  path)
		     : 0;
}
