// SPDX-License-Identifier: MIT
/* See content.h; content_digest is in hash-pool.c. */
#include "seal/measure/content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

#include "lib/io.h"
#include "lib/own.h"

int content_find(int dir_fd, const char *path, struct content *ret)
{
	own_fd int fd = io_open_in_root(dir_fd, path, O_PATH);
	struct content found = { .dir_fd = dir_fd, .path = path };

	if (fd < 0)
		return fd;
	if (fstat(fd, &found.st) < 0)
		return -errno;
	*ret = found;
	return 0;
}

static bool same_state(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_mode == b->st_mode && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

int content_check(const struct content *c, int fd)
{
	struct stat now;

	if (fstat(fd, &now) < 0)
		return -errno;
	return same_state(&c->st, &now) ? 0 : -ESTALE;
}

int content_open(const struct content *c)
{
	/* O_NONBLOCK: a fifo that took the file's place must not block */
	own_fd int fd = io_open_in_root(c->dir_fd, c->path,
					O_RDONLY | O_NOCTTY | O_NONBLOCK);
	int r = fd < 0 ? fd : content_check(c, fd);

	return r < 0 ? r : take_fd(&fd);
}

int content_failed(const struct content *c, const char *name,
		   const char *remedy, struct fail *f)
{
	if (c->error != -ESTALE)
		return fail_errno(f, c->error, remedy, "measure %s", name);
	(void)fail_because(f, "it changed while it was read",
			   "let nothing write to the files that are measured",
			   "measure %s", name); /* the error is returned */
	return c->error;
}

const char *content_refusal(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFIFO: return "it is a fifo";
	case S_IFSOCK: return "it is a socket";
	case S_IFCHR: return "it is a character device";
	case S_IFBLK: return "it is a block device";
	case S_IFDIR: return "it is a directory";
	}
	return "it is not a regular file";
}
