// SPDX-License-Identifier: MIT
/* Programs of others that are not there, or that end badly. */
#include <stdlib.h>

#include "tests/table.h"

#include "cvmctl/tool/child.h"
#include "lib/own.h"
#include "tests/line.h"
#include "tests/tmptree.h"

/* All that cvmctl runs. */
static const struct missing {
	const char *program;
	const char *package;
} missing_programs[] = {
	{ "cp", "coreutils" },
	{ "depmod", "kmod" },
	{ "fsck.erofs", "erofs-utils" },
	{ "gzip", "gzip" },
	{ "mkfs.erofs", "erofs-utils" },
	{ "mkfs.ext4", "e2fsprogs" },
	{ "tar", "tar" },
	{ "xz", "xz-utils" },
	{ "zstd", "zstd" },
};

static void names_the_package(void **state)
{
	const struct missing *c = *state;
	const char *const argv[] = { c->program, NULL };
	char line[fail_line_max];
	struct fail f = { 0 };
	struct tree t;

	tree_make(&t);
	assert_int_equal(setenv("PATH", t.path, 1), 0);
	(void)snprintf(line, sizeof(line),
		       "cannot run %s: No such file or directory; install the "
		       "package %s",
		       c->program, c->package);
	assert_refusal(child_run(argv, "never seen", 0, NULL, &f), &f, line);
	tree_remove(&t);
}

static const struct ending {
	const char *script;
	const char *line;
} endings[] = {
	{ "exit 3", "cannot run sh: it ended with status 3; do better" },
	{ "echo no >&2; echo; echo 'not that' >&2; exit 1",
	  "cannot run sh: it ended with status 1: not that; do better" },
	{ "echo tar: it is none >&2; echo tar: Error is not recoverable: "
	  "exiting now >&2; exit 2",
	  "cannot run sh: it ended with status 2: tar: it is none; do better" },
	{ "echo gzip: it is none >&2; echo tar: Child returned status 1 >&2; "
	  "echo tar: Exiting with failure status due to previous errors >&2; "
	  "exit 2",
	  "cannot run sh: it ended with status 2: gzip: it is none; do "
	  "better" },
	{ "echo tar: Error is not recoverable: exiting now >&2; exit 2",
	  "cannot run sh: it ended with status 2: tar: Error is not "
	  "recoverable: exiting now; do better" },
	{ "echo format : [Error 28] No space left on device >&2; exit 1",
	  "cannot run sh: it ended with status 1: format : [Error 28] No space "
	  "left on device; free disk space" },
	{ "kill -KILL $$",
	  "cannot run sh: it was ended by signal 9; do better" },
};

static void says_how_it_ended(void **state)
{
	const struct ending *c = *state;
	const char *const argv[] = { "sh", "-c", c->script, NULL };
	struct fail f = { 0 };

	assert_int_equal(setenv("PATH", "/bin:/usr/bin", 1), 0);
	assert_refusal(child_run(argv, "do better", 0, NULL, &f), &f, c->line);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(names_the_package, missing_programs),
		TABLE(says_how_it_ended, endings),
	};

	return table_run(tables, array_size(tables));
}
