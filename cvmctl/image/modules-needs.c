// SPDX-License-Identifier: MIT
/* See modules-needs.h. */
#include "cvmctl/image/modules-needs.h"

#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cvmctl/tool/progress.h"
#include "lib/own.h"

static void context_unref(struct kmod_ctx **ctx)
{
	if (*ctx)
		(void)kmod_unref(*ctx); /* returns what is left: NULL */
}

static void module_unref(struct kmod_module **mod)
{
	if (*mod)
		(void)kmod_module_unref(*mod);
}

#define own_context __attribute__((cleanup(context_unref)))
#define own_module  __attribute__((cleanup(module_unref)))

enum state {
	STATE_THERE,   /* chosen or built in */
	STATE_OMITTED, /* the kernel has it, and nobody chose it */
	STATE_NONE     /* the kernel has none */
};

/* The indices of depmod: without them nobody knows what is built in. */
static bool knows_builtin(const char *dir)
{
	own_fd int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	return fd >= 0 && fstatat(fd, "modules.builtin.bin", &st, 0) == 0;
}

/* "dm-verity" for "kernel/drivers/md/dm-verity.ko": - and _ are the same. */
static bool is_named(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	const char *at = slash ? slash + 1 : path;

	for (; *name; at++, name++)
		if (*at != *name && !(*at == '_' && *name == '-'))
			return false;
	return strcmp(at, ".ko") == 0;
}

static bool is_chosen(const struct modules *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (is_named(m->module[i].path, name))
			return true;
	return false;
}

/* 0 or -errno. */
static int find(const struct modules *m, struct kmod_ctx *ctx, const char *name,
		enum state *ret)
{
	own_module struct kmod_module *mod = NULL;
	int r;

	*ret = STATE_THERE;
	if (is_chosen(m, name))
		return 0;
	r = kmod_module_new_from_name(ctx, name, &mod);
	if (r < 0)
		return r;
	if (kmod_module_get_path(mod))
		*ret = STATE_OMITTED;
	else if (kmod_module_get_initstate(mod) != KMOD_MODULE_BUILTIN)
		*ret = STATE_NONE;
	return 0;
}

static int refuse(const char *name, const char *what, enum state state,
		  struct fail *f)
{
	if (state == STATE_NONE)
		return fail_because(f,
				    "the kernel has neither built it in nor "
				    "as a module",
				    "use a kernel that has it", "%s without %s",
				    what, name);
	return fail_because(f,
			    "[modules] load does not name it, and init loads "
			    "nothing else",
			    "add it to [modules] load in boot.conf",
			    "%s without %s", what, name);
}

/* None of the names is there: that may be right, so it is only said. */
static int note_disks(const struct modules *m, struct kmod_ctx *ctx)
{
	static const char *const names[] = { "virtio_blk", "virtio_scsi" };

	for (size_t i = 0; i < array_size(names); i++) {
		enum state state = STATE_NONE;
		int r = find(m, ctx, names[i], &state);

		if (r < 0 || state == STATE_THERE)
			return r;
	}
	command_notice("[modules] load names neither virtio_blk nor "
		       "virtio_scsi: the VM needs another driver of its disks");
	return 0;
}

int modules_check_needs(const struct modules *m, const struct boot_conf *conf,
			struct fail *f)
{
	static const char *const no_config[] = { NULL };
	const struct {
		const char *name;
		const char *what;
		bool needed;
	} needs[] = {
		{ "dm-verity", "verify the root", true },
		{ boot_root_fs_name(conf->root.fs), "mount the root", true },
		{ "overlay", "put an overlay on the root",
		  conf->overlay.mode != BOOT_OVERLAY_NONE },
		{ "dm-crypt", "open a volume", conf->volumes > 0 },
		{ "ext4", "mount a volume", conf->volumes > 0 },
	};
	own_context struct kmod_ctx *ctx = NULL;
	int r;

	if (!knows_builtin(m->dir))
		return 0;
	ctx = kmod_new(m->dir, no_config);
	if (!ctx)
		return fail_errno(f, ENOMEM, "free memory", "start libkmod");
	kmod_set_log_priority(ctx, 0); /* one failure is one line, and ours */
	r = kmod_load_resources(ctx);
	for (size_t i = 0; r >= 0 && i < array_size(needs); i++) {
		enum state state = STATE_THERE;

		if (needs[i].needed)
			r = find(m, ctx, needs[i].name, &state);
		if (r >= 0 && state != STATE_THERE)
			return refuse(needs[i].name, needs[i].what, state, f);
	}
	if (r >= 0)
		r = note_disks(m, ctx);
	return r < 0 ? fail_errno(f, r, "check --modules",
				  "read the modules in %s", m->dir)
		     : 0;
}
