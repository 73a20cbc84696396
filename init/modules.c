// SPDX-License-Identifier: MIT
/*
 * Loads the modules that boot.conf lists, in its order, with what they
 * depend on, and nothing by alias: the host chooses devices, not drivers.
 * The only file that talks to libkmod. Afterwards the kernel cannot ask user
 * space for more.
 */
#include <errno.h>
#include <libkmod.h>
#include <stdarg.h>

#include "init/boot.h"
#include "init/setting.h"

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

/* libkmod's own words: one failure is one line, and that line is ours. */
static void discard_log(void *data, int priority, const char *file, int line,
			const char *fn, const char *format, va_list args)
{
	(void)data;
	(void)priority;
	(void)file;
	(void)line;
	(void)fn;
	(void)format;
	(void)args;
}

static const char *remedy_for(int err)
{
	switch (-err) {
	case ENOENT: return "name it in [modules] when building with cvmctl";
	case ENOEXEC:
	case EINVAL: return "build the initramfs with this kernel's modules";
	case EBADMSG:
	case EKEYREJECTED:
	case EPERM: /* a kernel in lockdown */
		return "use the module as the kernel's builder "
		       "signed it";
	default: return "check [modules] in boot.conf";
	}
}

static int load_module(struct kmod_ctx *ctx, const char *name, struct fail *f)
{
	own_module struct kmod_module *mod = NULL;
	int r = kmod_module_new_from_name(ctx, name, &mod);

	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "load module %s", name);
	if (kmod_module_get_initstate(mod) == KMOD_MODULE_BUILTIN)
		return 0;
	r = kmod_module_probe_insert_module(mod, KMOD_PROBE_IGNORE_COMMAND,
					    NULL, NULL, NULL, NULL);
	if (r == -EEXIST)
		r = 0; /* a dependency of an earlier one */
	if (r < 0)
		return fail_errno(f, r, remedy_for(r), "load module %s", name);
	return 0;
}

int stage_modules(struct boot *b, struct fail *f)
{
	static const char *const no_config[] = { NULL };
	const struct boot_modules *list = &b->conf.modules.load;
	own_context struct kmod_ctx *ctx = kmod_new(NULL, no_config);
	int r;

	if (!ctx)
		return fail_errno(f, ENOMEM, "give the VM more memory",
				  "start libkmod");
	kmod_set_log_fn(ctx, discard_log, NULL);
	(void)kmod_load_resources(ctx); /* only a cache of the indices */
	for (size_t i = 0; i < list->n; i++) {
		r = load_module(ctx, list->name[i], f);
		if (r < 0)
			return r;
	}
	r = setting_write("/proc/sys/kernel/modprobe", "\n", f);
	if (r == 0 && b->conf.modules.lock)
		r = setting_write("/proc/sys/kernel/modules_disabled", "1", f);
	return r;
}
