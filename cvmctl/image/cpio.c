// SPDX-License-Identifier: MIT
/* See cpio.h. The reader is in cpio-read.c. */
#include "cvmctl/image/cpio.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/own.h"
#include "lib/text.h"

static const char trailer[] = "TRAILER!!!";

static void entry_free(struct cpio_entry *e)
{
	free(e->path);
	bytes_free(&e->content);
}

#define own_entry __attribute__((cleanup(entry_free)))

void cpio_free(struct cpio *c)
{
	for (size_t i = 0; i < c->n; i++)
		entry_free(&c->entry[i]);
	free(c->entry);
	*c = (struct cpio){ 0 };
}

static struct cpio_entry *find(const struct cpio *c, const char *path)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->entry[i].path, path) == 0)
			return &c->entry[i];
	return NULL;
}

static int check_path(const char *path)
{
	char absolute[cpio_name_max + 2];

	if (strlen(path) > cpio_name_max)
		return -ENAMETOOLONG;
	(void)snprintf(absolute, sizeof(absolute), "/%s", path); /* fits */
	return *path && text_is_path(absolute) ? 0 : -EINVAL;
}

/* Appends; content, when there is one, is taken over. */
static int append(struct cpio *c, const struct cpio_entry *like,
		  struct bytes *content)
{
	own_entry struct cpio_entry e = {
		.path = strdup(like->path),
		.mode = like->mode,
		.rdev = like->rdev,
	};
	struct cpio_entry *bigger;

	if (find(c, like->path))
		return -EEXIST;
	if (c->n == cpio_entries_max)
		return -E2BIG;
	if (content && content->len > cpio_file_max)
		return -EFBIG;
	if (!e.path)
		return -ENOMEM;
	bigger = reallocarray(c->entry, c->n + 1, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	c->entry = bigger;
	if (content)
		e.content = take_bytes(content);
	memcpy(&c->entry[c->n++], &e, sizeof(e));
	e = (struct cpio_entry){ 0 };
	return 0;
}

/* Adds the directories above path that are not there yet. */
static int add_parents(struct cpio *c, const char *path)
{
	char parent[cpio_name_max + 1];

	for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
		struct cpio_entry e = { .path = parent,
					.mode = S_IFDIR | 0755 };
		int r;

		memcpy(parent, path, (size_t)(at - path));
		parent[at - path] = '\0';
		r = append(c, &e, NULL);
		if (r < 0 && r != -EEXIST)
			return r;
	}
	return 0;
}

static int add(struct cpio *c, const char *path, mode_t mode, dev_t rdev,
	       struct bytes *content)
{
	char copy[cpio_name_max + 1];
	struct cpio_entry e = { .path = copy, .mode = mode, .rdev = rdev };
	int r = check_path(path);

	if (r < 0)
		return r;
	(void)snprintf(copy, sizeof(copy), "%s", path); /* fits */
	r = add_parents(c, path);
	return r < 0 ? r : append(c, &e, content);
}

int cpio_add_file(struct cpio *c, const char *path, mode_t permissions,
		  struct bytes *content)
{
	return add(c, path, S_IFREG | permissions, 0, content);
}

int cpio_add_dir(struct cpio *c, const char *path)
{
	int r = add(c, path, S_IFDIR | 0755, 0, NULL);

	return r == -EEXIST ? 0 : r;
}

int cpio_add_device(struct cpio *c, const char *path, mode_t mode, dev_t rdev)
{
	return add(c, path, mode, rdev, NULL);
}

static void pad(struct text *t)
{
	static const char zeros[4] = { 0 };

	text_add_bytes(t, zeros, -t->len % 4);
}

static void write_entry(struct text *t, const struct cpio_entry *e,
			size_t number, uint32_t mtime)
{
	/* magic ino mode uid gid nlink mtime size, device and its own
	 * device, length of the name with its NUL, checksum (unused) */
	text_add(t,
		 "070701%08zX%08X%08X%08X%08X%08X%08zX"
		 "%08X%08X%08X%08X%08zX%08X",
		 number, e->mode, 0U, 0U, S_ISDIR(e->mode) ? 2U : 1U, mtime,
		 e->content.len, 0U, 0U, major(e->rdev), minor(e->rdev),
		 strlen(e->path) + 1, 0U);
	text_add_bytes(t, e->path, strlen(e->path) + 1);
	pad(t);
	text_add_bytes(t, e->content.data, e->content.len);
	pad(t);
}

static int compare_paths(const void *a, const void *b)
{
	const struct cpio_entry *x = a;
	const struct cpio_entry *y = b;

	return strcmp(x->path, y->path);
}

int cpio_write(struct cpio *c, uint32_t mtime, struct bytes *ret)
{
	own_text struct text t = { 0 };
	char name[sizeof(trailer)];
	struct cpio_entry end = { .path = name };

	memcpy(name, trailer, sizeof(name));
	if (c->n)
		qsort(c->entry, c->n, sizeof(*c->entry), compare_paths);
	for (size_t i = 0; i < c->n; i++)
		write_entry(&t, &c->entry[i], i + 1, mtime);
	write_entry(&t, &end, 0, 0);
	return text_failed(&t) ? -ENOMEM : bytes_copy(t.s, t.len, ret);
}
