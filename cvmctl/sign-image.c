// SPDX-License-Identifier: MIT
/* See sign-image.h. */
#include "cvmctl/sign-image.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cvmctl/image.h"
#include "cvmctl/manifest.h"
#include "lib/own.h"

static const char remedy[] = "build the image again";

enum { block_size = 4096 };

/* Bytes of the root disk without any signatures, as it was built. */
static int read_size(const char *image, off_t *ret, struct fail *f)
{
	own_json struct json_object *manifest = NULL;
	uint64_t size = 0;
	int r = manifest_read(image, &manifest, f);

	if (r == 0)
		r = manifest_read_root_size(manifest, &size, f);
	*ret = (off_t)size;
	return r;
}

/*
 * In place, not beside: an image can be large, and should this be cut short,
 * what is verified has not been touched.
 */
static int write_end(int fd, off_t at, const struct bytes *json)
{
	off_t end = at + (off_t)json->len;
	size_t done = 0;

	if (ftruncate(fd, at) < 0)
		return -errno;
	while (done < json->len) {
		ssize_t n = pwrite(fd, json->data + done, json->len - done,
				   at + (off_t)done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	/* disks have whole blocks; the rest reads as zeros */
	end = (end + block_size - 1) / block_size * block_size;
	return ftruncate(fd, end) < 0 || fsync(fd) < 0 ? -errno : 0;
}

int sign_image(const char *image, const struct bytes *json, struct fail *f)
{
	char path[PATH_MAX];
	own_fd int fd = -1;
	struct stat st;
	off_t size;
	int r = read_size(image, &size, f);

	if (r < 0)
		return r;
	if ((size_t)snprintf(path, sizeof(path), "%s/" IMAGE_ROOT, image) >=
	    sizeof(path))
		return fail_errno(f, ENAMETOOLONG, "choose a shorter path",
				  "sign %s", image);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(f, errno, remedy, "open %s", path);
	if (st.st_size < size)
		return fail_because(f, "it is shorter than its manifest says",
				    remedy, "sign %s", path);
	r = write_end(fd, size, json);
	return r < 0 ? fail_errno(f, r, "free disk space", "sign %s", path) : 0;
}
