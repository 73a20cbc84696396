// SPDX-License-Identifier: MIT
/*
 * The root disk of image.h: erofs by mkfs.erofs, with one time and one UUID
 * so that it depends on the tree alone, then the hash tree.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/image/image.h"
#include "cvmctl/tool/child.h"
#include "cvmctl/tool/progress.h"
#include "lib/io.h"
#include "lib/own.h"
#include "verity/device.h"

enum { block_size = 4096, output_max = 1024 * 1024 };

/* Nobody looks for the file system by UUID: the root hash finds the disk. */
#define ROOT_UUID "63766d2d-696e-6974-8000-000000000000"

/* The first line that mkfs.erofs writes is "mkfs.erofs 1.5". */
static void take_version(const struct bytes *output,
			 char ret[image_version_max])
{
	const char *text = (const char *)output->data;
	size_t len = text ? strcspn(text, "\n") : 0;

	(void)snprintf(ret, image_version_max, "%.*s", (int)len,
		       text ? text : ""); /* may be cut short */
}

static int write_erofs(struct image *i, const char *tree, const char *path,
		       struct fail *f)
{
	char time[32];
	const char *const argv[] = { "mkfs.erofs", time, "-U" ROOT_UUID,
				     path,	   tree, NULL };
	own_bytes struct bytes output = { 0 };
	int r;

	(void)snprintf(time, sizeof(time), "-T%u", i->epoch); /* fits */
	r = child_run(argv, "check the root", output_max, &output, f);
	if (r == 0)
		take_version(&output, i->mkfs_version);
	return r;
}

/* The salt that makes one tree always one root hash. */
static int choose_salt(const char *path, struct verity_params *p)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct digest_set digest = { 0 };
	int r;

	if (fd < 0)
		return -errno;
	r = digest_fd(1U << DIGEST_SHA256, fd, &digest);
	if (r < 0)
		return r;
	p->salt_len = digest_size(DIGEST_SHA256);
	memcpy(p->salt, digest.value[DIGEST_SHA256], p->salt_len);
	return 0;
}

int image_write_root(struct image *i, const char *tree, const char *path,
		     struct fail *f)
{
	struct verity_params *p = &i->conf->root.verity;
	int r;

	if (i->conf->root.fs != BOOT_FS_EROFS)
		return fail_because(f, "cvmctl build makes erofs only",
				    "set [root] fs = erofs in boot.conf",
				    "make a root of %s",
				    boot_root_fs_name(i->conf->root.fs));
	command_progress("making the erofs image");
	r = write_erofs(i, tree, path, f);
	if (r < 0)
		return r;
	p->data_block_size = block_size;
	p->hash_block_size = block_size;
	r = choose_salt(path, p);
	if (r < 0)
		return fail_errno(f, r, "check file systems", "read %s", path);
	command_progress("making the hash tree");
	r = verity_append_tree(path, p, f);
	if (r < 0)
		return r;
	r = image_digest_file(path, &i->root);
	return r < 0 ? fail_errno(f, r, "check file systems", "read %s", path)
		     : 0;
}
