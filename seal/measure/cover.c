// SPDX-License-Identifier: MIT
/* See cover.h. */
#include "seal/measure/cover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"

/* The path of a descriptor, as this process sees it. */
static int path_of(int fd, char ret[static PATH_MAX])
{
	char link[64];
	ssize_t len;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, ret, PATH_MAX - 1);
	if (len < 0)
		return -errno;
	ret[len] = '\0';
	return 0;
}

int cover_path(int root_fd, int fd, char ret[static PATH_MAX])
{
	char root[PATH_MAX];
	char path[PATH_MAX];
	size_t len;
	int r = path_of(root_fd, root);

	if (r == 0)
		r = path_of(fd, path);
	if (r < 0)
		return r;
	len = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (strncmp(path, root, len) != 0 ||
	    (path[len] != '/' && path[len] != '\0'))
		return -EXDEV;
	(void)snprintf(ret, PATH_MAX, "%s", path[len] ? path + len : "/");
	return 0;
}

/* True when a mount on path would change what is at measured. */
static bool would_change(const char *measured, enum event_kind kind,
			 const char *path)
{
	bool may_be_dir = kind == EVENT_DIRECTORY || kind == EVENT_VERITY;

	return text_is_below(measured, path) ||
	       (may_be_dir && text_is_below(path, measured));
}

static int check_event(const struct event *e, int root_fd,
		       const struct cover *c, const char *path, struct fail *f)
{
	own_fd int fd = io_open_in_root(root_fd, e->path, O_PATH);
	char real[PATH_MAX];
	int r = fd < 0 ? fd : cover_path(root_fd, fd, real);

	if (r < 0)
		return fail_errno(f, r, "mount it elsewhere",
				  "mount volume %s beside %s", c->volume,
				  e->path);
	if (!would_change(real, e->kind, path) &&
	    !would_change(e->path, e->kind, path) &&
	    !would_change(e->path, e->kind, c->mount))
		return 0;
	return fail_because(f, "it would hide or change what was measured",
			    "mount it elsewhere", "mount volume %s over %s",
			    c->volume, e->path);
}

int cover_check(const struct events *list, int root_fd, const struct cover *c,
		const char *path, struct fail *f)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n; i++)
		if (list->event[i].path && list->event[i].path[0] == '/')
			r = check_event(&list->event[i], root_fd, c, path, f);
	return r;
}
