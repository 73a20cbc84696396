// SPDX-License-Identifier: MIT
/* See names.h. Directories may be large: the names are kept in one text. */
#include "seal/measure/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What stands before a name in the text. */
enum { mark_directory = 'd', mark_other = '-' };

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Not each file system tells it with the name. 0 or -errno. */
static int find_mark(DIR *dir, const struct dirent *d, char *ret)
{
	bool is_directory = d->d_type == DT_DIR;
	struct stat st;

	if (d->d_type == DT_UNKNOWN) {
		if (fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) <
		    0)
			return -errno;
		is_directory = S_ISDIR(st.st_mode);
	}
	*ret = is_directory ? mark_directory : mark_other;
	return 0;
}

/* Fills n->text and n->entries, and counts the directories in n->n. */
static int read_text(DIR *dir, size_t max, struct names *n)
{
	const struct dirent *d;
	char mark;
	int r;

	for (;;) {
		errno = 0;
		d = readdir(dir);
		if (!d)
			return errno ? -errno : 0;
		if (is_dots(d->d_name))
			continue;
		if (n->entries == max)
			return -E2BIG;
		r = find_mark(dir, d, &mark);
		if (r < 0)
			return r;
		text_add_bytes(&n->text, &mark, 1);
		text_add_bytes(&n->text, d->d_name, strlen(d->d_name) + 1);
		if (text_failed(&n->text))
			return -ENOMEM;
		n->entries++;
		n->n += mark == mark_directory;
	}
}

/* What follows the name in the paths it stands for. */
static int end_of(const struct name *n)
{
	return n->is_inside ? '/' : '\0';
}

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a;
	const struct name *y = b;
	size_t i = 0;
	int cx;
	int cy;

	while (x->s[i] && x->s[i] == y->s[i])
		i++;
	cx = x->s[i] ? (unsigned char)x->s[i] : end_of(x);
	cy = y->s[i] ? (unsigned char)y->s[i] : end_of(y);
	return cx - cy;
}

static int sort_text(struct names *n)
{
	const char *at = n->text.s;
	size_t total = n->entries + n->n;

	n->n = 0;
	if (!total)
		return 0;
	n->name = calloc(total, sizeof(*n->name));
	if (!n->name)
		return -ENOMEM;
	while (n->n < total) {
		struct name name = { .s = at + 1,
				     .is_directory = *at == mark_directory };

		n->name[n->n++] = name;
		name.is_inside = true;
		if (name.is_directory)
			n->name[n->n++] = name;
		at += strlen(at) + 1;
	}
	qsort(n->name, n->n, sizeof(*n->name), compare_names);
	return 0;
}

int names_read(DIR *dir, size_t max, struct names *ret)
{
	own_names struct names n = { .name = NULL };
	int r = read_text(dir, max, &n);

	if (r == 0)
		r = sort_text(&n);
	if (r < 0)
		return r;
	*ret = n;
	n = (struct names){ .name = NULL };
	return 0;
}

void names_free(struct names *n)
{
	free(n->name);
	text_free(&n->text);
	*n = (struct names){ .name = NULL };
}
