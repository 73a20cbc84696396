// SPDX-License-Identifier: MIT
/* See io.h. */
#include "lib/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/own.h"
#include "lib/text.h"

enum { read_step = 64 * 1024, open_tries = 100 };

/* Grows *buf so that at least one more byte than len fits, up to limit. */
static int grow(uint8_t **buf, size_t *cap, size_t limit)
{
	size_t want = *cap ? *cap * 2 : read_step;
	uint8_t *bigger;

	if (want > limit)
		want = limit;
	bigger = realloc(*buf, want);
	if (!bigger)
		return -ENOMEM;
	*buf = bigger;
	*cap = want;
	return 0;
}

int io_read_fd(int fd, size_t max, struct bytes *ret)
{
	/* one byte to notice a file that is too long, one for the NUL */
	size_t limit = max + 2;
	own_free uint8_t *buf = NULL;
	size_t cap = 0;
	size_t len = 0;

	if (max > SSIZE_MAX - 2)
		return -EINVAL;
	for (;;) {
		ssize_t n;

		if (len + 1 >= cap && grow(&buf, &cap, limit) < 0)
			return -ENOMEM;
		n = read(fd, buf + len, cap - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return -EFBIG;
	}
	buf[len] = '\0';
	*ret = (struct bytes){ take_ptr(buf), len };
	return 0;
}

int io_read_file(int dirfd, const char *path, size_t max, struct bytes *ret)
{
	own_fd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return io_read_fd(fd, max, ret);
}

int io_read_line(int dirfd, const char *path, char *ret, size_t size)
{
	own_fd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = 0;

	if (fd < 0)
		return -errno;
	while (len < size) {
		ssize_t n = read(fd, ret + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len == size)
		return -EFBIG;
	ret[len] = '\0';
	text_trim_end(ret);
	return 0;
}

int io_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int io_pwrite_all(int fd, const void *data, size_t len, off_t offset)
{
	const char *at = data;

	while (len) {
		ssize_t n = pwrite(fd, at, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		at += n;
		offset += n;
		len -= (size_t)n;
	}
	return 0;
}

int io_write_file(const char *path, const void *data, size_t len)
{
	own_fd int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return io_write_all(fd, data, len);
}

static int write_and_close(int *fd, const void *data, size_t len)
{
	int r = io_write_all(*fd, data, len);

	if (r == 0 && fsync(*fd) < 0)
		r = -errno;
	if (close(take_fd(fd)) < 0 && r == 0)
		r = -errno;
	return r;
}

/* A file of its own, whatever lies in wait; then as open(2) would make it. */
static int open_beside(char *tmp, mode_t mode)
{
	own_fd int fd = mkostemp(tmp, O_CLOEXEC);
	mode_t mask = umask(077);

	(void)umask(mask); /* there is no other way to read it */
	if (fd < 0)
		return -errno;
	if (fchmod(fd, mode & ~mask) < 0) {
		int r = -errno;

		(void)unlink(tmp);
		return r;
	}
	return take_fd(&fd);
}

int io_replace_file(const char *path, const void *data, size_t len, mode_t mode)
{
	own_text struct text tmp = { 0 };
	own_fd int fd = -1;
	struct stat st;
	int r;

	/* rename(2) would take a device's or a link's place */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return -EEXIST;
	text_add(&tmp, "%s.tmp-XXXXXX", path);
	if (text_failed(&tmp))
		return -ENOMEM;
	fd = open_beside(tmp.s, mode);
	if (fd < 0)
		return fd;
	r = write_and_close(&fd, data, len);
	if (r == 0 && rename(tmp.s, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(tmp.s); /* the failure to report is r */
	return r;
}

ssize_t io_pread_some(int fd, void *ret, size_t len, off_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (char *)ret + done, len - done,
				  offset + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int io_pread_all(int fd, void *ret, size_t len, off_t offset)
{
	ssize_t n = io_pread_some(fd, ret, len, offset);

	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EIO;
}

int io_open_in_root(int root_fd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (__u64)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	/*
	 * EAGAIN: a rename or mount anywhere in the system while ".." was
	 * resolved (openat2(2)); on a host that happens, so it is tried again.
	 */
	for (int tries = 0; tries < open_tries; tries++) {
		fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}
