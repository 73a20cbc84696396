// SPDX-License-Identifier: MIT
/* Who an app runs as, by the /etc/passwd and /etc/group of a root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/table.h"

#include "config/users.h"
#include "lib/own.h"
#include "lib/text.h"
#include "tests/line.h"
#include "tests/tmptree.h"

#define PASSWD                               \
	"root:x:0:0:root:/root:/bin/sh\n"    \
	"not a line\n"                       \
	"web:x:1000:1001::/srv:/bin/false\n" \
	"web:x:1:1::/other:/bin/false\n"

static const struct user_case {
	const char *name;
	const char *user;
	const char *passwd, *group; /* NULL: no such file */
	size_t groups;
	gid_t last;
	const char *line; /* NULL: found */
} users[] = {
	{ "in no more groups", "web", PASSWD, NULL, 1, 1001, NULL },
	{ "in groups of others", "web", PASSWD, "a:x:7:root,webs\nb:x:8:\n", 1,
	  1001, NULL },
	{ "in two more", "web", PASSWD,
	  "a:x:7:web\nweb:x:1001:web\nb:x:8:root,web\nc:x:7:web\n", 3, 8,
	  NULL },
	{ "unknown", "nobdy", PASSWD, NULL, 0, 0,
	  "cannot run app one as user nobdy: /etc/passwd does not know it; "
	  "add the user to the root, or change user in apps.conf" },
	{ "half a name", "we", PASSWD, NULL, 0, 0,
	  "cannot run app one as user we: /etc/passwd does not know it; "
	  "add the user to the root, or change user in apps.conf" },
	{ "no passwd", "web", NULL, NULL, 0, 0,
	  "cannot run app one as user web: No such file or directory; put "
	  "/etc/passwd and /etc/group in the root as files that can be read" },
};

static struct app app_of(const char *user)
{
	struct app app = { .name = "one" };

	(void)snprintf(app.user, sizeof(app.user), "%s", user);
	return app;
}

static void make_root(struct tree *t, const char *passwd, const char *group)
{
	tree_make(t);
	tree_dir(t, "etc");
	if (passwd)
		tree_file(t, "etc/passwd", 0644, passwd);
	if (group)
		tree_file(t, "etc/group", 0644, group);
}

static void user_is_found(void **state)
{
	const struct user_case *c = *state;
	const struct app app = app_of(c->user);
	struct fail f = { 0 };
	struct user user;
	struct tree t;
	int r;

	make_root(&t, c->passwd, c->group);
	r = users_find(t.fd, &app, &user, &f);
	tree_remove(&t);
	if (c->line) {
		assert_refusal(r, &f, c->line);
		return;
	}
	assert_ok(r, &f);
	assert_int_equal(user.uid, 1000);
	assert_int_equal(user.gid, 1001);
	assert_string_equal(user.home, "/srv");
	assert_int_equal(user.groups_n, c->groups);
	assert_int_equal(user.groups[0], 1001);
	assert_int_equal(user.groups[c->groups - 1], c->last);
}

/* A user may be in 64 groups, one of them its own, and no more. */
static void groups_are_counted(void **state)
{
	const struct app app = app_of("web");
	own_text struct text group = { 0 };
	struct fail f = { 0 };
	struct user user;
	struct tree t;

	(void)state;
	for (unsigned i = 1; i < user_groups_max; i++)
		text_add(&group, "g%u:x:%u:web\n", i, 2000 + i);
	assert_false(text_failed(&group));
	make_root(&t, PASSWD, group.s);
	assert_ok(users_find(t.fd, &app, &user, &f), &f);
	assert_int_equal(user.groups_n, user_groups_max);
	tree_remove(&t);
	text_add(&group, "more:x:3000:web\n");
	assert_false(text_failed(&group));
	make_root(&t, PASSWD, group.s);
	assert_refusal(users_find(t.fd, &app, &user, &f), &f,
		       "cannot run app one as user web: it is in over 64 "
		       "groups; put the user in fewer groups");
	tree_remove(&t);
}

/* Without user an app is root, in no other group, of whatever root. */
static void root_needs_no_file(void **state)
{
	const struct app app = app_of("");
	struct fail f = { 0 };
	struct user user;
	struct tree t;

	(void)state;
	make_root(&t, NULL, NULL);
	assert_ok(users_find(t.fd, &app, &user, &f), &f);
	assert_int_equal(user.uid, 0);
	assert_int_equal(user.groups_n, 0);
	assert_string_equal(user.home, "/");
	tree_remove(&t);
}

/* A link of the root stays in the root. */
static void links_stay_in_the_root(void **state)
{
	const struct app app = app_of("web");
	struct fail f = { 0 };
	struct user user;
	struct tree t;

	(void)state;
	make_root(&t, NULL, NULL);
	tree_dir(&t, "usr");
	tree_file(&t, "usr/passwd", 0644, PASSWD);
	tree_link(&t, "etc/passwd", "/usr/passwd");
	assert_ok(users_find(t.fd, &app, &user, &f), &f);
	assert_int_equal(user.uid, 1000);
	tree_remove(&t);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(user_is_found, users),
		CASE(groups_are_counted),
		CASE(root_needs_no_file),
		CASE(links_stay_in_the_root),
	};

	return table_run(tables, array_size(tables));
}
