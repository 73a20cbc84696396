// SPDX-License-Identifier: MIT
/*
 * Gives the verified root a place for writes: a tmpfs of bounded size over
 * the whole root, over a few directories, or none. What is written lives in
 * the VM's encrypted RAM and ends with it.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "init/boot.h"
#include "lib/own.h"
#include "lib/text.h"

static int mount_upper(const struct boot *b, struct fail *f)
{
	char options[128];

	(void)snprintf(options, sizeof(options),
		       "mode=0755,size=%llu,nr_inodes=%llu",
		       (unsigned long long)b->conf.overlay.size_bytes,
		       (unsigned long long)b->conf.overlay.inodes);
	if (mount("tmpfs", UPPER_PATH, "tmpfs", MS_NODEV, options) < 0)
		return fail_errno(
			f, errno,
			"check [overlay] size and inodes in boot.conf",
			"mount the overlay's tmpfs");
	return 0;
}

/*
 * The top directory of an overlay shows the mode and the owner of its upper
 * directory: those of the root's own, such as 01777 for /tmp.
 */
static int make_upper(const char *path, const char *upper, const char *work,
		      struct fail *f)
{
	own_text struct text lower = { 0 };
	struct stat st;

	text_add(&lower, LOWER_PATH "%s", path);
	if (text_failed(&lower))
		return fail_errno(f, ENOMEM, "give the VM more memory",
				  "set up the overlay");
	if (stat(lower.s, &st) < 0)
		return fail_errno(f, errno,
				  "check [overlay] directory in boot.conf",
				  "find directory %s on the root", path);
	if (mkdir(upper, 0700) < 0 || mkdir(work, 0700) < 0 ||
	    chown(upper, st.st_uid, st.st_gid) < 0 ||
	    chmod(upper, st.st_mode & 07777) < 0)
		return fail_errno(f, errno,
				  "check [overlay] inodes in boot.conf",
				  "create %s", upper);
	return 0;
}

/*
 * One overlay: lower is below LOWER_PATH, target below NEW_ROOT_PATH, n names
 * its directories on the tmpfs. redirect_dir, metacopy and index stay off:
 * they trust extended attributes of layers.
 */
static int mount_overlay(const char *path, size_t n, struct fail *f)
{
	own_text struct text options = { 0 };
	own_text struct text target = { 0 };
	char upper[64];
	char work[64];
	int r;

	(void)snprintf(upper, sizeof(upper), UPPER_PATH "/upper%zu", n);
	(void)snprintf(work, sizeof(work), UPPER_PATH "/work%zu", n);
	text_add(&target, NEW_ROOT_PATH "%s", path);
	text_add(&options,
		 "lowerdir=" LOWER_PATH "%s,upperdir=%s,workdir=%s,"
		 "redirect_dir=off,metacopy=off,index=off,xino=on",
		 path, upper, work);
	if (text_failed(&options) || text_failed(&target))
		return fail_errno(f, ENOMEM, "give the VM more memory",
				  "set up the overlay");
	r = make_upper(path, upper, work, f);
	if (r < 0)
		return r;
	if (mount("overlay", target.s, "overlay", MS_NODEV, options.s) < 0)
		return fail_errno(f, errno,
				  "check [overlay] in boot.conf, and "
				  "overlay in [modules]",
				  "mount the overlay on %s", target.s);
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
		return mount_overlay("", 0, f);
	r = bind_root(f);
	for (size_t i = 0; r == 0 && i < dirs->n; i++)
		r = mount_overlay(dirs->path[i], i, f);
	return r;
}
