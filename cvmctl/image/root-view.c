// SPDX-License-Identifier: MIT
/*
 * See root-view.h. apps.conf is an event by its bytes, wherever they are; what
 * else is measured is the same with it or without, but for the directories
 * above it, whose listings name it.
 */
#include "cvmctl/image/root-view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/own.h"

#define APPS_DIR "/etc/cvm-init"

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/*
 * True if what is dir or on the way up from there to the root. What cannot be
 * told is true: then the tree is copied, which says why it cannot be read.
 */
static bool is_above(const struct stat *what, int root_fd, int dir)
{
	own_fd int at = openat(dir, ".", O_PATH | O_CLOEXEC);
	struct stat root, st;

	if (fstat(root_fd, &root) < 0)
		return true;
	for (;;) {
		int up;

		if (at < 0 || fstat(at, &st) < 0 || is_same(&st, what))
			return true;
		if (is_same(&st, &root))
			return false;
		up = openat(at, "..", O_PATH | O_CLOEXEC);
		(void)close(at); /* only looked at */
		at = up;
	}
}

/* Where apps.conf goes, or the directory in which that will be made. */
static int open_place(int root_fd)
{
	int fd = io_open_in_root(root_fd, APPS_DIR, O_PATH | O_DIRECTORY);

	if (fd == -ENOENT)
		fd = io_open_in_root(root_fd, "/etc", O_PATH | O_DIRECTORY);
	return fd;
}

static bool is_place(const char *path)
{
	size_t len = strlen(APPS_DIR);

	return strncmp(path, APPS_DIR, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}

/* True if what is measured at path changes when apps.conf is put into dir. */
static bool is_touched(const struct root_tree *t, const char *path, int dir)
{
	own_fd int fd = io_open_in_root(t->fd, path, O_PATH);
	own_fd int old = io_open_in_root(t->fd, APPS_CONF_PATH, O_PATH);
	struct stat what, st;

	if (is_place(path))
		return true;
	if (fd < 0)
		return false; /* missing, which who measures it says */
	if (fstat(fd, &what) < 0)
		return true;
	if (old >= 0 && (fstat(old, &st) < 0 || is_same(&st, &what)))
		return true;
	return is_above(&what, t->fd, dir);
}

static bool is_any_touched(const struct root_tree *t, int dir)
{
	for (size_t i = 0; i < t->apps->n; i++) {
		const struct app *app = &t->apps->app[i];

		if (is_touched(t, app->argv[0], dir))
			return true;
		for (size_t j = 0; j < app->measure_n; j++)
			if (is_touched(t, app->measure[j].path, dir))
				return true;
	}
	return false;
}

/* 1: the tree is *ret as it is; 0: it has to be copied; -errno. */
static int view(const char *root, const char *apps, struct root_tree *ret,
		struct fail *f)
{
	own_fd int dir = -1;
	int r = io_read_file(AT_FDCWD, apps, apps_conf_max, &ret->apps_raw);

	if (r < 0)
		return fail_errno(f, r, "check --apps", "read %s", apps);
	ret->fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->fd < 0)
		return fail_errno(f, errno, "check --root", "open root %s",
				  root);
	(void)snprintf(ret->path, sizeof(ret->path), "%s", root); /* opened */
	dir = open_place(ret->fd);
	if (dir < 0)
		return fail_errno(f, dir, "check /etc of the root",
				  "write %s in the root", APPS_CONF_PATH);
	r = root_tree_parse_apps(ret, f);
	return r < 0 ? r : !is_any_touched(ret, dir);
}

int root_view_open(const char *root, const char *apps, const char *beside,
		   struct root_tree *ret, struct fail *f)
{
	struct stat st;
	int r;

	if (!apps || stat(root, &st) < 0 || !S_ISDIR(st.st_mode))
		return root_tree_open(root, apps, beside, ret, f);
	r = view(root, apps, ret, f);
	if (r < 0)
		return r;
	if (r > 0)
		return 0;
	root_tree_free(ret);
	return root_tree_open(root, apps, beside, ret, f);
}
