// SPDX-License-Identifier: MIT
/* See kernel.h. */
#include "cvmctl/image/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/io.h"
#include "lib/own.h"

/* Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header". */
enum {
	magic_at = 0x202,      /* "HdrS" */
	version_field = 0x20e, /* where the text is, less 0x200 */
	version_base = 0x200,
	header_end = 0x268,
};

int kernel_read_version(const struct bytes *image,
			char ret[static kernel_version_max])
{
	const uint8_t *at = image->data;
	size_t start;
	size_t len = 0;

	if (image->len < header_end || memcmp(at + magic_at, "HdrS", 4) != 0)
		return -EINVAL;
	start = version_base + at[version_field] +
		(size_t)at[version_field + 1] * 256;
	/* "6.1.0-50-cloud-amd64 (debian-kernel@...) #1 SMP ..." */
	while (start + len < image->len && len < kernel_version_max &&
	       at[start + len] > ' ' && at[start + len] < 127 &&
	       at[start + len] != '/')
		len++;
	if (len == 0 || len == kernel_version_max || start + len == image->len)
		return -EINVAL;
	/* it becomes a directory's name: no "..", no hidden one */
	if (at[start] < '0' || at[start] > '9')
		return -EINVAL;
	memcpy(ret, at + start, len);
	ret[len] = '\0';
	return 0;
}

int kernel_read_file(const char *path, struct bytes *ret,
		     char ret_version[static kernel_version_max],
		     struct fail *f)
{
	own_bytes struct bytes kernel = { 0 };
	int r = io_read_file(AT_FDCWD, path, kernel_size_max, &kernel);

	if (r < 0)
		return fail_errno(f, r, "check --kernel", "read %s", path);
	if (kernel_read_version(&kernel, ret_version) < 0)
		return fail_because(f, "it is not a bzImage",
				    "give the vmlinuz of an x86-64 kernel",
				    "use kernel %s", path);
	*ret = take_bytes(&kernel);
	return 0;
}
