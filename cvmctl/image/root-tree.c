// SPDX-License-Identifier: MIT
/* See root-tree.h. tar and cp keep owners, modes and extended attributes. */
#include "cvmctl/image/root-tree.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config/users.h"
#include "cvmctl/tool/child.h"
#include "cvmctl/tool/progress.h"
#include "lib/io.h"
#include "lib/own.h"

#define APPS_DIR  "/etc/cvm-init"
#define APPS_NAME "apps.conf"

void root_tree_free(struct root_tree *t)
{
	if (t->fd >= 0)
		(void)close(t->fd); /* only read */
	if (t->apps)
		apps_conf_free(t->apps);
	free(t->apps);
	bytes_free(&t->apps_raw);
	workdir_remove(&t->work);
	*t = (struct root_tree)ROOT_TREE_EMPTY;
}

static int unpack(const char *tar, const char *dir, struct fail *f)
{
	const char *const argv[] = { "tar",
				     "--extract",
				     "--file",
				     tar,
				     "--directory",
				     dir,
				     "--numeric-owner",
				     "--same-owner",
				     "--same-permissions",
				     "--acls",
				     "--xattrs",
				     "--xattrs-include=*",
				     NULL };
	int r;

	if (geteuid() != 0)
		return fail_because(f, "only root can keep the owners in it",
				    "run as root, or give a directory",
				    "unpack %s", tar);
	command_progress("unpacking %s", tar);
	r = child_run(argv, "check --root", 0, NULL, f);
	if (r == -EINVAL) /* tar ran: the reason is its own */
		fail_what(f, "unpack %s with tar", tar);
	return r;
}

static void close_walk(FTS **walk)
{
	if (*walk)
		(void)fts_close(*walk); /* only read */
}

#define own_walk __attribute__((cleanup(close_walk)))

/* cp says nothing about owners that it may not keep: all must be ours. */
static int check_owned(const char *root, struct fail *f)
{
	char *roots[] = { NULL, NULL };
	own_free char *path = strdup(root);
	own_walk FTS *walk = NULL;
	FTSENT *e;

	if (geteuid() == 0)
		return 0;
	roots[0] = path;
	walk = path ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
	if (!walk)
		return fail_errno(f, errno, "check --root", "read root %s",
				  root);
	while ((e = fts_read(walk)))
		if (!e->fts_statp || e->fts_statp->st_uid != geteuid())
			return fail_because(f, "only root can keep its owners",
					    "run as root, or put apps.conf "
					    "into the root yourself",
					    "copy %s", e->fts_path);
	return 0;
}

static int copy(const char *from, const char *to, struct fail *f)
{
	char all[PATH_MAX];
	const char *const argv[] = { "cp", "-a", "--reflink=auto", "--", all,
				     to,   NULL };

	if ((size_t)snprintf(all, sizeof(all), "%s/.", from) >= sizeof(all))
		return fail_errno(f, ENAMETOOLONG, "choose a shorter path",
				  "copy %s", from);
	if (check_owned(from, f) < 0)
		return -EPERM;
	command_progress("copying %s, to put apps.conf into it", from);
	return child_run(argv, "check --root", 0, NULL, f);
}

/* True when the tree holds this very apps.conf already. */
static bool has_apps(int root_fd, const struct bytes *want)
{
	own_fd int fd = io_open_in_root(root_fd, APPS_CONF_PATH, O_RDONLY);
	own_bytes struct bytes have = { 0 };

	return fd >= 0 && io_read_fd(fd, apps_conf_max, &have) == 0 &&
	       have.len == want->len &&
	       memcmp(have.data, want->data, want->len) == 0;
}

/* Writes APPS_CONF_PATH below root_fd, whatever links are on the way. */
static int put_apps(int root_fd, const struct bytes *apps)
{
	own_fd int etc =
		io_open_in_root(root_fd, "/etc", O_RDONLY | O_DIRECTORY);
	own_fd int dir = -1;
	own_fd int fd = -1;
	int r;

	if (etc < 0)
		return etc;
	if (mkdirat(etc, strrchr(APPS_DIR, '/') + 1, 0755) < 0 &&
	    errno != EEXIST)
		return -errno;
	dir = io_open_in_root(root_fd, APPS_DIR, O_RDONLY | O_DIRECTORY);
	if (dir < 0)
		return dir;
	if (unlinkat(dir, APPS_NAME, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dir, APPS_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0644);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, apps->data, apps->len);
	/* whatever the umask is */
	return r == 0 && (fchmod(fd, 0644) < 0 || fchmod(dir, 0755) < 0)
		       ? -errno
		       : r;
}

static int open_dir(const char *path, struct root_tree *ret, struct fail *f)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail_errno(f, errno, "check --root", "open root %s",
				  path);
	if (ret->fd >= 0)
		(void)close(ret->fd); /* only read */
	ret->fd = fd;
	(void)snprintf(ret->path, sizeof(ret->path), "%s", path); /* opened */
	return 0;
}

/* Makes a tree of our own of root, which is a tar unless is_dir. */
static int make_own(const char *root, bool is_dir, const char *beside,
		    struct root_tree *ret, struct fail *f)
{
	int r = workdir_make(beside, &ret->work, f);

	if (r == 0)
		r = is_dir ? copy(root, ret->work.path, f)
			   : unpack(root, ret->work.path, f);
	/* a tar without "./" says nothing about the top: what it must be */
	if (r == 0 && !is_dir && chmod(ret->work.path, 0755) < 0)
		r = fail_errno(f, errno, "check file systems", "unpack %s",
			       root);
	return r < 0 ? r : open_dir(ret->work.path, ret, f);
}

int root_tree_open(const char *root, const char *apps, const char *beside,
		   struct root_tree *ret, struct fail *f)
{
	own_bytes struct bytes conf = { 0 };
	struct stat st;
	int r;

	if (apps) {
		r = io_read_file(AT_FDCWD, apps, apps_conf_max, &conf);
		if (r < 0)
			return fail_errno(f, r, "check --apps", "read %s",
					  apps);
	}
	if (stat(root, &st) < 0)
		return fail_errno(f, errno, "check --root", "read root %s",
				  root);
	r = S_ISDIR(st.st_mode) ? open_dir(root, ret, f) : 0;
	if (r < 0)
		return r;
	if (ret->fd < 0 || (apps && !has_apps(ret->fd, &conf)))
		r = make_own(root, S_ISDIR(st.st_mode), beside, ret, f);
	if (r < 0)
		return r;
	if (apps && !has_apps(ret->fd, &conf)) {
		r = put_apps(ret->fd, &conf);
		if (r < 0)
			return fail_errno(f, r, "check /etc of the root",
					  "write %s in the root",
					  APPS_CONF_PATH);
	}
	return root_tree_read_apps(ret, f);
}

int root_tree_read_apps(struct root_tree *t, struct fail *f)
{
	own_fd int fd = io_open_in_root(t->fd, APPS_CONF_PATH, O_RDONLY);
	int r = fd < 0 ? fd : io_read_fd(fd, apps_conf_max, &t->apps_raw);

	return r < 0 ? fail_errno(f, r, "give one with --apps",
				  "read %s of the root", APPS_CONF_PATH)
		     : root_tree_parse_apps(t, f);
}

int root_tree_parse_apps(struct root_tree *t, struct fail *f)
{
	struct ini_error error = { 0 };
	int r;

	t->apps = calloc(1, sizeof(*t->apps));
	if (!t->apps)
		return fail_errno(f, ENOMEM, "free memory", "read %s",
				  APPS_CONF_PATH);
	r = apps_conf_read(APPS_NAME, (const char *)t->apps_raw.data,
			   t->apps_raw.len, t->apps, &error);
	if (r == -ENOMEM)
		return fail_errno(f, r, "free memory", "read %s",
				  APPS_CONF_PATH);
	return r < 0 ? fail_because(f, error.text, "see apps.conf(5)", "use %s",
				    APPS_CONF_PATH)
		     : 0;
}

static int check_directory(const struct root_tree *t, const char *path,
			   const char *why, struct fail *f)
{
	own_fd int fd = io_open_in_root(t->fd, path, O_RDONLY | O_DIRECTORY);

	return fd < 0 ? fail_errno(f, fd, "create the directory in the root",
				   "%s on %s of the root", why, path)
		      : 0;
}

/* init starts them in this order, and ends where one has no user. */
int root_tree_check_users(const struct root_tree *t,
			  const struct boot_conf *conf, struct fail *f)
{
	own_fd int passwd = io_open_in_root(t->fd, "/etc/passwd", O_PATH);
	struct user user;
	int r = 0;

	if (conf->workload.mode == BOOT_WORKLOAD_EXEC)
		return 0; /* the root's own init has users of its own */
	if (passwd < 0 && conf->volumes)
		return 0; /* a link to what a volume holds */
	for (size_t i = 0; r == 0 && i < t->apps->n; i++)
		r = users_find(t->fd, &t->apps->app[i], &user, f);
	return r;
}

int root_tree_check(const struct root_tree *t, const struct boot_conf *conf,
		    struct fail *f)
{
	static const char *const mounts[] = { "/dev", "/proc", "/run", "/sys" };
	own_fd int fd = io_open_in_root(t->fd, "/etc/initrd-release",
					O_PATH | O_NOFOLLOW);
	int r = 0;

	/* systemd would extend PCR 14 itself, which ends the prediction */
	if (fd >= 0)
		return fail_because(f,
				    "it holds /etc/initrd-release, by which "
				    "systemd takes it for an initrd",
				    "remove that file", "use root %s", t->path);
	for (size_t i = 0; r == 0 && i < array_size(mounts); i++)
		r = check_directory(t, mounts[i], "mount", f);
	for (size_t i = 0; r == 0 && i < conf->volumes; i++)
		r = check_directory(t, conf->volume[i].mount, "mount a volume",
				    f);
	for (size_t i = 0; r == 0 && i < conf->overlay.dirs.n; i++)
		r = check_directory(t, conf->overlay.dirs.path[i],
				    "put an overlay", f);
	if (r == 0)
		r = apps_conf_check(t->apps, conf, APPS_CONF_PATH, f);
	return r < 0 ? r : root_tree_check_users(t, conf, f);
}
