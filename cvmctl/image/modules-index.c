// SPDX-License-Identifier: MIT
/*
 * The half of modules.h that writes: modules, and indices that depmod makes
 * of just these, so that nothing in the initramfs is there without use.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cvmctl/image/modules.h"
#include "cvmctl/tool/child.h"
#include "lib/io.h"
#include "lib/own.h"

enum { index_size_max = 16 * 1024 * 1024 };

/* What libkmod reads to find a module by name or by soft dependency. */
static const char *const indices[] = { "modules.dep.bin", "modules.alias.bin",
				       "modules.softdep",
				       "modules.builtin.bin" };

/* What depmod reads beside the modules; a kernel may have none. */
static const char *const sources[] = { "modules.builtin", "modules.order" };

static int fail_scratch(struct fail *f, int err, const char *path)
{
	return fail_errno(f, err, "free disk space", "write %s", path);
}

/* Makes every directory above path below the directory base_fd. */
static int make_parents(int base_fd, const char *path)
{
	char parent[PATH_MAX];

	for (size_t i = 0; path[i] && i < sizeof(parent) - 1; i++) {
		parent[i] = '\0';
		if (path[i] == '/' && i && mkdirat(base_fd, parent, 0755) < 0 &&
		    errno != EEXIST)
			return -errno;
		parent[i] = path[i];
	}
	return 0;
}

static int write_below(int base_fd, const char *path, const struct bytes *b)
{
	own_fd int fd = -1;
	int r = make_parents(base_fd, path);

	if (r < 0)
		return r;
	fd = openat(base_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0644);
	return fd < 0 ? -errno : io_write_all(fd, b->data, b->len);
}

static int write_scratch(const struct modules *m, int base_fd, struct fail *f)
{
	own_fd int dir_fd = open(m->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	for (size_t i = 0; i < m->n; i++) {
		r = write_below(base_fd, m->module[i].path,
				&m->module[i].content);
		if (r < 0)
			return fail_scratch(f, r, m->module[i].path);
	}
	for (size_t i = 0; i < array_size(sources); i++) {
		own_bytes struct bytes b = { 0 };

		r = io_read_file(dir_fd, sources[i], index_size_max, &b);
		if (r < 0 && r != -ENOENT)
			return fail_errno(f, r, "check --modules", "read %s",
					  sources[i]);
		r = write_below(base_fd, sources[i], &b);
		if (r < 0)
			return fail_scratch(f, r, sources[i]);
	}
	return 0;
}

/* Adds one file of the initramfs's /lib/modules/VERSION. */
static int add_file(const struct modules *m, const char *name,
		    struct bytes *content, struct cpio *c, struct fail *f)
{
	char path[PATH_MAX];
	int r;

	(void)snprintf(path, sizeof(path), "lib/modules/%s/%s", m->kernel,
		       name); /* cpio refuses what is too long */
	r = cpio_add_file(c, path, 0644, content);
	return r < 0 ? fail_errno(f, r, "check --modules",
				  "add %s to the initramfs", path)
		     : 0;
}

static int add_indices(const struct modules *m, int base_fd, struct cpio *c,
		       struct fail *f)
{
	for (size_t i = 0; i < array_size(indices); i++) {
		own_bytes struct bytes b = { 0 };
		int r = io_read_file(base_fd, indices[i], index_size_max, &b);

		if (r < 0)
			return fail_errno(f, r, "check what depmod writes",
					  "read %s", indices[i]);
		r = add_file(m, indices[i], &b, c, f);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_modules(const struct modules *m, struct cpio *c, struct fail *f)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct bytes *content = &m->module[i].content;
		own_bytes struct bytes copy = { 0 };
		int r = bytes_copy(content->data, content->len, &copy);

		if (r < 0)
			return fail_errno(f, r, "free memory", "add %s",
					  m->module[i].path);
		r = add_file(m, m->module[i].path, &copy, c, f);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * scratch/usr/lib/modules/VERSION, which is scratch/lib/... as well: depmod
 * looks in one or the other, depending on its distribution.
 */
static int make_base(const struct modules *m, const char *scratch, int *ret)
{
	own_fd int top = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char base[PATH_MAX];
	int fd;
	int r;

	if (top < 0)
		return -errno;
	(void)snprintf(base, sizeof(base), "usr/lib/modules/%s/",
		       m->kernel); /* fits: see kernel_version_max */
	r = make_parents(top, base);
	if (r < 0)
		return r;
	if (symlinkat("usr/lib", top, "lib") < 0)
		return -errno;
	fd = openat(top, base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

int modules_add(const struct modules *m, const char *scratch, struct cpio *c,
		struct fail *f)
{
	const char *const depmod[] = { "depmod", "-b", scratch, m->kernel,
				       NULL };
	own_fd int base_fd = -1;
	int r = make_base(m, scratch, &base_fd);

	if (r < 0)
		return fail_scratch(f, r, scratch);
	r = write_scratch(m, base_fd, f);
	if (r == 0)
		r = child_run(depmod, "check --modules", 0, NULL, f);
	if (r == 0)
		r = add_modules(m, c, f);
	return r < 0 ? r : add_indices(m, base_fd, c, f);
}
