// SPDX-License-Identifier: MIT
/*
 * Gives the verified root a place for writes: a tmpfs of bounded size over
 * the whole root, over a few directories, or none. What is written lives in
 * the VM's encrypted RAM and ends with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "init/boot.h"
#include "lib/io.h"
#include "lib/own.h"

static int mount_upper(const struct boot *b, struct fail *f)
{
	char options[128];

	(void)snprintf(options, sizeof(options),
		       "mode=0755,size=%llu,nr_inodes=%llu",
		       (unsigned long long)b->conf.overlay.size_bytes,
		       (unsigned long long)b->conf.overlay.inodes);
	if (mount("tmpfs", UPPER_PATH, "tmpfs", MS_NODEV, options) < 0)
		return fail_errno(f, errno, "give the VM more memory",
				  "mount the overlay's tmpfs");
	return 0;
}

/* What names one overlay: where its lower is, and where it is mounted. */
struct place {
	const char *path; /* in the root; "/" for all of it */
	size_t number;	  /* names its directories on the tmpfs */
};

/*
 * The merged directory shows the upper one's owner and mode, so they have to
 * be those of the lower one.
 */
static int make_upper(int lower, const char *path)
{
	struct stat st;

	if (fstat(lower, &st) < 0 || mkdir(path, 0700) < 0 ||
	    chown(path, st.st_uid, st.st_gid) < 0 ||
	    chmod(path, st.st_mode & 07777) < 0)
		return -errno;
	return 0;
}

static int make_directories(int lower, const char *upper, const char *work)
{
	int r = make_upper(lower, upper);

	if (r == 0 && mkdir(work, 0700) < 0)
		r = -errno;
	return r;
}

/*
 * Both ends by descriptor: a link on the root leads nowhere else, and no byte
 * of a path is taken for a mount option. redirect_dir, metacopy and index
 * stay off: they trust extended attributes of layers.
 */
static int mount_at(int lower, int target, size_t number)
{
	char upper[64];
	char work[64];
	char at[64];
	char options[320];
	int r;

	(void)snprintf(upper, sizeof(upper), UPPER_PATH "/upper%zu", number);
	(void)snprintf(work, sizeof(work), UPPER_PATH "/work%zu", number);
	(void)snprintf(at, sizeof(at), "/proc/self/fd/%d", target);
	(void)snprintf(options, sizeof(options),
		       "lowerdir=/proc/self/fd/%d,upperdir=%s,workdir=%s,"
		       "redirect_dir=off,metacopy=off,index=off,xino=on",
		       lower, upper, work);
	r = make_directories(lower, upper, work);
	if (r == 0 && mount("overlay", at, "overlay", MS_NODEV, options) < 0)
		r = -errno;
	return r;
}

static int mount_overlay(const struct boot *b, const struct place *place,
			 struct fail *f)
{
	own_fd int new_root = open(NEW_ROOT_PATH, O_PATH | O_CLOEXEC);
	own_fd int lower =
		io_open_in_root(b->lower_fd, place->path, O_PATH | O_DIRECTORY);
	own_fd int target =
		io_open_in_root(new_root, place->path, O_PATH | O_DIRECTORY);
	int r;

	if (lower < 0 || target < 0)
		return fail_errno(f, lower < 0 ? lower : target,
				  "create the directory on the root",
				  "put an overlay on %s", place->path);
	r = mount_at(lower, target, place->number);
	if (r < 0)
		return fail_errno(f, r,
				  "check [overlay] in boot.conf, and overlay "
				  "in its [modules]",
				  "put an overlay on %s", place->path);
	return 0;
}

static int bind_root(struct fail *f)
{
	if (mount(LOWER_PATH, NEW_ROOT_PATH, NULL, MS_BIND, NULL) < 0)
		return fail_errno(f, errno,
				  "use a kernel that lets PID 1 mount",
				  "bind the verified root");
	return 0;
}

int stage_overlay(struct boot *b, struct fail *f)
{
	const struct boot_dirs *dirs = &b->conf.overlay.dirs;
	int r = 0;

	if (b->conf.overlay.mode != BOOT_OVERLAY_NONE)
		r = mount_upper(b, f);
	if (r < 0)
		return r;
	if (b->conf.overlay.mode == BOOT_OVERLAY_ROOT)
		return mount_overlay(b, &(struct place){ "/", 0 }, f);
	r = bind_root(f);
	for (size_t i = 0; r == 0 && i < dirs->n; i++)
		r = mount_overlay(b, &(struct place){ dirs->path[i], i }, f);
	return r;
}
