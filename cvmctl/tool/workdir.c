// SPDX-License-Identifier: MIT
/* See workdir.h. */
#include "cvmctl/tool/workdir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cvmctl/tool/interrupt.h"

int workdir_make(const char *beside, struct workdir *ret, struct fail *f)
{
	struct workdir w;
	sigset_t before;
	size_t len = strlen(beside);
	int r;

	while (len > 1 && beside[len - 1] == '/')
		len--;
	if ((size_t)snprintf(w.path, sizeof(w.path), "%.*s.tmp-XXXXXX",
			     (int)len,
			     beside) >= sizeof(w.path) - workdir_name_max)
		return fail_errno(f, ENAMETOOLONG, "choose a shorter path",
				  "make a directory beside %s", beside);
	interrupt_block(&before);
	r = mkdtemp(w.path) ? 0 : -errno;
	if (r == 0)
		interrupt_add_path(w.path);
	interrupt_unblock(&before);
	if (r < 0)
		return fail_errno(f, r, "choose a place you can write to",
				  "make a directory beside %s", beside);
	*ret = w;
	return 0;
}

void workdir_remove(struct workdir *w)
{
	sigset_t before;

	if (!w->path[0])
		return;
	interrupt_remove_tree(w->path);
	interrupt_block(&before);
	interrupt_drop_path(w->path);
	interrupt_unblock(&before);
	w->path[0] = '\0';
}

void workdir_join(const struct workdir *w, const char *name,
		  char ret[static PATH_MAX])
{
	(void)snprintf(ret, PATH_MAX, "%.*s/%s", PATH_MAX - workdir_name_max,
		       w->path, name); /* fits */
}
