// SPDX-License-Identifier: MIT
/* See conf.h. */
#include "cvmctl/image/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/image/compress.h"
#include "cvmctl/image/image.h"
#include "lib/io.h"
#include "lib/own.h"

/* A template is as good as a complete one; the complete one's error counts. */
int conf_read_file(const char *file, const char *remedy, struct boot_conf *ret,
		   struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	struct ini_error error = { 0 };
	struct ini_error ignored = { 0 };
	int r = io_read_file(AT_FDCWD, file, boot_conf_max, &text);

	if (r < 0)
		return fail_errno(f, r, remedy, "read %s", file);
	if (boot_conf_read(file, (char *)text.data, text.len, true, ret,
			   &error) == 0 ||
	    boot_conf_read(file, (char *)text.data, text.len, false, ret,
			   &ignored) == 0)
		return 0;
	return fail_because(f, error.text, "see boot.conf(5)", "use %s", file);
}

static int unpack(const char *path, struct cpio *ret, struct fail *f)
{
	own_bytes struct bytes packed = { 0 };
	own_bytes struct bytes archive = { 0 };
	int r = io_read_file(AT_FDCWD, path, initramfs_max, &packed);

	if (r == 0 && compress_is_zstd(packed.data, packed.len))
		r = compress_unpack_zstd(&packed, initramfs_max, &archive);
	else if (r == 0)
		archive = take_bytes(&packed);
	if (r == 0)
		r = cpio_read(archive.data, archive.len, ret);
	if (r == -EINVAL)
		return fail_because(f,
				    "it is neither zstd nor plain cpio, or "
				    "damaged",
				    "build the image again", "unpack %s", path);
	return r < 0 ? fail_errno(f, r, "check --image", "unpack %s", path) : 0;
}

int conf_read_image(const char *image, struct boot_conf *ret, struct fail *f)
{
	own_cpio struct cpio files = { 0 };
	struct ini_error error = { "there is no " IMAGE_BOOT_CONF " in it" };
	char path[PATH_MAX];
	int r;

	if ((size_t)snprintf(path, sizeof(path), "%s/" IMAGE_INITRAMFS,
			     image) >= sizeof(path))
		return fail_errno(f, ENAMETOOLONG, "choose a shorter path",
				  "open image %s", image);
	r = unpack(path, &files, f);
	if (r < 0)
		return r;
	for (size_t i = 0; i < files.n; i++) {
		const struct cpio_entry *e = &files.entry[i];

		if (strcmp(e->path, IMAGE_BOOT_CONF) == 0 &&
		    boot_conf_read("boot.conf", (char *)e->content.data,
				   e->content.len, false, ret, &error) == 0)
			return 0;
	}
	return fail_because(f, error.text, "build the image again",
			    "use the initramfs %s", path);
}
