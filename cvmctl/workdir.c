// SPDX-License-Identifier: MIT
/* See workdir.h. */
#include "cvmctl/workdir.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { walk_fds = 32 };

int workdir_make(const char *beside, struct workdir *ret, struct fail *f)
{
	struct workdir w;
	size_t len = strlen(beside);

	while (len > 1 && beside[len - 1] == '/')
		len--;
	if ((size_t)snprintf(w.path, sizeof(w.path), "%.*s.tmp-XXXXXX",
			     (int)len, beside) >= sizeof(w.path))
		return fail_errno(f, ENAMETOOLONG, "choose a shorter path",
				  "make a directory beside %s", beside);
	if (!mkdtemp(w.path))
		return fail_errno(f, errno, "choose a place you can write to",
				  "make a directory beside %s", beside);
	*ret = w;
	return 0;
}

static int make_writable(const char *path, const struct stat *st, int type,
			 struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_D || type == FTW_DNR)
		(void)chmod(path, 0700); /* the removal will say */
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path); /* what stays is only garbage with our name */
	return 0;
}

void workdir_remove(struct workdir *w)
{
	if (!w->path[0])
		return;
	/* read-only directories stop anyone but root */
	(void)nftw(w->path, make_writable, walk_fds, FTW_PHYS | FTW_MOUNT);
	(void)nftw(w->path, remove_one, walk_fds,
		   FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	w->path[0] = '\0';
}

int workdir_join(const struct workdir *w, const char *name,
		 char ret[static PATH_MAX])
{
	char path[PATH_MAX + NAME_MAX + 2];

	if (snprintf(path, sizeof(path), "%s/%s", w->path, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(ret, path, strlen(path) + 1);
	return 0;
}
