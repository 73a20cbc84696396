/* SPDX-License-Identifier: MIT */
/*
 * A temporary directory to make hostile trees in: tree_make(), then paths
 * below tree_path, then tree_remove(). Failures end the test.
 */
#ifndef TESTS_TMPTREE_H
#define TESTS_TMPTREE_H

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tree {
	char path[PATH_MAX / 2];
	int fd;
};

static inline void tree_check(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		abort();
	}
}

static inline int tree_remove_one(const char *path, const struct stat *st,
				  int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void tree_make(struct tree *t)
{
	/* memory, where there is some: large trees in little time */
	(void)snprintf(t->path, sizeof(t->path), "%s/cvm-tree-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	tree_check(mkdtemp(t->path) != NULL, t->path);
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tree_check(t->fd >= 0, t->path);
}

static inline void tree_remove(struct tree *t)
{
	(void)close(t->fd);
	tree_check(nftw(t->path, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS) ==
			   0,
		   t->path);
}

static inline void tree_dir(struct tree *t, const char *name)
{
	tree_check(mkdirat(t->fd, name, 0755) == 0 &&
			   fchmodat(t->fd, name, 0755, 0) == 0,
		   name);
}

static inline void tree_file(struct tree *t, const char *name, mode_t mode,
			     const char *text)
{
	int fd = openat(t->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	tree_check(fd >= 0 &&
			   write(fd, text, strlen(text)) ==
				   (ssize_t)strlen(text) &&
			   fchmod(fd, mode) == 0 && close(fd) == 0,
		   name);
}

static inline void tree_link(struct tree *t, const char *name,
			     const char *target)
{
	tree_check(symlinkat(target, t->fd, name) == 0, name);
}

#endif
