// SPDX-License-Identifier: MIT
/*
 * See interrupt.h. The handler does the work itself, since what it interrupts
 * may be minutes of hashing that ask nobody: it calls only what
 * signal-safety(7) lists, and getdents64, which is a plain system call.
 */
#include "cvmctl/tool/interrupt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/own.h"

enum { paths_max = 4 }; /* a build has three at once */

static const int signals[] = { SIGHUP, SIGINT, SIGPIPE, SIGTERM };

/* File-scope, as a handler has no other way to know; changed while blocked. */
static char paths[paths_max][PATH_MAX];
static pid_t child;

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool remove_at(int dir, const char *name, dev_t device);

/* One pass over a directory; true when something went. */
static bool remove_content(int fd, dev_t device)
{
	_Alignas(struct dirent64) char buf[4096];
	bool removed = false;
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return false;
	while ((n = getdents64(fd, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *e = (void *)(buf + at);

			if (!is_dots(e->d_name) &&
			    remove_at(fd, e->d_name, device))
				removed = true;
			at += e->d_reclen;
		}
	return removed;
}

/* What stays is only garbage with our name. */
static bool remove_at(int dir, const char *name, dev_t device)
{
	struct stat st;
	int fd;

	if (unlinkat(dir, name, 0) == 0)
		return true;
	if (errno != EISDIR || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    st.st_dev != device)
		return false;
	/* read-only directories stop anyone but root */
	if (fchmodat(dir, name, 0700, 0) < 0)
		return false;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	/* some file systems skip entries while others are removed */
	while (remove_content(fd, device))
		;
	(void)close(fd);
	return unlinkat(dir, name, AT_REMOVEDIR) == 0;
}

void interrupt_remove_tree(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		(void)remove_at(AT_FDCWD, path, st.st_dev);
}

static void on_signal(int number)
{
	if (child > 0 && kill(child, SIGKILL) == 0)
		(void)waitpid(child, NULL, 0); /* it writes no more */
	for (size_t i = 0; i < array_size(paths); i++)
		if (paths[i][0])
			interrupt_remove_tree(paths[i]);
	(void)signal(number, SIG_DFL);
	(void)raise(number); /* comes when this handler returns */
}

static void fill_set(sigset_t *ret)
{
	(void)sigemptyset(ret);
	for (size_t i = 0; i < array_size(signals); i++)
		(void)sigaddset(ret, signals[i]);
}

void interrupt_install(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	fill_set(&action.sa_mask);
	for (size_t i = 0; i < array_size(signals); i++) {
		struct sigaction before;

		if (sigaction(signals[i], NULL, &before) == 0 &&
		    before.sa_handler != SIG_IGN) /* nohup(1) */
			(void)sigaction(signals[i], &action, NULL);
	}
}

void interrupt_block(sigset_t *ret_before)
{
	sigset_t set;

	fill_set(&set);
	(void)sigprocmask(SIG_BLOCK, &set, ret_before);
}

void interrupt_unblock(const sigset_t *before)
{
	(void)sigprocmask(SIG_SETMASK, before, NULL);
}

void interrupt_add_path(const char *path)
{
	for (size_t i = 0; i < array_size(paths); i++)
		if (!paths[i][0]) {
			(void)snprintf(paths[i], sizeof(paths[i]), "%s", path);
			return;
		}
}

void interrupt_drop_path(const char *path)
{
	for (size_t i = 0; i < array_size(paths); i++)
		if (strcmp(paths[i], path) == 0)
			paths[i][0] = '\0';
}

void interrupt_set_child(pid_t pid)
{
	child = pid;
}
