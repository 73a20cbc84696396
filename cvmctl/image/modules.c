// SPDX-License-Identifier: MIT
/* See modules.h. Indices are made by modules-index.c. */
#include "cvmctl/image/modules.h"

#include <errno.h>
#include <libkmod.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/image/modules-needs.h"
#include "cvmctl/tool/child.h"
#include "lib/io.h"
#include "lib/own.h"

#define REMEDY "check [modules] load in boot.conf"
#define DEPMOD_REMEDY \
	"give a /lib/modules/VERSION directory that depmod has seen"

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

static void list_unref(struct kmod_list **list)
{
	(void)kmod_module_unref_list(*list); /* accepts NULL */
}

static void info_free(struct kmod_list **list)
{
	kmod_module_info_free_list(*list);
}

#define own_context __attribute__((cleanup(context_unref)))
#define own_module  __attribute__((cleanup(module_unref)))
#define own_list    __attribute__((cleanup(list_unref)))
#define own_info    __attribute__((cleanup(info_free)))

/* One search; seen stops it from going in circles. */
struct choice {
	struct kmod_ctx *ctx;
	struct modules *m;
	char seen[modules_max][NAME_MAX + 1];
	size_t seen_n;
	struct fail *f;
};

void modules_free(struct modules *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->module[i].path);
		bytes_free(&m->module[i].content);
	}
	m->n = 0;
}

static const struct {
	const char *suffix;
	const char *unpacker;
} packings[] = { { ".xz", "xz" }, { ".zst", "zstd" }, { ".gz", "gzip" } };

/*
 * Reads a module uncompressed, which is what its signature covers and what
 * every kernel takes; it also packs better within the initramfs. *ret_len is
 * the length of path without ".xz".
 */
static int read_module(const char *path, struct bytes *ret, size_t *ret_len,
		       struct fail *f)
{
	size_t len = strlen(path);
	int r;

	for (size_t i = 0; i < array_size(packings); i++) {
		size_t suffix = strlen(packings[i].suffix);
		const char *const argv[] = { packings[i].unpacker, "-dc", "--",
					     path, NULL };

		if (len <= suffix ||
		    strcmp(path + len - suffix, packings[i].suffix) != 0)
			continue;
		*ret_len = len - suffix;
		return child_run(argv, "check --modules", module_size_max, ret,
				 f);
	}
	*ret_len = len;
	r = io_read_file(AT_FDCWD, path, module_size_max, ret);
	return r < 0 ? fail_errno(f, r, "check --modules", "read module %s",
				  path)
		     : 0;
}

/* vermagic is "VERSION SMP preempt mod_unload modversions ". */
static bool is_for_kernel(const char *vermagic, const char *kernel)
{
	size_t len = strlen(kernel);

	return strncmp(vermagic, kernel, len) == 0 && vermagic[len] == ' ';
}

static int append(struct choice *c, const char *path)
{
	struct module *slot = &c->m->module[c->m->n];
	const char *dir = c->m->dir;
	size_t dir_len = strlen(dir);
	size_t start;
	own_bytes struct bytes content = { 0 };
	size_t len;
	int r;

	while (dir_len > 1 && dir[dir_len - 1] == '/')
		dir_len--;
	if (c->m->n == modules_max)
		return fail_because(c->f, "there are too many", REMEDY,
				    "choose the modules");
	if (strncmp(path, dir, dir_len) != 0 || path[dir_len] != '/')
		return fail_because(c->f, "it is outside --modules",
				    DEPMOD_REMEDY, "use module %s", path);
	r = read_module(path, &content, &len, c->f);
	if (r < 0)
		return r;
	start = dir_len + strspn(path + dir_len, "/");
	slot->path = strndup(path + start, len - start);
	if (!slot->path)
		return fail_errno(c->f, ENOMEM, "free memory",
				  "choose the modules");
	slot->content = take_bytes(&content);
	c->m->n++;
	return 0;
}

static int visit(struct choice *c, struct kmod_module *mod);

/* Visits what one name of a soft dependency stands for, if anything. */
static int visit_name(struct choice *c, const char *name)
{
	own_list struct kmod_list *list = NULL;
	struct kmod_list *at;
	int r = kmod_module_new_from_lookup(c->ctx, name, &list);

	if (r < 0)
		return 0; /* soft: no such module is no failure */
	kmod_list_foreach(at, list)
	{
		own_module struct kmod_module *mod = kmod_module_get_module(at);

		r = kmod_module_get_path(mod) ? visit(c, mod) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* Visits the words of "pre: a b post: c" that follow which ("pre:"). */
static int visit_soft(struct choice *c, const char *value, const char *which)
{
	char words[ini_line_max];
	char *save = NULL;
	bool wanted = false;
	int r = 0;

	if (strlen(value) >= sizeof(words))
		return 0; /* longer than any kernel's */
	memcpy(words, value, strlen(value) + 1);
	for (char *w = strtok_r(words, " \t", &save); w && r == 0;
	     w = strtok_r(NULL, " \t", &save)) {
		if (strchr(w, ':'))
			wanted = strcmp(w, which) == 0;
		else if (wanted)
			r = visit_name(c, w);
	}
	return r;
}

static int visit_soft_all(struct choice *c, struct kmod_list *info,
			  const char *which)
{
	struct kmod_list *at;
	int r = 0;

	kmod_list_foreach(at, info)
	{
		if (r == 0 &&
		    strcmp(kmod_module_info_get_key(at), "softdep") == 0)
			r = visit_soft(c, kmod_module_info_get_value(at),
				       which);
	}
	return r;
}

static int visit_hard(struct choice *c, struct kmod_module *mod)
{
	own_list struct kmod_list *deps = kmod_module_get_dependencies(mod);
	struct kmod_list *at;

	kmod_list_foreach(at, deps)
	{
		own_module struct kmod_module *dep = kmod_module_get_module(at);
		int r = visit(c, dep);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Refuses modules that this kernel would refuse. */
static int check_vermagic(struct choice *c, const char *name,
			  struct kmod_list *info)
{
	struct kmod_list *at;

	kmod_list_foreach(at, info)
	{
		const char *value = kmod_module_info_get_value(at);

		if (strcmp(kmod_module_info_get_key(at), "vermagic") != 0 ||
		    is_for_kernel(value, c->m->kernel))
			continue;
		(void)fail_because(c->f, "",
				   "give --kernel and --modules of "
				   "one version",
				   "use module %s", name);
		return fail_reason(c->f, "it is for %.*s, the kernel is %s",
				   (int)strcspn(value, " "), value,
				   c->m->kernel);
	}
	return 0;
}

/* False when mod was visited before. */
static bool note_seen(struct choice *c, struct kmod_module *mod)
{
	const char *name = kmod_module_get_name(mod);

	for (size_t i = 0; i < c->seen_n; i++)
		if (strcmp(c->seen[i], name) == 0)
			return false;
	if (c->seen_n < modules_max) /* append() refuses what is over it */
		(void)snprintf(c->seen[c->seen_n++], sizeof(c->seen[0]), "%s",
			       name); /* a file's name: fits */
	return true;
}

/* Appends mod after what must be loaded before it. */
static int visit(struct choice *c, struct kmod_module *mod)
{
	own_info struct kmod_list *info = NULL;
	const char *name = kmod_module_get_name(mod);
	int r;

	if (!note_seen(c, mod))
		return 0;
	r = kmod_module_get_info(mod, &info);
	if (r < 0)
		return fail_errno(c->f, r, "check --modules", "read module %s",
				  name);
	r = check_vermagic(c, name, info);
	if (r == 0)
		r = visit_soft_all(c, info, "pre:");
	if (r == 0)
		r = visit_hard(c, mod);
	if (r == 0)
		r = append(c, kmod_module_get_path(mod));
	return r < 0 ? r : visit_soft_all(c, info, "post:");
}

static int visit_wanted(struct choice *c, const char *name)
{
	own_module struct kmod_module *mod = NULL;
	int r = kmod_module_new_from_name(c->ctx, name, &mod);

	if (r < 0)
		return fail_errno(c->f, r, REMEDY, "find module %s", name);
	if (kmod_module_get_path(mod))
		return visit(c, mod);
	if (kmod_module_get_initstate(mod) == KMOD_MODULE_BUILTIN)
		return 0;
	return fail_because(c->f, "the kernel has no such module", REMEDY,
			    "find module %s", name);
}

static int choose_all(struct choice *c, const struct boot_modules *wanted)
{
	int r = kmod_load_resources(c->ctx);

	if (r < 0)
		return fail_errno(c->f, r, DEPMOD_REMEDY,
				  "read the modules in %s", c->m->dir);
	for (size_t i = 0; r >= 0 && i < wanted->n; i++)
		r = visit_wanted(c, wanted->name[i]);
	return r;
}

int modules_choose(struct modules *m, const char *dir,
		   const struct boot_conf *conf, struct fail *f)
{
	static const char *const no_config[] = { NULL };
	own_context struct kmod_ctx *ctx = NULL;
	own_free struct choice *c = calloc(1, sizeof(*c));
	int r = 0;

	/* libkmod answers with absolute paths, which have to begin with it */
	if (!realpath(dir, m->dir))
		return fail_errno(f, errno, "check --modules", "find %s", dir);
	ctx = kmod_new(m->dir, no_config);
	if (!ctx || !c)
		return fail_errno(f, ENOMEM, "free memory", "start libkmod");
	c->ctx = ctx;
	c->m = m;
	c->f = f;
	kmod_set_log_priority(ctx, 0); /* one failure is one line, and ours */
	if (conf->modules.load.n) /* a kernel may have everything built in */
		r = choose_all(c, &conf->modules.load);
	return r < 0 ? r : modules_check_needs(m, conf, f);
}
