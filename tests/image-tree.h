/* SPDX-License-Identifier: MIT */
/*
 * Everything cvmctl build needs, as small as it gets, in a temporary
 * directory that becomes the working directory: root/, kernel, mods/, init,
 * boot.conf.
 */
#ifndef TESTS_IMAGE_TREE_H
#define TESTS_IMAGE_TREE_H

#include <elf.h>

#include "tests/tmptree.h"

#define IMAGE_TREE_CONF                                 \
	"[tpm]\nrequire = any\n"                        \
	"[ima]\npolicy = none\n"                        \
	"[root]\nfs = erofs\n"                          \
	"[volume data]\n"                               \
	"uuid = 6f0a8d1e-3b6c-4c0e-9d58-1f2b3c4d5e6f\n" \
	"mount = /data\n"                               \
	"[workload]\nmode = supervise\n"

#define IMAGE_TREE_APPS "[app web]\nexec = /app/run\nmeasure = /app\n"

/* A bzImage as far as its header goes; "version" is at 0x300. */
static inline void image_tree_kernel(struct tree *t, const char *version)
{
	unsigned char image[0x400] = { 0 };
	int fd = openat(t->fd, "kernel", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	memcpy(image + 0x202, "HdrS", 4);
	image[0x20e] = 0x00;
	image[0x20f] = 0x01;
	(void)snprintf((char *)image + 0x300, 0x100, "%s (builder) #1 SMP",
		       version);
	tree_check(fd >= 0 &&
			   write(fd, image, sizeof(image)) ==
				   (ssize_t)sizeof(image) &&
			   close(fd) == 0,
		   "kernel");
}

/* A static program as far as its headers go. */
static inline void image_tree_init(struct tree *t)
{
	const struct {
		Elf64_Ehdr head;
		Elf64_Phdr load;
	} init = {
		.head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64,
				       ELFDATA2LSB, EV_CURRENT },
			  .e_type = ET_EXEC,
			  .e_machine = EM_X86_64,
			  .e_version = EV_CURRENT,
			  .e_phoff = sizeof(Elf64_Ehdr),
			  .e_ehsize = sizeof(Elf64_Ehdr),
			  .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = 1 },
		.load = { .p_type = PT_LOAD },
	};
	int fd = openat(t->fd, "init", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	tree_check(fd >= 0 &&
			   write(fd, &init, sizeof(init)) ==
				   (ssize_t)sizeof(init) &&
			   close(fd) == 0,
		   "init");
}

static inline void image_tree_make(struct tree *t)
{
	static const char *const dirs[] = { "root",	 "root/app",
					    "root/data", "root/dev",
					    "root/etc",	 "root/etc/cvm-init",
					    "root/proc", "root/run",
					    "root/sys",	 "mods" };

	tree_make(t);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		tree_dir(t, dirs[i]);
	tree_file(t, "root/app/run", 0755, "#!/bin/true\n");
	tree_file(t, "root/etc/cvm-init/apps.conf", 0644, IMAGE_TREE_APPS);
	tree_file(t, "boot.conf", 0644, IMAGE_TREE_CONF);
	image_tree_init(t);
	image_tree_kernel(t, "6.0-test");
	tree_check(fchdir(t->fd) == 0, t->path);
}

static inline void image_tree_remove(struct tree *t)
{
	tree_check(chdir("/") == 0, "/");
	tree_remove(t);
}

static inline int image_tree_setup(void **state)
{
	static struct tree t;

	image_tree_make(&t);
	*state = &t;
	return 0;
}

static inline int image_tree_teardown(void **state)
{
	image_tree_remove(*state);
	return 0;
}

/* A test in a tree of its own. */
#define image_test(name)                                        \
	cmocka_unit_test_setup_teardown(name, image_tree_setup, \
					image_tree_teardown)

#endif
