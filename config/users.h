/* SPDX-License-Identifier: MIT */
/*
 * The user that an app runs as, by /etc/passwd and /etc/group of a root:
 * init becomes it, cvmctl finds before the boot that there is none.
 */
#ifndef CONFIG_USERS_H
#define CONFIG_USERS_H

#include <limits.h>
#include <sys/types.h>

#include "config/apps.h"
#include "lib/fail.h"

enum { user_groups_max = 64 };

struct user {
	uid_t uid;
	gid_t gid;
	gid_t groups[user_groups_max]; /* gid is the first */
	size_t groups_n;
	char home[PATH_MAX];
};

/*
 * That of app; root in no other group when apps.conf names none. root_fd is
 * of the root, which may be "/". 0 or -errno.
 */
int users_find(int root_fd, const struct app *app, struct user *ret,
	       struct fail *f);

#endif
