// SPDX-License-Identifier: MIT
/* See content.h. */
#include "seal/content.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "lib/io.h"
#include "lib/own.h"

enum { workers_max = 8 };

struct work {
	struct content *list;
	size_t n;
	atomic_size_t next; /* the first file that nobody has taken */
};

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

static int digest_one(struct content *c)
{
	/* O_NONBLOCK: a fifo that took the file's place must not block */
	own_fd int fd = io_open_in_root(c->dir_fd, c->path,
					O_RDONLY | O_NOCTTY | O_NONBLOCK);
	struct stat now;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &now) < 0)
		return -errno;
	if (!same_state(&c->st, &now))
		return -ESTALE;
	r = digest_fd(c->algs, fd, &c->digests);
	if (r < 0)
		return r;
	if (fstat(fd, &now) < 0)
		return -errno;
	return same_state(&c->st, &now) ? 0 : -ESTALE;
}

static void *work(void *arg)
{
	struct work *w = arg;
	size_t i;

	while ((i = atomic_fetch_add(&w->next, 1)) < w->n)
		w->list[i].error = digest_one(&w->list[i]);
	return NULL;
}

void content_digest(struct content *list, size_t n)
{
	struct work w = { .list = list, .n = n };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t thread[workers_max];
	size_t threads = 0;

	/* this thread works too; without helpers it does everything */
	while (threads < workers_max && (long)threads + 1 < cpus &&
	       threads + 1 < n &&
	       pthread_create(&thread[threads], NULL, work, &w) == 0)
		threads++;
	(void)work(&w); /* always NULL */
	for (size_t i = 0; i < threads; i++)
		(void)pthread_join(thread[i], NULL); /* ours, joined once */
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
