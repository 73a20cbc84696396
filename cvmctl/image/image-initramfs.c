// SPDX-License-Identifier: MIT
/* The initramfs of image.h: init, its configuration, the modules. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cvmctl/image/compress.h"
#include "cvmctl/image/image.h"
#include "cvmctl/image/init-program.h"
#include "cvmctl/tool/progress.h"
#include "lib/io.h"
#include "lib/own.h"

enum { init_size_max = 64 * 1024 * 1024 };

static int fail_add(struct fail *f, int err, const char *path)
{
	return fail_errno(f, err, "check boot.conf and --init",
			  "add %s to the initramfs", path);
}

static int add_copy(struct cpio *c, const char *path, mode_t mode,
		    const struct bytes *content, struct fail *f)
{
	own_bytes struct bytes copy = { 0 };
	int r = bytes_copy(content->data, content->len, &copy);

	if (r == 0)
		r = cpio_add_file(c, path, mode, &copy);
	return r < 0 ? fail_add(f, r, path) : 0;
}

static int add_init(struct cpio *c, const char *init, struct fail *f)
{
	own_bytes struct bytes content = { 0 };
	const char *why;
	int r = io_read_file(AT_FDCWD, init, init_size_max, &content);

	if (r < 0)
		return fail_errno(f, r, "check --init", "read %s", init);
	why = init_program_refusal(content.data, content.len);
	if (why)
		return fail_because(f, why, "give the init that make builds",
				    "use %s", init);
	r = cpio_add_file(c, "init", 0755, &content);
	return r < 0 ? fail_add(f, r, "init") : 0;
}

/* Mount points, and the console that the kernel opens before devtmpfs. */
static int add_skeleton(struct cpio *c, struct fail *f)
{
	static const char *const dirs[] = { "dev", "proc", "run", "sys",
					    "sysroot" };
	int r;

	for (size_t i = 0; i < array_size(dirs); i++) {
		r = cpio_add_dir(c, dirs[i]);
		if (r < 0)
			return fail_add(f, r, dirs[i]);
	}
	/* Documentation/admin-guide/devices.txt: 5 char, 1 = /dev/console */
	r = cpio_add_device(c, "dev/console", S_IFCHR | 0600, makedev(5, 1));
	return r < 0 ? fail_add(f, r, "dev/console") : 0;
}

static int add_modules(struct image *i, struct fail *f)
{
	own_workdir struct workdir scratch = { .path = "" };
	int r;

	if (!i->modules->n)
		return 0;
	r = workdir_make("/tmp/cvmctl-modules", &scratch, f);
	return r < 0 ? r : modules_add(i->modules, scratch.path, &i->files, f);
}

static int add_all(struct image *i, const char *init, struct fail *f)
{
	struct cpio *c = &i->files;
	int r = add_skeleton(c, f);

	if (r == 0)
		r = add_init(c, init, f);
	if (r == 0)
		r = add_copy(c, IMAGE_BOOT_CONF, 0644, &i->boot_conf, f);
	if (r == 0 && i->ima_policy.data)
		r = add_copy(c, i->conf->ima.policy + 1, 0644, &i->ima_policy,
			     f);
	return r < 0 ? r : add_modules(i, f);
}

int image_write_initramfs(struct image *i, const char *init, const char *path,
			  struct fail *f)
{
	own_bytes struct bytes archive = { 0 };
	own_bytes struct bytes packed = { 0 };
	int r = add_all(i, init, f);

	if (r < 0)
		return r;
	command_progress("packing the initramfs");
	r = cpio_write(&i->files, i->epoch, &archive);
	if (r == 0)
		r = compress_zstd(&archive, &packed);
	if (r == 0)
		r = image_digest_bytes(&packed, &i->initramfs);
	if (r == 0)
		r = io_replace_file(path, packed.data, packed.len, 0644);
	if (r < 0)
		return fail_errno(f, r, "free disk space", "write %s", path);
	i->unpacked_bytes = archive.len;
	return 0;
}
