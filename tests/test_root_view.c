// SPDX-License-Identifier: MIT
/*
 * apps.conf beside a directory: predict says what it says of the tree with the
 * file in it, and cp is only run where that file would itself be measured.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "lib/own.h"
#include "tests/cvmctl.h"
#include "tests/image-tree.h"

#define BESIDE "predict --root root --apps beside"

static const struct seen {
	const char *name;
	const char *measure;
	bool has_apps; /* another apps.conf in the tree */
	bool copied;
} seen[] = {
	{ "a directory aside", "/app", true, false },
	{ "no apps.conf in the tree", "/app", false, false },
	{ "a file aside", "/app/run", true, false },
	{ "a file beside it", "/etc/cvm-init/other", true, true },
	{ "the root", "/", true, true },
	{ "/etc", "/etc", true, true },
	{ "/etc, which is to hold it", "/etc", false, true },
	{ "/etc by a link", "/link", true, true },
	{ "its directory", "/etc/cvm-init", true, true },
	{ "its directory, which is to be", "/etc/cvm-init", false, true },
	{ "the file", "/etc/cvm-init/apps.conf", true, true },
	{ "the file, which is to be", "/etc/cvm-init/apps.conf", false, true },
	{ "another name of the file", "/hard", true, true },
	{ "the name in part", "/etc/cvm-init2", true, false },
};

static void make_tree(struct tree *t, const struct seen *c, char *text,
		      size_t size)
{
	(void)snprintf(text, size, "[app web]\nexec = /app/run\nmeasure = %s\n",
		       c->measure);
	image_tree_make(t);
	tree_file(t, "beside", 0644, text);
	tree_link(t, "root/link", "etc");
	tree_dir(t, "root/etc/cvm-init2");
	tree_file(t, "root/etc/cvm-init/other", 0644, "other");
	tree_check(link("root/etc/cvm-init/apps.conf", "root/hard") == 0,
		   "hard");
	if (c->has_apps)
		return;
	tree_check(unlink("root/etc/cvm-init/other") == 0 &&
			   unlink("root/etc/cvm-init/apps.conf") == 0 &&
			   rmdir("root/etc/cvm-init") == 0,
		   "cvm-init");
}

/* True if the tree is not measured without a program. */
static bool is_copied(struct fail *f)
{
	own_free char *path = strdup(getenv("PATH"));
	int r;

	assert_non_null(path);
	assert_int_equal(setenv("PATH", "/none", 1), 0);
	r = cvmctl_run(command_check, f, "check --root root --apps beside");
	assert_int_equal(setenv("PATH", path, 1), 0);
	return r < 0;
}

static void sees(void **state)
{
	const struct seen *c = *state;
	own_bytes struct bytes beside = { 0 };
	own_bytes struct bytes inside = { 0 };
	char text[256];
	struct fail f = { 0 };
	struct tree t;

	make_tree(&t, c, text, sizeof(text));
	assert_int_equal(is_copied(&f), c->copied);
	if (c->copied)
		assert_string_equal(f.what, "run cp");
	cvmctl_capture(command_predict, BESIDE, &beside);
	(void)mkdir("root/etc/cvm-init", 0755); /* may be there */
	(void)unlink("root/etc/cvm-init/apps.conf");
	tree_file(&t, "root/etc/cvm-init/apps.conf", 0644, text);
	cvmctl_capture(command_predict, "predict --root root", &inside);
	assert_string_equal((char *)beside.data, (char *)inside.data);
	image_tree_remove(&t);
}

static const struct refused {
	const char *name;
	const char *remove; /* below the root */
	const char *put;    /* a file in its place, or NULL */
	const char *line;
} refused[] = {
	{ "no mount point", "dev", NULL,
	  "cannot mount on /dev of the root: No such file or directory; create "
	  "the directory in the root" },
	{ "nowhere to put it", "etc", NULL,
	  "cannot write /etc/cvm-init/apps.conf in the root: No such file or "
	  "directory; check /etc of the root" },
	{ "no directory", "etc/cvm-init", "",
	  "cannot write /etc/cvm-init/apps.conf in the root: Not a directory; "
	  "check /etc of the root" },
};

static void check_refuses(void **state)
{
	const struct refused *c = *state;
	char path[64];
	char line[fail_line_max];
	struct fail f = { 0 };
	struct tree t;

	image_tree_make(&t);
	tree_file(&t, "beside", 0644, "# another\n" IMAGE_TREE_APPS);
	(void)unlink("root/etc/cvm-init/apps.conf");
	(void)rmdir("root/etc/cvm-init");
	(void)snprintf(path, sizeof(path), "root/%s", c->remove);
	(void)rmdir(path);
	if (c->put)
		tree_file(&t, path, 0644, c->put);
	assert_true(cvmctl_run(command_check, &f,
			       "check --boot boot.conf --apps beside "
			       "--root root") < 0);
	(void)snprintf(line, sizeof(line), "cannot %s: %s; %s", f.what,
		       f.reason, f.remedy);
	assert_string_equal(line, c->line);
	image_tree_remove(&t);
}

int main(void)
{
	const struct table tables[] = { TABLE(sees, seen),
					TABLE(check_refuses, refused) };

	/* progress is not what is tested */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return table_run(tables, array_size(tables));
}
