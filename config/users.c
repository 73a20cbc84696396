// SPDX-License-Identifier: MIT
/*
 * See users.h. The files alone are asked: no daemon that getpwnam() would ask
 * has a say in who an app is.
 */
#include "config/users.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>

#include "lib/io.h"
#include "lib/own.h"

/* NULL with errno. */
static FILE *open_file(int root_fd, const char *path)
{
	own_fd int fd = io_open_in_root(root_fd, path, O_RDONLY);
	FILE *file;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	file = fdopen(fd, "re");
	if (file)
		(void)take_fd(&fd); /* the stream's now */
	return file;
}

/* 1 when the name is there, 0 when not, or -errno. */
static int find_name(int root_fd, const char *name, struct user *ret)
{
	own_file FILE *file = open_file(root_fd, "/etc/passwd");
	const struct passwd *pw;

	if (!file)
		return -errno;
	errno = 0;
	while ((pw = fgetpwent(file))) {
		if (strcmp(pw->pw_name, name) != 0)
			continue;
		ret->uid = pw->pw_uid;
		ret->gid = pw->pw_gid;
		(void)snprintf(ret->home, sizeof(ret->home), "%s", pw->pw_dir);
		return 1;
	}
	return ferror(file) ? -EIO : 0;
}

static bool is_member(const struct group *g, const char *name)
{
	for (char *const *m = g->gr_mem; *m; m++)
		if (strcmp(*m, name) == 0)
			return true;
	return false;
}

static bool has_group(const struct user *u, gid_t gid)
{
	for (size_t i = 0; i < u->groups_n; i++)
		if (u->groups[i] == gid)
			return true;
	return false;
}

/* A root without /etc/group has no more groups. 0 or -errno. */
static int find_groups(int root_fd, const char *name, struct user *u)
{
	own_file FILE *file = open_file(root_fd, "/etc/group");
	const struct group *g;

	u->groups[u->groups_n++] = u->gid;
	if (!file)
		return errno == ENOENT ? 0 : -errno;
	errno = 0;
	while ((g = fgetgrent(file))) {
		if (!is_member(g, name) || has_group(u, g->gr_gid))
			continue;
		if (u->groups_n == user_groups_max)
			return -E2BIG;
		u->groups[u->groups_n++] = g->gr_gid;
	}
	return ferror(file) ? -EIO : 0;
}

static int refuse(const struct app *app, const char *reason, const char *remedy,
		  struct fail *f)
{
	return fail_because(f, reason, remedy, "run app %s as user %s",
			    app->name, app->user);
}

int users_find(int root_fd, const struct app *app, struct user *ret,
	       struct fail *f)
{
	int r;

	*ret = (struct user){ .home = "/" };
	if (!app->user[0])
		return 0;
	r = find_name(root_fd, app->user, ret);
	if (r == 0)
		return refuse(app, "/etc/passwd does not know it",
			      "add the user to the root, or change user in "
			      "apps.conf",
			      f);
	if (r > 0)
		r = find_groups(root_fd, app->user, ret);
	if (r == -E2BIG)
		return refuse(app, "it is in over 64 groups",
			      "put the user in fewer groups", f);
	return r < 0 ? fail_errno(f, r,
				  "put /etc/passwd and /etc/group in the root "
				  "as files that can be read",
				  "run app %s as user %s", app->name, app->user)
		     : 0;
}
