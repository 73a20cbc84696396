// SPDX-License-Identifier: MIT
/* See image.h. The parts are in image-*.c. */
#include "cvmctl/image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cvmctl/image/manifest.h"
#include "lib/io.h"
#include "lib/json.h"
#include "lib/own.h"
#include "lib/text.h"

void image_free(struct image *i)
{
	free(i->conf);
	cpio_free(&i->files);
	if (i->modules)
		modules_free(i->modules);
	free(i->modules);
	prediction_free(&i->prediction);
	bytes_free(&i->boot_conf);
	bytes_free(&i->ima_policy);
}

int image_read_epoch(uint32_t *ret, struct fail *f)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	uint64_t epoch = 0;

	if (text && text_parse_u64(text, UINT32_MAX, &epoch) < 0)
		return fail_because(f, "it is not a number of seconds",
				    "unset SOURCE_DATE_EPOCH",
				    "use SOURCE_DATE_EPOCH=%.32s", text);
	*ret = (uint32_t)epoch;
	return 0;
}

int image_digest_file(const char *path, struct image_file *ret)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct image_file file;
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	r = digest_fd(image_algs, fd, &file.digests);
	if (r < 0)
		return r;
	file.size = (uint64_t)st.st_size;
	*ret = file;
	return 0;
}

int image_digest_bytes(const struct bytes *b, struct image_file *ret)
{
	struct image_file file = { .size = b->len };
	int r = digest_data(image_algs, b->data, b->len, &file.digests);

	if (r < 0)
		return r;
	*ret = file;
	return 0;
}

/* True for a directory with a manifest that a build of ours wrote. */
static bool is_image(const char *path)
{
	own_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	own_bytes struct bytes text = { 0 };
	own_json struct json_object *o = NULL;
	struct fail ignored = { 0 };

	return dir >= 0 &&
	       io_read_file(dir, IMAGE_MANIFEST, manifest_max, &text) == 0 &&
	       manifest_parse(path, &text, "choose another --output", &o,
			      &ignored) == 0;
}

int image_check_place(const char *path, struct fail *f)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT
			       ? 0
			       : fail_errno(f, errno, "choose another --output",
					    "write image %s", path);
	return is_image(path)
		       ? 0
		       : fail_because(f, "it exists and is no image of ours",
				      "choose another --output", "replace %s",
				      path);
}

int image_put_in_place(struct workdir *finished, const char *path,
		       struct fail *f)
{
	if (chmod(finished->path, 0755) < 0)
		return fail_errno(f, errno, "check --output", "write image %s",
				  path);
	if (renameat2(AT_FDCWD, finished->path, AT_FDCWD, path,
		      RENAME_NOREPLACE) == 0) {
		finished->path[0] = '\0';
		return 0;
	}
	if (errno != EEXIST)
		return fail_errno(f, errno, "check --output", "write image %s",
				  path);
	/* it may have come there since the start of the build */
	if (!is_image(path))
		return image_check_place(path, f);
	if (renameat2(AT_FDCWD, finished->path, AT_FDCWD, path,
		      RENAME_EXCHANGE) < 0)
		return fail_errno(f, errno, "remove the old image first",
				  "replace image %s", path);
	return 0; /* the owner removes the old one, now at finished->path */
}
