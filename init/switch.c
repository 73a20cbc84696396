// SPDX-License-Identifier: MIT
/*
 * Makes the new root "/" and gives the initramfs back. Linux 7.0 and later
 * can pivot_root away from the initramfs; before, it is the root of the
 * mount tree, and the new root is moved over it.
 * The logs, the TPM and the lower mount are closed here, before any workload
 * code runs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "init/boot.h"
#include "lib/own.h"

enum { delete_depth_max = 32 };

static const char *const kernel_mounts[] = { "/dev", "/proc", "/sys", "/run" };

static int move_mounts(struct fail *f)
{
	for (size_t i = 0; i < array_size(kernel_mounts); i++) {
		char target[64];

		(void)snprintf(target, sizeof(target), NEW_ROOT_PATH "%s",
			       kernel_mounts[i]);
		if (mount(kernel_mounts[i], target, NULL, MS_MOVE, NULL) < 0)
			return fail_errno(f, errno,
					  "create the directory on the root",
					  "move %s to the new root",
					  kernel_mounts[i]);
	}
	return 0;
}

/*
 * The overlay holds its layers without them: unmounted, nobody can write to
 * the upper layer behind its back.
 */
static void hide_layers(void)
{
	(void)umount2(LOWER_PATH, MNT_DETACH);
	(void)umount2(UPPER_PATH, MNT_DETACH); /* not mounted in mode none */
}

/* Only ever the initramfs itself: RAM that nothing else refers to. */
static bool is_initramfs(int fd, const struct stat *st)
{
	struct statfs fs;
	struct stat new_root;

	if (fstatfs(fd, &fs) < 0 || stat(NEW_ROOT_PATH, &new_root) < 0)
		return false;
	return st->st_dev != new_root.st_dev &&
	       ((unsigned long)fs.f_type == TMPFS_MAGIC ||
		(unsigned long)fs.f_type == RAMFS_MAGIC);
}

/*
 * Deletes all below dir_fd on the file system dev; takes over dir_fd. What
 * cannot be deleted stays: unreachable after the move, only not freed.
 */
static void delete_below(int dir_fd, dev_t dev, int depth)
{
	own_dir DIR *dir = fdopendir(dir_fd);
	struct dirent *entry;
	struct stat st;

	if (!dir) {
		(void)close(dir_fd); /* nothing was opened on it */
		return;
	}
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;
		int fd;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    st.st_dev != dev)
			continue;
		if (!S_ISDIR(st.st_mode)) {
			(void)unlinkat(dirfd(dir), name, 0);
			continue;
		}
		fd = openat(dirfd(dir), name,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && depth)
			delete_below(take_fd(&fd), dev, depth - 1);
		if (fd >= 0)
			(void)close(fd);
		(void)unlinkat(dirfd(dir), name, AT_REMOVEDIR);
	}
}

/* Up to Linux 6.19: the initramfs stays below, out of reach. */
static int move_root(struct fail *f)
{
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		return fail_errno(f, errno,
				  "use a kernel that lets PID 1 mount",
				  "make the new root /");
	return 0;
}

/* Either way the working directory is / afterwards. */
static int change_root(struct fail *f)
{
	if (chdir(NEW_ROOT_PATH) < 0)
		return fail_errno(f, errno,
				  "use a kernel that lets PID 1 mount",
				  "enter the new root");
	if (syscall(SYS_pivot_root, ".", ".") < 0) {
		if (errno == EINVAL)
			return move_root(f);
		return fail_errno(f, errno,
				  "use a kernel that lets PID 1 mount",
				  "pivot to the new root");
	}
	/* the old root lies over the new one: off with it */
	if (umount2(".", MNT_DETACH) < 0)
		return fail_errno(f, errno,
				  "use a kernel that lets PID 1 mount",
				  "unmount the initramfs");
	return 0;
}

/*
 * Deleted in either case: what this program was started from would keep the
 * unmounted initramfs in RAM for as long as it runs.
 */
static int switch_root(struct fail *f)
{
	own_fd int old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int r;

	if (old < 0 || fstat(old, &st) < 0 || !is_initramfs(old, &st))
		return fail_because(f, "it is not an initramfs",
				    "boot init from an initramfs",
				    "leave the root that init runs in");
	r = change_root(f);
	if (r == 0)
		delete_below(take_fd(&old), st.st_dev, delete_depth_max);
	return r;
}

int stage_switch(struct boot *b, struct fail *f)
{
	int r;

	journal_close(&b->journal);
	b->traffic = tpm_finish(&b->tpm);
	if (b->lower_fd >= 0)
		(void)close(take_fd(&b->lower_fd)); /* a directory */
	r = move_mounts(f);
	if (r < 0)
		return r;
	hide_layers();
	r = switch_root(f);
	if (r < 0)
		return r;
	b->switched = true;
	return 0;
}
