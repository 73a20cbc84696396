// SPDX-License-Identifier: MIT
/*
 * See sign-image.h. The disk is written in place, not beside: it can be large.
 * So nothing is written before all that is in front was found to be what the
 * manifest describes, and nothing is cut off before the new is there.
 */
#include "cvmctl/seal/sign-image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cvmctl/image/image-part.h"
#include "cvmctl/image/image.h"
#include "cvmctl/tool/disk-lock.h"
#include "lib/io.h"
#include "lib/own.h"

static const char remedy[] = "build the image again";

enum { block_size = 4096 };

void sign_image_close(struct sign_image *image)
{
	if (image->fd > 0)
		(void)close(image->fd); /* synced by sign_image_write */
}

int sign_image_open(const char *image, struct json_object *manifest,
		    struct sign_image *ret, struct fail *f)
{
	static const struct image_part root = { IMAGE_ROOT, "root" };
	struct sign_image i = { 0 };
	own_fd int fd = -1;
	uint64_t size = 0;
	struct stat st;
	int r;

	fd = image_part_open(image, manifest, &root, O_RDWR, &size, f);
	if (fd < 0)
		return fd;
	/* fits, or it would not be open */
	(void)snprintf(i.path, sizeof(i.path), "%s/" IMAGE_ROOT, image);
	r = disk_lock_fd(fd, i.path, f); /* until sign_image_close */
	if (r < 0)
		return r;
	if (size == 0 || size % block_size)
		return fail_because(f, "its size is no multiple of 4096",
				    remedy, "sign %s", i.path);
	if (fstat(fd, &st) < 0)
		return fail_errno(f, errno, remedy, "read %s", i.path);
	i.at = (off_t)size;
	i.size = st.st_size;
	i.fd = take_fd(&fd);
	*ret = i;
	return 0;
}

/*
 * The JSON that the end of the file holds before its zeros, as a string: empty
 * if there is none. -EINVAL when it is anything else.
 */
static int read_end(const struct sign_image *image, struct bytes *ret)
{
	own_bytes struct bytes end = { 0 };
	off_t len = image->size - image->at;
	int r;

	if (len > signatures_json_max)
		return -EINVAL;
	end.len = (size_t)len;
	end.data = calloc(1, end.len + 1);
	if (!end.data)
		return -ENOMEM;
	r = io_pread_all(image->fd, end.data, end.len, image->at);
	if (r < 0)
		return r;
	for (size_t i = strlen((char *)end.data); i < end.len; i++)
		if (end.data[i])
			return -EINVAL;
	*ret = take_bytes(&end);
	return 0;
}

int sign_image_read(const struct sign_image *image, struct signatures *ret,
		    struct fail *f)
{
	static const char drop[] = "give --replace to drop what is there";
	own_bytes struct bytes json = { 0 };
	int r = read_end(image, &json);

	if (r == -EINVAL)
		return fail_because(f, "what follows the verified data is none",
				    drop, "read the signatures in %s",
				    image->path);
	if (r < 0)
		return fail_errno(f, r, drop, "read the signatures in %s",
				  image->path);
	if (!json.data[0])
		return 0;
	r = signatures_parse((const char *)json.data, ret, f);
	if (r < 0)
		fail_what(f, "read the signatures in %s", image->path);
	return r == -EINVAL ? fail_remedy(f, drop) : r;
}

static int write_all(int fd, off_t at, const struct bytes *data)
{
	size_t done = 0;

	while (done < data->len) {
		ssize_t n = pwrite(fd, data->data + done, data->len - done,
				   at + (off_t)done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

/* Whole blocks, as disks have: the JSON and zeros. */
static int pad(const struct bytes *json, struct bytes *ret)
{
	size_t len = (json->len + block_size - 1) / block_size * block_size;

	ret->data = calloc(1, len);
	if (!ret->data)
		return -ENOMEM;
	memcpy(ret->data, json->data, json->len);
	ret->len = len;
	return 0;
}

static int replace_end(const struct sign_image *image,
		       const struct bytes *blocks)
{
	off_t end = image->at + (off_t)blocks->len;
	int r = -posix_fallocate(image->fd, image->at, (off_t)blocks->len);

	if (r < 0) {
		if (ftruncate(image->fd, image->size) < 0)
			return -errno;
		return r;
	}
	r = write_all(image->fd, image->at, blocks);
	if (r == 0 && (ftruncate(image->fd, end) < 0 || fsync(image->fd) < 0))
		r = -errno;
	/* rather none than half of them */
	if (r < 0 && ftruncate(image->fd, image->at) < 0)
		return -errno;
	return r;
}

int sign_image_write(const struct sign_image *image, const struct bytes *json,
		     struct fail *f)
{
	own_bytes struct bytes blocks = { 0 };
	int r = pad(json, &blocks);

	if (r < 0)
		return fail_errno(f, r, "free memory", "sign %s", image->path);
	r = replace_end(image, &blocks);
	return r < 0 ? fail_errno(f, r, "free disk space", "sign %s",
				  image->path)
		     : 0;
}
