// SPDX-License-Identifier: MIT
/* See image-part.h. */
#include "cvmctl/image/image-part.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/digest.h"
#include "lib/hex.h"
#include "lib/own.h"

static const char rebuild[] = "build the image again";

/* A size that is none becomes 0, which only an empty file's digest fits. */
static uint64_t read_size(struct json_object *o)
{
	struct json_object *size = json_get(o, "size");
	int64_t n = json_object_is_type(size, json_type_int)
			    ? json_object_get_int64(size)
			    : 0;

	return n < 0 ? 0 : (uint64_t)n;
}

/* 0; -EINVAL when fd holds something else; -errno. */
static int compare(int fd, struct json_object *o, uint64_t size)
{
	char hex[2 * digest_size_max + 1];
	struct digest_set set;
	struct stat st;
	int r = fstat(fd, &st) < 0 ? -errno : 0;

	if (r == 0 && (uint64_t)st.st_size < size)
		return -EINVAL;
	if (r == 0)
		r = digest_fd_start(1U << DIGEST_SHA256, fd, size, &set);
	if (r < 0)
		return r;
	hex_encode(set.value[DIGEST_SHA256], digest_size(DIGEST_SHA256), hex);
	return strcmp(hex, json_get_string(o, "sha256")) == 0 ? 0 : -EINVAL;
}

int image_part_open(const char *image, struct json_object *manifest,
		    const struct image_part *file, int flags,
		    uint64_t *ret_size, struct fail *f)
{
	struct json_object *o = json_get(manifest, file->part);
	uint64_t size = read_size(o);
	char path[PATH_MAX];
	own_fd int fd = -1;
	int r;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", image, file->name) >=
	    sizeof(path))
		return fail_errno(f, ENAMETOOLONG, "choose a shorter path",
				  "read %s", image);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(f, errno, rebuild, "read %s", path);
	r = compare(fd, o, size);
	if (r == -EINVAL)
		return fail_because(f, "it is not what the manifest describes",
				    rebuild, "accept %s", path);
	if (r < 0)
		return fail_errno(f, r, rebuild, "read %s", path);
	*ret_size = size;
	return take_fd(&fd);
}
