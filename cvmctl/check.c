// SPDX-License-Identifier: MIT
/*
 * cvmctl check: would init accept these files? Parsed by the code that init
 * parses them with.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "cvmctl/command.h"
#include "cvmctl/image/conf.h"
#include "cvmctl/image/kernel.h"
#include "cvmctl/image/modules.h"
#include "cvmctl/image/prediction.h"
#include "cvmctl/image/root-view.h"
#include "cvmctl/tool/options.h"
#include "ima-policy/loader.h"
#include "ima-policy/rules.h"
#include "lib/io.h"
#include "lib/own.h"

struct check_options {
	const char *boot, *apps, *root, *kernel, *modules, *ima_policy;
};

static const struct option_usage usage = {
	"check [--boot FILE] [--apps FILE] [--root DIR|TAR] [--ima-policy FILE]\n"
	"                    [--kernel VMLINUZ --modules DIR]",
	"Checks what is given and says where the first error is: FILE:LINE.\n"
	"With --root the paths and users that apps.conf names must be there, and\n"
	"with --boot as well the mount points that the boot needs. With --kernel\n"
	"and --modules this kernel must have what --boot needs.",
};

static int read_options(int argc, char **argv, struct check_options *o,
			struct fail *f)
{
	const struct option_spec specs[] = {
		{ "boot", OPTION_TEXT, "FILE",
		  "boot.conf, complete or a template", &o->boot },
		{ "apps", OPTION_TEXT, "FILE",
		  "apps.conf; else the one in --root", &o->apps },
		{ "root", OPTION_TEXT, "DIR|TAR",
		  "the tree that apps.conf is for", &o->root },
		{ "kernel", OPTION_TEXT, "VMLINUZ", "a bzImage", &o->kernel },
		{ "modules", OPTION_TEXT, "DIR", "its /lib/modules/VERSION",
		  &o->modules },
		{ "ima-policy", OPTION_TEXT, "FILE", "an IMA policy",
		  &o->ima_policy },
		{ 0 },
	};
	int r = options_read(&usage, specs, argc, argv, f);

	if (r == 0 && !o->boot && !o->apps && !o->root && !o->ima_policy &&
	    !o->kernel && !o->modules)
		return options_refuse(f, argv[0], "nothing is given to check");
	if (r == 0 && !o->kernel != !o->modules)
		return options_refuse(f, argv[0],
				      "--kernel and --modules go together");
	if (r == 0 && o->kernel && !o->boot)
		return options_refuse(f, argv[0], "--kernel needs --boot");
	return r;
}

/* boot is NULL, or what the apps are for. */
static int check_apps(const char *file, const struct boot_conf *boot,
		      struct fail *f)
{
	own_free struct apps_conf *apps = calloc(1, sizeof(*apps));
	own_bytes struct bytes text = { 0 };
	struct ini_error error = { 0 };
	int r = io_read_file(AT_FDCWD, file, apps_conf_max, &text);

	if (!apps)
		return fail_errno(f, ENOMEM, "free memory", "read %s", file);
	if (r < 0)
		return fail_errno(f, r, "check --apps", "read %s", file);
	r = apps_conf_read(file, (char *)text.data, text.len, apps, &error);
	if (r < 0)
		(void)fail_because(f, error.text, "see apps.conf(5)", "use %s",
				   file);
	else if (boot)
		r = apps_conf_check(apps, boot, file, f);
	apps_conf_free(apps);
	return r;
}

static int check_policy(const char *file, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	int r = io_read_file(AT_FDCWD, file, ima_policy_max, &text);

	if (r < 0)
		return fail_errno(f, r, "check --ima-policy", "read %s", file);
	return ima_check_policy(file, (char *)text.data, text.len, f);
}

/* Measures what there is; for the values any root hash is good enough. */
static int check_root(const struct check_options *o, struct boot_conf *conf,
		      struct fail *f)
{
	own_root_tree struct root_tree tree = ROOT_TREE_EMPTY;
	own_prediction struct prediction p = { 0 };
	int r = root_view_open(o->root, o->apps, "/tmp/cvmctl-root", &tree, f);

	if (r == 0)
		r = o->boot ? root_tree_check(&tree, conf, f)
			    : root_tree_check_users(&tree, conf, f);
	conf->root.verity.root_hash_len = digest_size(DIGEST_SHA256);
	return r < 0 ? r
		     : prediction_make(&tree, conf, 1U << DIGEST_SHA256, &p, f);
}

/* Chooses the modules as build does, and throws them away. */
static int check_kernel(const struct check_options *o,
			const struct boot_conf *conf, struct fail *f)
{
	own_free struct modules *modules = calloc(1, sizeof(*modules));
	own_bytes struct bytes kernel = { 0 };
	char version[kernel_version_max];
	int r;

	if (!modules)
		return fail_errno(f, ENOMEM, "free memory",
				  "choose the modules");
	modules->kernel = version;
	r = kernel_read_file(o->kernel, &kernel, version, f);
	if (r == 0)
		r = modules_choose(modules, o->modules, conf, f);
	modules_free(modules);
	return r;
}

int command_check(int argc, char **argv, struct fail *f)
{
	own_free struct boot_conf *conf = calloc(1, sizeof(*conf));
	struct check_options o = { 0 };
	int r = read_options(argc, argv, &o, f);

	if (r)
		return r;
	if (!conf)
		return fail_errno(f, ENOMEM, "free memory", "read boot.conf");
	r = o.boot ? conf_read_file(o.boot, "check --boot", conf, f) : 0;
	if (r == 0 && o.apps)
		r = check_apps(o.apps, o.boot ? conf : NULL, f);
	if (r == 0 && o.ima_policy)
		r = check_policy(o.ima_policy, f);
	if (r == 0 && o.kernel)
		r = check_kernel(&o, conf, f);
	return r == 0 && o.root ? check_root(&o, conf, f) : r;
}
