// SPDX-License-Identifier: MIT
/*
 * What cvmctl check and build refuse because init would, by table: users,
 * volumes over what is measured. Needs no root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "tests/cvmctl.h"
#include "tests/image-tree.h"

#define NOBDY                                                              \
	"cannot run app web as user nobdy: /etc/passwd does not know it; " \
	"add the user to the root, or change user in apps.conf"
#define COVERS(path)                                                       \
	"cannot mount volume data over " path ": it would hide or change " \
	"what was measured; mount it elsewhere"

static const struct check_case {
	const char *words; /* behind "cvmctl check" */
	const char *line;  /* NULL: accepted */
} checks[] = {
	{ "--boot boot.conf --kernel init --modules mods",
	  "cannot use kernel init: it is not a bzImage; give the vmlinuz of an "
	  "x86-64 kernel" },
	{ "--boot boot.conf --kernel kernel --modules none",
	  "cannot find none: No such file or directory; check --modules" },
	{ "--boot boot.conf --kernel kernel --modules mods", NULL },
	{ "--root root --apps user.conf", NOBDY },
	{ "--root root --apps user.conf --boot boot.conf", NOBDY },
	{ "--root root --apps web.conf --boot boot.conf", NULL },
	/* the root's own init may know more users */
	{ "--root root --apps user.conf --boot exec.conf", NULL },
	/* a volume may hold it */
	{ "--root linked --boot boot.conf", NULL },
	{ "--root linked",
	  "cannot run app web as user web: No such file or directory; put "
	  "/etc/passwd and /etc/group in the root as files that can be read" },
	{ "--root root --boot boot.conf", NULL },
	{ "--root root --boot over.conf", COVERS("/app/run") },
	{ "--root root --boot link.conf", COVERS("/app/run") },
	{ "--root root --boot inside.conf", COVERS("/app") },
	{ "--root root --boot beside.conf", NULL },
	{ "--root root --boot etc.conf", COVERS("/etc/cvm-init/apps.conf") },
};

static void boot_conf(struct tree *t, const char *name, const char *mount,
		      const char *workload)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "[tpm]\nrequire = any\n[ima]\npolicy = none\n[root]\n"
		       "fs = erofs\n[volume data]\ndevice = /dev/vdb\n"
		       "mount = %s\n[workload]\n%s\n",
		       mount, workload);
	tree_file(t, name, 0644, text);
}

static void add_inputs(struct tree *t)
{
	static const char *const dirs[] = {
		"root/app/inside", "root/app-data",	  "linked",
		"linked/app",	   "linked/data",	  "linked/dev",
		"linked/etc",	   "linked/etc/cvm-init", "linked/proc",
		"linked/run",	   "linked/sys",
	};

	for (size_t i = 0; i < array_size(dirs); i++)
		tree_dir(t, dirs[i]);
	tree_link(t, "root/link", "app");
	tree_file(t, "root/etc/passwd", 0644, "web:x:1:1::/:/bin/sh\n");
	tree_link(t, "linked/etc/passwd", "/data/passwd");
	tree_file(t, "linked/app/run", 0755, "");
	tree_file(t, "linked/etc/cvm-init/apps.conf", 0644,
		  "[app web]\nexec = /app/run\nuser = web\n");
	tree_file(t, "user.conf", 0644,
		  "[app web]\nexec = /app/run\nuser = nobdy\n");
	tree_file(t, "web.conf", 0644,
		  "[app web]\nexec = /app/run\nuser = web\n");
	boot_conf(t, "exec.conf", "/data", "mode = exec\nexec = /app/run");
	boot_conf(t, "over.conf", "/app", "mode = supervise");
	boot_conf(t, "link.conf", "/link", "mode = supervise");
	boot_conf(t, "inside.conf", "/app/inside", "mode = supervise");
	boot_conf(t, "beside.conf", "/app-data", "mode = supervise");
	boot_conf(t, "etc.conf", "/etc", "mode = supervise");
}

static void assert_answer(int r, const struct fail *f, const char *line)
{
	if (line)
		assert_refusal(r, f, line);
	else
		assert_ok(r, f);
}

static void is_checked(void **state)
{
	const struct check_case *c = *state;
	struct fail f = { 0 };
	struct tree t;

	image_tree_make(&t);
	add_inputs(&t);
	assert_answer(cvmctl_run(command_check, &f, "check %s", c->words), &f,
		      c->line);
	image_tree_remove(&t);
}

static const struct build_case {
	const char *options;
	const char *line;
} builds[] = {
	{ "--config boot.conf --apps user.conf", NOBDY },
	{ "--config over.conf", COVERS("/app/run") },
	{ "--config inside.conf", COVERS("/app") },
	{ "--config exec.conf --apps user.conf", NULL },
};

static void is_built(void **state)
{
	const struct build_case *c = *state;
	struct fail f = { 0 };
	struct tree t;

	image_tree_make(&t);
	add_inputs(&t);
	assert_answer(cvmctl_run(command_build, &f,
				 "build --root root --kernel kernel --modules "
				 "mods --init init --output image %s",
				 c->options),
		      &f, c->line);
	image_tree_remove(&t);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(is_checked, checks),
		TABLE(is_built, builds),
	};

	return table_run(tables, array_size(tables));
}
