// SPDX-License-Identifier: MIT
/*
 * cvmctl build: from a root, a kernel, init and a template of boot.conf to
 * an image directory. The same input gives the same bytes, wherever and
 * whenever it is built.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "config/cmdline.h"
#include "cvmctl/command.h"
#include "cvmctl/image/image.h"
#include "cvmctl/image/template.h"
#include "cvmctl/predict/pe.h"
#include "cvmctl/tool/options.h"
#include "ima-policy/loader.h"
#include "ima-policy/rules.h"
#include "lib/io.h"
#include "lib/own.h"

#define DEFAULT_CMDLINE "console=ttyS0 panic=-1"

enum { kernel_cmdline_max = 2047 }; /* COMMAND_LINE_SIZE of x86, less NUL */

struct build_options {
	const char *root, *kernel, *modules, *init, *config, *apps, *ima_policy,
		*cmdline, *output;
};

static const struct option_usage usage = {
	"build --root DIR|TAR --kernel VMLINUZ --modules DIR --init INIT\n"
	"                    --config FILE --output IMAGE_DIR [OPTION]...",
	"Writes vmlinuz, initramfs.img, cmdline, root.img and manifest.json to\n"
	"IMAGE_DIR. An image that is there already is replaced in one step.",
};

static int read_options(int argc, char **argv, struct build_options *o,
			struct fail *f)
{
	const struct option_spec specs[] = {
		{ "root", OPTION_REQUIRED, "DIR|TAR",
		  "what becomes the root disk", &o->root },
		{ "kernel", OPTION_REQUIRED, "VMLINUZ", "a bzImage",
		  &o->kernel },
		{ "modules", OPTION_REQUIRED, "DIR", "its /lib/modules/VERSION",
		  &o->modules },
		{ "init", OPTION_REQUIRED, "INIT", "the static init",
		  &o->init },
		{ "config", OPTION_REQUIRED, "FILE",
		  "boot.conf without the verity values", &o->config },
		{ "apps", OPTION_TEXT, "FILE", "apps.conf, put into the root",
		  &o->apps },
		{ "ima-policy", OPTION_TEXT, "FILE",
		  "the policy that [ima] policy names", &o->ima_policy },
		{ "cmdline", OPTION_LINE, "TEXT",
		  "the kernel's command line; else " DEFAULT_CMDLINE,
		  &o->cmdline },
		{ "output", OPTION_REQUIRED, "IMAGE_DIR", "where to write",
		  &o->output },
		{ 0 },
	};

	return options_read(&usage, specs, argc, argv, f);
}

/* The policy and the path that boot.conf has for it come together. */
static int read_policy(const struct build_options *o, struct image *i,
		       struct fail *f)
{
	int r;

	if (!o->ima_policy && !i->conf->ima.policy[0])
		return 0;
	if (!o->ima_policy)
		return fail_because(f,
				    "boot.conf names one and --ima-policy "
				    "is missing",
				    "give --ima-policy, or [ima] policy = none",
				    "find IMA policy %s", i->conf->ima.policy);
	if (!i->conf->ima.policy[0])
		return fail_because(f, "boot.conf does not name it",
				    "set [ima] policy to a path such as "
				    "/etc/cvm-init/ima-policy",
				    "use IMA policy %s", o->ima_policy);
	r = io_read_file(AT_FDCWD, o->ima_policy, ima_policy_max,
			 &i->ima_policy);
	if (r < 0)
		return fail_errno(f, r, "check --ima-policy", "read %s",
				  o->ima_policy);
	return ima_check_policy(o->ima_policy, (char *)i->ima_policy.data,
				i->ima_policy.len, f);
}

/* For who predicts PCR 4. A kernel without EFI boots all the same. */
static int digest_program(const struct bytes *kernel, struct digest_set *ret)
{
	struct pe pe;
	int r = pe_read(kernel->data, kernel->len, &pe);

	if (r == 0)
		r = pe_authenticode(&pe, prediction_all_banks, ret);
	return r == -EINVAL ? 0 : r;
}

static int copy_kernel(const struct build_options *o, const char *path,
		       struct image *i, struct fail *f)
{
	own_bytes struct bytes kernel = { 0 };
	int r = kernel_read_file(o->kernel, &kernel, i->kernel_version, f);

	if (r < 0)
		return r;
	r = image_digest_bytes(&kernel, &i->kernel);
	if (r == 0)
		r = digest_program(&kernel, &i->kernel_authenticode);
	if (r == 0)
		r = io_replace_file(path, kernel.data, kernel.len, 0644);
	return r < 0 ? fail_errno(f, r, "free disk space", "write %s", path)
		     : 0;
}

/* Without a newline: the file's digest is that of the text. */
static int write_cmdline(const struct build_options *o, const char *path,
			 struct image *i, struct fail *f)
{
	const char *text = o->cmdline ? o->cmdline : DEFAULT_CMDLINE;
	own_bytes struct bytes b = { 0 };
	int r = bytes_copy(text, strlen(text), &b);

	if (strlen(text) > kernel_cmdline_max || strpbrk(text, "\n\r\t"))
		return fail_because(f, "it is not one line of 2047 bytes",
				    "shorten --cmdline",
				    "use the command line");
	if (r == 0 &&
	    cmdline_check(text, strlen(text), &i->conf->boot.allow_cmdline, f))
		return fail_remedy(f, "leave it out of --cmdline, or list it "
				      "in [boot] allow-cmdline");
	if (r == 0)
		r = image_digest_bytes(&b, &i->cmdline);
	if (r == 0)
		r = io_replace_file(path, b.data, b.len, 0644);
	i->cmdline_text = text;
	return r < 0 ? fail_errno(f, r, "free disk space", "write %s", path)
		     : 0;
}

static int choose_modules(const struct build_options *o, struct image *i,
			  struct fail *f)
{
	i->modules = calloc(1, sizeof(*i->modules));
	if (!i->modules)
		return fail_errno(f, ENOMEM, "free memory",
				  "choose the modules");
	i->modules->kernel = i->kernel_version;
	return modules_choose(i->modules, o->modules, i->conf, f);
}

/* The root disk, and what will be measured on it. */
static int build_root(const struct build_options *o, const char *path,
		      struct image *i, struct fail *f)
{
	own_root_tree struct root_tree tree = ROOT_TREE_EMPTY;
	int r = root_tree_open(o->root, o->apps, o->output, &tree, f);

	if (r == 0)
		r = root_tree_check(&tree, i->conf, f);
	if (r == 0)
		r = image_write_root(i, tree.path, path, f);
	/* which needs the root hash for measure-by = verity */
	return r < 0 ? r
		     : prediction_make(&tree, i->conf, prediction_all_banks,
				       &i->prediction, f);
}

static int complete_conf(struct image *i, struct fail *f)
{
	struct verity_params p = i->conf->root.verity;
	own_bytes struct bytes template = take_bytes(&i->boot_conf);

	return template_fill(&template, &p, &i->boot_conf, i->conf, f);
}

static int write_manifest(const struct image *i, const char *path,
			  struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	int r = image_write_manifest(i, &text);

	if (r == 0)
		r = io_replace_file(path, text.data, text.len, 0644);
	return r < 0 ? fail_errno(f, r, "free disk space", "write %s", path)
		     : 0;
}

/* Writes every file of the image into dir. */
static int build_files(const struct build_options *o, const struct workdir *dir,
		       struct image *i, struct fail *f)
{
	static const char *const names[] = { IMAGE_KERNEL, IMAGE_CMDLINE,
					     IMAGE_ROOT, IMAGE_INITRAMFS,
					     IMAGE_MANIFEST };
	char path[array_size(names)][PATH_MAX];
	int r;

	for (size_t n = 0; n < array_size(names); n++)
		workdir_join(dir, names[n], path[n]);
	r = copy_kernel(o, path[0], i, f);
	if (r == 0)
		r = choose_modules(o, i, f);
	if (r == 0)
		r = write_cmdline(o, path[1], i, f);
	if (r == 0)
		r = build_root(o, path[2], i, f);
	if (r == 0)
		r = complete_conf(i, f);
	if (r == 0)
		r = image_write_initramfs(i, o->init, path[3], f);
	return r < 0 ? r : write_manifest(i, path[4], f);
}

int command_build(int argc, char **argv, struct fail *f)
{
	own_workdir struct workdir dir = { .path = "" };
	own_image struct image i = { 0 };
	struct build_options o = { 0 };
	int r = read_options(argc, argv, &o, f);

	if (r)
		return r;
	i.conf = calloc(1, sizeof(*i.conf));
	if (!i.conf)
		return fail_errno(f, ENOMEM, "free memory", "read boot.conf");
	r = image_read_epoch(&i.epoch, f);
	if (r == 0)
		r = image_check_place(o.output, f);
	if (r == 0)
		r = template_read(o.config, &i.boot_conf, i.conf, f);
	if (r == 0)
		r = read_policy(&o, &i, f);
	if (r == 0)
		r = workdir_make(o.output, &dir, f);
	if (r == 0)
		r = build_files(&o, &dir, &i, f);
	return r < 0 ? r : image_put_in_place(&dir, o.output, f);
}
