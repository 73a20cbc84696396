// SPDX-License-Identifier: MIT
/*
 * A host that lets cvmctl down: rights, memory or entropy that it has not
 * got, programs that fail or write nothing, and kernel modules of another
 * kernel. Functions of libc and programs in PATH stand in for it.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "cvmctl/image/image.h"
#include "cvmctl/image/manifest.h"
#include "cvmctl/image/template.h"
#include "cvmctl/seal/seal-disk.h"
#include "lib/own.h"
#include "lib/text.h"
#include "tests/fault.h"
#include "tests/image-tree.h"
#include "tests/line.h"

#define MODULES "lib/modules/6.0-test"
#define VALUE	"0000000000000000000000000000000000000000"
#define BUILD	"build --output image --kernel kernel --init init --config "
#define PLAIN	BUILD "boot.conf --modules mods --root "
#define LOADED	BUILD "load.conf --modules " MODULES " --root root"

/* -- what stands in ------------------------------------------------------- */

static enum { as_we_are, as_root, as_somebody } rights;
static bool no_random;
static bool no_exchange;

uid_t geteuid(void)
{
	return rights == as_root ? 0 : rights == as_somebody ? 4711 : getuid();
}

ssize_t getrandom(void *data, size_t size, unsigned flags)
{
	if (no_random) {
		errno = ENOSYS;
		return -1;
	}
	return syscall(SYS_getrandom, data, size, flags);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to,
	      unsigned flags)
{
	if (no_exchange && flags & RENAME_EXCHANGE) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

/* -- kernel modules ------------------------------------------------------- */

/* An object file with nothing but .modinfo, which says "for which kernel". */
static void add_module(struct tree *t, const char *name, const char *kernel)
{
	static const char names[] = "\0.modinfo\0.shstrtab";
	char file[1024] = { 0 };
	Elf64_Ehdr header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_REL,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_shoff = 512,
		.e_ehsize = sizeof(header),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 3,
		.e_shstrndx = 2,
	};
	Elf64_Shdr section[3] = {
		{ 0 },
		{ .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_offset = 128 },
		{ .sh_name = 10,
		  .sh_type = SHT_STRTAB,
		  .sh_offset = 256,
		  .sh_size = sizeof(names) },
	};
	int n = snprintf(file + 128, 128, "vermagic=%s SMP ", kernel);
	int fd = openat(t->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	section[1].sh_size = (size_t)n + 1;
	memcpy(file, &header, sizeof(header));
	memcpy(file + 256, names, sizeof(names));
	memcpy(file + 512, section, sizeof(section));
	tree_check(fd >= 0 &&
			   write(fd, file, sizeof(file)) ==
				   (ssize_t)sizeof(file) &&
			   close(fd) == 0,
		   name);
}

static void add_modules(struct tree *t)
{
	static const char *const dirs[] = { "usr", "usr/lib", "usr/lib/modules",
					    "usr/" MODULES };

	for (size_t i = 0; i < array_size(dirs); i++)
		tree_dir(t, dirs[i]);
	tree_link(t, "lib", "usr/lib"); /* depmod looks in one of them */
	tree_file(t, MODULES "/modules.builtin", 0644,
		  "kernel/dm-verity.ko\nkernel/erofs.ko\nkernel/overlay.ko\n");
	tree_file(t, MODULES "/modules.order", 0644, "");
	add_module(t, MODULES "/ours.ko", "6.0-test");
	add_module(t, MODULES "/other.ko", "5.10-other");
	tree_check(system("PATH=$PATH:/usr/sbin:/sbin depmod -b . 6.0-test") ==
			   0,
		   "depmod");
}

/* -- commands ------------------------------------------------------------- */

#define MAKES_IMAGE "truncate -s 8192 $3"

static const struct refusal {
	const char *words;
	int rights;
	const char *program; /* one that we put into PATH */
	const char *script;
	const char *line;
} refusals[] = {
	{ "predict --image old", as_somebody, NULL, NULL,
	  "cannot extract the root of old: only root can keep the owners in "
	  "it; run as root, or give --root" },
	{ PLAIN "kernel", as_somebody, NULL, NULL,
	  "cannot unpack kernel: only root can keep the owners in it; run as "
	  "root, or give a directory" },
	{ PLAIN "kernel", as_root, "tar", "echo no tar >&2; exit 2",
	  "cannot unpack kernel with tar: it ended with status 2: no tar; check "
	  "--root" },
	{ PLAIN "root --apps other", as_somebody, NULL, NULL,
	  "cannot copy root: only root can keep its owners; run as root, or "
	  "put apps.conf into the root yourself" },
	{ PLAIN "root --apps other", as_root, "cp", "exit 1",
	  "cannot run cp: it ended with status 1; check --root" },
	{ PLAIN "locked --apps other", as_root, NULL, NULL,
	  "cannot write /etc/cvm-init/apps.conf in the root: Not a directory; "
	  "check /etc of the root" },
	{ PLAIN "root", as_we_are, "mkfs.erofs",
	  "echo '[Error 28] No space left on device' >&2; exit 1",
	  "cannot run mkfs.erofs: it ended with status 1: [Error 28] No space "
	  "left on device; free disk space" },
	{ PLAIN "root", as_we_are, "mkfs.erofs", "exit 1",
	  "cannot run mkfs.erofs: it ended with status 1; check the root" },
	{ PLAIN "root", as_we_are, "mkfs.erofs", "",
	  "cannot read image.tmp-XXXXXX/root.img: No such file or directory; "
	  "check file systems" },
	{ BUILD "policy.conf --modules mods --root root --ima-policy policy",
	  as_we_are, "mkfs.erofs", MAKES_IMAGE,
	  "cannot add init to the initramfs: File exists; check boot.conf and "
	  "--init" },
	{ LOADED, as_we_are, "depmod", "",
	  "cannot read modules.dep.bin: No such file or directory; check what "
	  "depmod writes" },
	{ BUILD "other.conf --modules " MODULES " --root root", as_we_are, NULL,
	  NULL,
	  "cannot use module other: it is for 5.10-other, the kernel is "
	  "6.0-test; give --kernel and --modules of one version" },
	{ BUILD "none.conf --modules " MODULES " --root root", as_we_are, NULL,
	  NULL,
	  "cannot find module none: the kernel has no such module; check "
	  "[modules] load in boot.conf" },
};

static void add_inputs(struct tree *t)
{
	static const char head[] =
		"[tpm]\nrequire = any\n[workload]\nmode = supervise\n";
	char text[512];

	tree_dir(t, "bin");
	tree_dir(t, "old");
	tree_file(t, "old/root.img", 0644, "");
	tree_file(t, "old/manifest.json", 0644,
		  "{\"type\":\"" IMAGE_TYPE "\",\"schema\":1}");
	tree_dir(t, "locked");
	tree_file(t, "locked/etc", 0644, "");
	tree_file(t, "other", 0644, "# another\n" IMAGE_TREE_APPS);
	tree_file(t, "policy", 0644, "measure func=BPRM_CHECK\n");
	(void)snprintf(text, sizeof(text), "%s[ima]\npolicy = /init\n", head);
	tree_file(t, "policy.conf", 0644, text);
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "ours", "other", "none" };
		static const char *const files[] = { "load.conf", "other.conf",
						     "none.conf" };

		(void)snprintf(text, sizeof(text),
			       "%s[ima]\npolicy = none\n[modules]\nload = %s\n",
			       head, names[i]);
		tree_file(t, files[i], 0644, text);
	}
	add_modules(t);
}

static void add_program(struct tree *t, const char *name, const char *script)
{
	char path[128];
	char text[256];

	(void)snprintf(path, sizeof(path), "bin/%s", name);
	(void)snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", script);
	tree_file(t, path, 0755, text);
}

/* The letters of mkdtemp. */
static void mask_random(char *line)
{
	char *hit = strstr(line, ".tmp-");

	if (hit)
		memcpy(hit + strlen(".tmp-"), "XXXXXX", 6);
}

static int run(char *words, struct fail *f)
{
	char *argv[32] = { NULL };
	int argc = text_split_words(words, argv, 31);

	return strcmp(argv[0], "predict") == 0 ? command_predict(argc, argv, f)
	       : strcmp(argv[0], "seal") == 0  ? command_seal(argc, argv, f)
					       : command_build(argc, argv, f);
}

static void refuses(void **state)
{
	const struct refusal *c = *state;
	char before[PATH_MAX];
	char path[2 * PATH_MAX];
	char words[512];
	char line[fail_line_max];
	struct fail f = { 0 };
	struct tree t;

	image_tree_make(&t);
	add_inputs(&t);
	if (c->program)
		add_program(&t, c->program, c->script);
	(void)snprintf(before, sizeof(before), "%s", getenv("PATH"));
	(void)snprintf(path, sizeof(path), "%s/bin:%s:/usr/sbin", t.path,
		       before);
	assert_int_equal(setenv("PATH", path, 1), 0);
	(void)snprintf(words, sizeof(words), "%s", c->words);
	rights = (unsigned)c->rights;
	assert_true(run(words, &f) < 0);
	rights = as_we_are;
	assert_int_equal(setenv("PATH", before, 1), 0);
	(void)snprintf(line, sizeof(line), "cannot %s: %s; %s", f.what,
		       f.reason, f.remedy);
	mask_random(line);
	assert_string_equal(line, c->line);
	image_tree_remove(&t);
}

static void needs_random_bytes(void **state)
{
	char words[] = "seal --format --apps-only --tpm device:none --bank "
		       "sha1 --pcr 14=" VALUE " disk";
	struct fail f = { 0 };
	struct tree t;

	(void)state;
	image_tree_make(&t);
	tree_file(&t, "disk", 0600, "");
	no_random = true;
	assert_refusal(run(words, &f), &f,
		       "cannot make a key: Function not implemented; try "
		       "again");
	no_random = false;
	image_tree_remove(&t);
}

static void needs_memory(void **state)
{
	own_free struct boot_conf *conf = calloc(1, sizeof(*conf));
	struct fail f = { 0 };
	struct tree t;

	(void)state;
	image_tree_make(&t);
	for (size_t n = 1; strcmp(f.remedy, "free memory") != 0; n++) {
		own_bytes struct bytes text = { 0 };
		int r;

		fault_at = n;
		r = template_read("boot.conf", &text, conf, &f);
		fault_at = 0;
		assert_true(r < 0); /* else it never says so */
		assert_string_equal(f.what, "read boot.conf");
	}
	image_tree_remove(&t);
}

/* -- parts ---------------------------------------------------------------- */

static void long_path_is_refused(void **state)
{
	static char path[PATH_MAX];
	own_json struct json_object *manifest = NULL;
	struct fail f = { 0 };

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	assert_int_equal(manifest_read(path, &manifest, &f), -ENAMETOOLONG);
	assert_string_equal(f.remedy, "choose a shorter path");
}

static void image_stays_where_it_is(void **state)
{
	own_workdir struct workdir none = { .path = "none" };
	struct workdir finished = { .path = "new" };
	struct fail f = { 0 };
	struct tree t;

	(void)state;
	image_tree_make(&t);
	assert_refusal(image_put_in_place(&none, "image", &f), &f,
		       "cannot write image image: No such file or directory; "
		       "check --output");
	tree_dir(&t, "new");
	tree_dir(&t, "image");
	tree_file(&t, "image/manifest.json", 0644,
		  "{\"type\":\"" IMAGE_TYPE "\",\"schema\":1}");
	no_exchange = true;
	assert_refusal(image_put_in_place(&finished, "image", &f), &f,
		       "cannot replace image image: Invalid argument; remove "
		       "the old image first");
	no_exchange = false;
	image_tree_remove(&t);
}

static void disk_may_be_too_large(void **state)
{
	static const struct secret none;
	const struct seal_disk d = { .device = "disk",
				     .size_bytes = 1 << 20,
				     .other = &none };
	struct rlimit before;
	struct rlimit small;
	struct fail f = { 0 };
	struct seal_place place;
	struct tree t;
	int r;

	(void)state;
	image_tree_make(&t);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 4096;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	r = seal_disk_format(&d, &place, &f);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_refusal(r, &f,
		       "cannot create disk: File too large; choose another "
		       "--size");
	assert_int_equal(access("disk", F_OK), -1);
	image_tree_remove(&t);
}

int main(void)
{
	const struct table tables[] = { TABLE(refuses, refusals),
					CASE(needs_random_bytes),
					CASE(needs_memory),
					CASE(long_path_is_refused),
					CASE(image_stays_where_it_is),
					CASE(disk_may_be_too_large) };

	/* progress is not what is tested */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return table_run(tables, array_size(tables));
}
