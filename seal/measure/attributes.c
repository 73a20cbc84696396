// SPDX-License-Identifier: MIT
/*
 * See attributes.h. Linux bounds them: 64 KiB for the names of a file, 64 KiB
 * for a value (XATTR_LIST_MAX, XATTR_SIZE_MAX).
 */
#include "seal/measure/attributes.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "lib/hex.h"
#include "lib/own.h"
#include "seal/measure/events.h"

enum {
	name_max = 255,	     /* XATTR_NAME_MAX */
	value_max = 65536,   /* XATTR_SIZE_MAX */
	place_max = 64 + 256 /* "/proc/self/fd/N/" and a file's name */
};

enum verdict { MEASURED, LEFT_OUT, REFUSED };

/* The first row that matches decides. */
static const struct {
	const char *start;
	bool is_whole; /* not only the beginning of a name */
	enum verdict verdict;
} rules[] = {
	{ "trusted.overlay.", false, REFUSED },
	{ "security.selinux", true, LEFT_OUT },
	{ "security.SMACK64", false, LEFT_OUT },
	{ "security.ima", true, LEFT_OUT },
	{ "security.evm", true, LEFT_OUT },
	{ "security.", false, MEASURED },
	{ "trusted.", false, MEASURED },
	{ "user.", false, MEASURED },
	{ "system.posix_acl_access", true, MEASURED },
	{ "system.posix_acl_default", true, MEASURED },
	{ "", false, LEFT_OUT },
};

/* Where a file's attributes are, by a path that needs no long name. */
struct place {
	char path[place_max];
	bool is_fd; /* path is a link of procfs, which has to be followed */
};

static int set_place(int fd, const char *name, struct place *ret)
{
	int n = snprintf(ret->path, sizeof(ret->path), "/proc/self/fd/%d%s%s",
			 fd, name ? "/" : "", name ? name : "");

	return n >= (int)sizeof(ret->path) ? -ENAMETOOLONG : 0;
}

static ssize_t list_names(const struct place *p, char *ret, size_t size)
{
	ssize_t n = p->is_fd ? listxattr(p->path, ret, size)
			     : llistxattr(p->path, ret, size);

	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	return n;
}

static ssize_t get_value(const struct place *p, const char *name, void *ret,
			 size_t size)
{
	ssize_t n = p->is_fd ? getxattr(p->path, name, ret, size)
			     : lgetxattr(p->path, name, ret, size);

	return n < 0 ? -errno : n;
}

static enum verdict judge(const char *name)
{
	for (size_t i = 0; i < array_size(rules); i++) {
		size_t len = strlen(rules[i].start);

		if (strncmp(name, rules[i].start, len) == 0 &&
		    (!rules[i].is_whole || name[len] == '\0'))
			return rules[i].verdict;
	}
	return LEFT_OUT;
}

bool attributes_leave_out(const char *name)
{
	return judge(name) == LEFT_OUT;
}

static int add_line(const struct place *p, const char *name, const char *path,
		    struct text *ret)
{
	char escaped[name_max * 4 + 1];
	ssize_t n = get_value(p, name, NULL, 0);
	own_free uint8_t *value = NULL;
	own_free char *hex = NULL;

	if (n < 0)
		return (int)n;
	if (n > value_max)
		return -E2BIG;
	value = malloc((size_t)n + 1);
	hex = malloc(2 * (size_t)n + 1);
	if (!value || !hex)
		return -ENOMEM;
	/* one that has grown since is ERANGE */
	n = n ? get_value(p, name, value, (size_t)n) : 0;
	if (n < 0)
		return (int)n;
	hex_encode(value, (size_t)n, hex);
	text_escape(name, strlen(name), escaped, sizeof(escaped));
	text_add(ret, "x\t%s\t%s\t%s\n", escaped, n ? hex : "-", path);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

/* names: n bytes, each name with its NUL. */
static int add_lines(const struct place *p, const char *names, size_t n,
		     const char *path, struct text *ret)
{
	own_free const char **name = calloc(n, sizeof(*name));
	char escaped[PATH_MAX * 4];
	size_t count = 0;
	int r = 0;

	if (!name)
		return -ENOMEM;
	for (const char *at = names; at < names + n; at += strlen(at) + 1)
		if (judge(at) == MEASURED)
			name[count++] = at;
	text_escape(path, strlen(path), escaped, sizeof(escaped));
	qsort(name, count, sizeof(*name), compare_names);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = ret->len > event_detail_max
			    ? -EFBIG
			    : add_line(p, name[i], escaped, ret);
	return r < 0 || !text_failed(ret) ? r : -ENOMEM;
}

int attributes_add(int fd, const char *name, const char *path, struct text *ret,
		   const char **ret_refusal)
{
	own_free char *names = NULL;
	struct place p = { .is_fd = !name };
	ssize_t n;
	int r = set_place(fd, name, &p);

	if (r < 0)
		return r;
	n = list_names(&p, NULL, 0);
	if (n <= 0)
		return (int)n;
	names = calloc((size_t)n + 1, 1); /* the last NUL is ours */
	if (!names)
		return -ENOMEM;
	n = list_names(&p, names, (size_t)n);
	if (n <= 0)
		return (int)n;
	for (const char *at = names; at < names + n; at += strlen(at) + 1) {
		if (judge(at) != REFUSED)
			continue;
		*ret_refusal = "it has attributes of a layer of overlayfs";
		return -EINVAL;
	}
	return add_lines(&p, names, (size_t)n, path, ret);
}
