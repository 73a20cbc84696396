// SPDX-License-Identifier: MIT
/* See disk-lock.h. */
#include "cvmctl/tool/disk-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/own.h"

enum {
	/* RAW_LOCK_PERM_BASE to behind RAW_LOCK_SHARED_BASE, 64 bits each */
	lock_at = 100,
	lock_len = 200 + 64 - lock_at,
};

int disk_lock_fd(int fd, const char *path, struct fail *f)
{
	/* of the open file, which a child or a second open does not end */
	struct flock lock = { .l_type = F_WRLCK,
			      .l_whence = SEEK_SET,
			      .l_start = lock_at,
			      .l_len = lock_len };
	int r = fcntl(fd, F_OFD_SETLK, &lock);

	/* QEMU's own are shared: it gets as far as asking who has it */
	lock.l_type = F_RDLCK;
	if (r == 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return fail_errno(f, errno, "check file systems", "lock %s",
				  path);
	(void)fail_because(f, "it is in use by another program",
			   "end the VM or the cvmctl that has it open",
			   "write to %s", path);
	return -EBUSY;
}

int disk_lock(const char *path, struct fail *f)
{
	own_fd int disk = open(path, O_PATH | O_CLOEXEC);
	own_fd int fd = -1;
	struct stat st;
	int r;

	if (disk < 0 || fstat(disk, &st) < 0)
		return fail_errno(f, errno, "check the path", "open %s", path);
	if (S_ISBLK(st.st_mode))
		return take_fd(&disk);
	if (!S_ISREG(st.st_mode))
		return fail_because(f, "it is neither a disk nor a file",
				    "give a disk or an image file", "open %s",
				    path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(f, errno, "check the path", "open %s", path);
	r = disk_lock_fd(fd, path, f);
	return r < 0 ? r : take_fd(&fd);
}
