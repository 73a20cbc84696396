// SPDX-License-Identifier: MIT
/*
 * What cvmctl check and build refuse of a kernel and [modules] load: modules
 * that are empty files, and indices that depmod makes of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "cvmctl/image/conf.h"
#include "cvmctl/image/modules-needs.h"
#include "cvmctl/tool/child.h"
#include "lib/own.h"
#include "tests/cvmctl.h"
#include "tests/image-tree.h"

#define MODULES "lib/modules/6.0-test"

/* boot.conf of the image tree has an overlay and a volume. */
#define ALL "dm-verity", "erofs", "overlay", "dm-crypt", "ext4"

static const struct needs_case {
	const char *name;
	const char *builtin[8];
	const char *module; /* there, and not in [modules] load */
	const char *line;   /* NULL: accepted */
} cases[] = {
	{ "all built in", { ALL, "virtio_blk" }, NULL, NULL },
	{ "with underscores",
	  { "dm_verity", "erofs", "overlay", "dm_crypt", "ext4" },
	  NULL,
	  NULL },
	{ "no dm-verity",
	  { "erofs", "overlay", "dm-crypt", "ext4" },
	  "dm-verity",
	  "cannot verify the root without dm-verity: [modules] load does not "
	  "name it, and init loads nothing else; add it to [modules] load in "
	  "boot.conf" },
	{ "no erofs",
	  { "dm-verity", "overlay", "dm-crypt", "ext4" },
	  "erofs",
	  "cannot mount the root without erofs: [modules] load does not name "
	  "it, and init loads nothing else; add it to [modules] load in "
	  "boot.conf" },
	{ "no overlay",
	  { "dm-verity", "erofs", "dm-crypt", "ext4" },
	  "overlay",
	  "cannot put an overlay on the root without overlay: [modules] load "
	  "does not name it, and init loads nothing else; add it to [modules] "
	  "load in boot.conf" },
	{ "no dm-crypt",
	  { "dm-verity", "erofs", "overlay", "ext4" },
	  "dm-crypt",
	  "cannot open a volume without dm-crypt: [modules] load does not name "
	  "it, and init loads nothing else; add it to [modules] load in "
	  "boot.conf" },
	{ "no ext4 in the kernel",
	  { "dm-verity", "erofs", "overlay", "dm-crypt" },
	  NULL,
	  "cannot mount a volume without ext4: the kernel has neither built it "
	  "in nor as a module; use a kernel that has it" },
	{ "kernel without dm-verity",
	  { "erofs" },
	  NULL,
	  "cannot verify the root without dm-verity: the kernel has neither "
	  "built it in nor as a module; use a kernel that has it" },
};

static void make_modules(struct tree *t, const struct needs_case *c)
{
	const char *const depmod[] = { "depmod", "-b", t->path, "6.0-test",
				       NULL };
	own_text struct text builtin = { 0 };
	struct fail f = { 0 };
	char path[128];

	tree_dir(t, "lib");
	tree_dir(t, "lib/modules");
	tree_dir(t, MODULES);
	tree_dir(t, MODULES "/kernel");
	for (size_t i = 0; c->builtin[i]; i++)
		text_add(&builtin, "kernel/%s.ko\n", c->builtin[i]);
	assert_false(text_failed(&builtin));
	tree_file(t, MODULES "/modules.builtin", 0644, builtin.s);
	tree_file(t, MODULES "/modules.order", 0644, "");
	if (c->module) {
		(void)snprintf(path, sizeof(path), MODULES "/kernel/%s.ko",
			       c->module);
		tree_file(t, path, 0644, "");
	}
	assert_ok(child_run(depmod, "", 0, NULL, &f), &f);
}

static int check(struct fail *f)
{
	return cvmctl_run(command_check, f,
			  "check --boot boot.conf --kernel kernel "
			  "--modules " MODULES);
}

static void needs_are_checked(void **state)
{
	const struct needs_case *c = *state;
	struct fail f = { 0 };
	struct tree t;
	int r;

	image_tree_make(&t);
	make_modules(&t, c);
	r = check(&f);
	if (c->line)
		assert_refusal(r, &f, c->line);
	else
		assert_ok(r, &f);
	r = cvmctl_run(command_build, &f,
		       "build --root root --kernel kernel --modules " MODULES
		       " --init init --config boot.conf --output image");
	if (c->line)
		assert_refusal(r, &f, c->line);
	image_tree_remove(&t);
}

/* What the choice holds is there, whatever the kernel has. */
static void chosen_module_is_there(void **state)
{
	own_free struct modules *m = calloc(1, sizeof(*m));
	own_free struct boot_conf *conf = calloc(1, sizeof(*conf));
	struct fail f = { 0 };
	char path[] = "kernel/drivers/md/dm_verity.ko";
	char other[] = "kernel/drivers/md/dm-verity-more.ko";
	struct tree t;

	(void)state;
	image_tree_make(&t);
	make_modules(&t, &cases[2]);
	assert_non_null(m);
	assert_non_null(conf);
	assert_ok(conf_read_file("boot.conf", "", conf, &f), &f);
	assert_non_null(realpath(MODULES, m->dir));
	m->n = 1;
	m->module[0].path = other;
	assert_refusal(modules_check_needs(m, conf, &f), &f, cases[2].line);
	m->module[0].path = path;
	assert_ok(modules_check_needs(m, conf, &f), &f);
	image_tree_remove(&t);
}

/* A boot without volumes and overlay needs nothing for them. */
static void nothing_more_is_needed(void **state)
{
	static const struct needs_case few = { .builtin = { "dm-verity",
							    "erofs" } };
	struct fail f = { 0 };
	struct tree t;

	(void)state;
	image_tree_make(&t);
	make_modules(&t, &few);
	assert_int_equal(unlink("boot.conf"), 0);
	tree_file(&t, "boot.conf", 0644,
		  "[tpm]\nrequire = any\n[ima]\npolicy = none\n[root]\n"
		  "fs = erofs\n[overlay]\nmode = none\n[workload]\n"
		  "mode = supervise\n");
	assert_ok(check(&f), &f);
	image_tree_remove(&t);
}

/* stderr of an accepted check, for which the caller gives the kernel. */
static void read_notice(const struct needs_case *c, char ret[static 256])
{
	own_fd int saved = dup(STDERR_FILENO);
	own_fd int fd = memfd_create("stderr", MFD_CLOEXEC);
	struct fail f = { 0 };
	struct tree t;
	ssize_t len;
	int r;

	image_tree_make(&t);
	make_modules(&t, c);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	r = check(&f);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	assert_ok(r, &f);
	len = pread(fd, ret, 255, 0);
	assert_true(len >= 0);
	ret[len] = '\0';
	image_tree_remove(&t);
}

static void missing_disk_driver_is_said(void **state)
{
	static const struct needs_case disks = { .builtin = { ALL,
							      "virtio_scsi" } };
	char text[256];

	(void)state;
	read_notice(&cases[0], text);
	assert_string_equal(text, "");
	read_notice(&disks, text);
	assert_string_equal(text, "");
	read_notice(&cases[1], text);
	assert_string_equal(text, "cvmctl: notice: [modules] load names "
				  "neither virtio_blk nor virtio_scsi: the VM "
				  "needs another driver of its disks\n");
}

/* Without the index nobody knows what is built in: nothing is certain. */
static void unknown_kernel_is_accepted(void **state)
{
	struct fail f = { 0 };
	struct tree t;

	(void)state;
	image_tree_make(&t);
	make_modules(&t, &cases[7]);
	assert_int_equal(unlink(MODULES "/modules.builtin.bin"), 0);
	assert_ok(check(&f), &f);
	image_tree_remove(&t);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(needs_are_checked, cases),
		CASE(chosen_module_is_there),
		CASE(nothing_more_is_needed),
		CASE(missing_disk_driver_is_said),
		CASE(unknown_kernel_is_accepted),
	};

	child_extend_path();
	return table_run(tables, array_size(tables));
}
