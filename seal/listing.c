// SPDX-License-Identifier: MIT
/*
 * See listing.h. Three passes: walk the tree and note what is there, hash the
 * files on all CPUs, write the sorted lines.
 */
#include "seal/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/attributes.h"
#include "seal/content.h"
#include "seal/events.h"

struct entry {
	char *path;		/* below the directory, "" for itself */
	char *target;		/* of a link */
	struct text attributes; /* their lines */
	struct stat st;
	struct digest_set digests; /* of a file's content */
};

static void entry_free(struct entry *e)
{
	free(e->path);
	free(e->target);
	text_free(&e->attributes);
}

#define own_entry __attribute__((cleanup(entry_free)))

/* One listing in the making. */
struct listing {
	const struct listed *what;
	struct text at; /* where the walk is, as in entry.path */
	struct entry *entry;
	size_t n;
	size_t cap;
	size_t attributes_len; /* of all entries */
	struct fail *f;
};

static void listing_free(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		entry_free(&l->entry[i]);
	free(l->entry);
	text_free(&l->at);
}

#define own_listing __attribute__((cleanup(listing_free)))

/* A failure at the place where the walk is. */
static int fail_here(struct listing *l, int err)
{
	return fail_errno(l->f, err, l->what->remedy, "measure %s%s%s",
			  l->what->name, l->at.len ? "/" : "",
			  l->at.len ? l->at.s : "");
}

static int refuse_here(struct listing *l, const char *reason,
		       const char *remedy)
{
	return fail_because(l->f, reason, remedy, "measure %s%s%s",
			    l->what->name, l->at.len ? "/" : "",
			    l->at.len ? l->at.s : "");
}

static int fail_size(struct listing *l, const char *reason)
{
	return fail_because(l->f, reason, "measure smaller directories",
			    "measure %s", l->what->name);
}

/* Makes room for one more entry. */
static int grow(struct listing *l)
{
	size_t cap = l->cap ? l->cap * 2 : 64;
	struct entry *bigger;

	if (l->n < l->cap)
		return 0;
	bigger = reallocarray(l->entry, cap, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	l->entry = bigger;
	l->cap = cap;
	return 0;
}

/* Appends what is at the place where the walk is; *e is taken over. */
static int add_entry(struct listing *l, struct entry *e)
{
	l->attributes_len += e->attributes.len;
	if (l->n >= listing_entries_max)
		return fail_size(l, "it holds too many files");
	if (l->attributes_len > event_detail_max)
		return fail_size(l, "its listing is too long");
	e->path = strdup(l->at.len ? l->at.s : "");
	if (!e->path || grow(l) < 0)
		return fail_here(l, ENOMEM);
	memcpy(&l->entry[l->n++], e, sizeof(*e));
	*e = (struct entry){ 0 };
	return 0;
}

/* The caller frees *ret. 0 or -errno. */
static int read_target(int dir_fd, const char *name, char **ret)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir_fd, name, target, sizeof(target));
	char *copy;

	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof(target))
		return -ENAMETOOLONG;
	copy = strndup(target, (size_t)n);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

/* Why this cannot be part of a listing, or NULL. */
static const char *type_refusal(const struct stat *st)
{
	if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) ||
	    S_ISLNK(st->st_mode))
		return NULL;
	/* of overlayfs, see Documentation/filesystems/overlayfs.rst */
	if (S_ISCHR(st->st_mode) && st->st_rdev == 0)
		return "it is a whiteout of overlayfs";
	return content_refusal(st->st_mode);
}

static int read_attributes(struct listing *l, int fd, const char *name,
			   struct entry *e)
{
	const char *refusal = NULL;
	int r = attributes_add(fd, name, l->at.len ? l->at.s : ".",
			       &e->attributes, &refusal);

	if (refusal)
		return refuse_here(l, refusal,
				   "build the root of merged directories, not "
				   "of a layer");
	return r < 0 ? fail_here(l, r) : 0;
}

/*
 * Notes what is at the place where the walk is: the name in the directory fd,
 * or fd itself if name is NULL.
 */
static int note(struct listing *l, int fd, const char *name, mode_t *ret_mode)
{
	own_entry struct entry e = { 0 };
	const char *path = name ? name : "";
	const char *refusal;
	int r = 0;

	if (fstatat(fd, path, &e.st, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) < 0)
		return fail_here(l, errno);
	refusal = type_refusal(&e.st);
	if (refusal)
		return refuse_here(l, refusal, l->what->remedy);
	if (S_ISLNK(e.st.st_mode))
		r = read_target(fd, path, &e.target);
	if (r < 0)
		return fail_here(l, r);
	*ret_mode = e.st.st_mode;
	r = read_attributes(l, fd, name, &e);
	return r < 0 ? r : add_entry(l, &e);
}

static int walk(struct listing *l, int dir_fd, const char *name,
		unsigned depth);

/* Steps to a name, notes it and what is below it, and steps back. */
static int visit(struct listing *l, int dir_fd, const char *name,
		 unsigned depth)
{
	size_t len = l->at.len;
	mode_t mode = 0;
	int r;

	text_add(&l->at, "%s%s", len ? "/" : "", name);
	if (text_failed(&l->at))
		return fail_here(l, ENOMEM);
	if (l->at.len >= PATH_MAX)
		return fail_size(l, "it holds a path of over 4095 bytes");
	r = note(l, dir_fd, name, &mode);
	if (r == 0 && S_ISDIR(mode))
		r = walk(l, dir_fd, name, depth);
	if (r < 0)
		return r;
	l->at.len = len;
	l->at.s[len] = '\0';
	return 0;
}

/* "." and ".." are not names of a directory's own. */
static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Notes what is in the directory "name" of dir_fd, where the walk is. */
static int walk(struct listing *l, int dir_fd, const char *name, unsigned depth)
{
	own_fd int fd = openat(dir_fd, name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	own_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	int r = 0;

	if (!dir)
		return fail_here(l, errno);
	(void)take_fd(&fd); /* closed with dir */
	if (depth > listing_depth_max)
		return fail_size(l, "its directories are too deep");
	errno = 0;
	while (r == 0 && (d = readdir(dir))) {
		if (!is_dots(d->d_name))
			r = visit(l, dirfd(dir), d->d_name, depth + 1);
		errno = 0;
	}
	return r < 0 || errno == 0 ? r : fail_here(l, errno);
}

static int compare_paths(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;

	return strcmp(x->path, y->path);
}

/* Takes the digests over from files, in which the entries' order is kept. */
static int take_digests(struct listing *l, const struct content *files)
{
	char name[PATH_MAX];

	for (size_t i = 0; i < l->n; i++) {
		if (!S_ISREG(l->entry[i].st.st_mode))
			continue;
		if (files->error) {
			(void)snprintf(name, sizeof(name), "%s/%s",
				       l->what->name,
				       files->path); /* may be cut short */
			return content_failed(files, name, l->what->remedy,
					      l->f);
		}
		l->entry[i].digests = files++->digests;
	}
	return 0;
}

static int hash_files(struct listing *l)
{
	own_free struct content *files = calloc(l->n, sizeof(*files));
	size_t n = 0;

	if (!files)
		return fail_here(l, ENOMEM);
	for (size_t i = 0; i < l->n; i++)
		if (S_ISREG(l->entry[i].st.st_mode))
			files[n++] = (struct content){
				.dir_fd = l->what->fd,
				.path = l->entry[i].path,
				.st = l->entry[i].st,
				.algs = 1U << DIGEST_SHA256,
			};
	content_digest(files, n);
	return take_digests(l, files);
}

/* Adds s, escaped, and what ends its field. */
static void write_name(struct text *t, const char *s, char end)
{
	char escaped[PATH_MAX * 4]; /* s is shorter than PATH_MAX */

	text_escape(s, strlen(s), escaped, sizeof(escaped));
	text_add(t, "%s%c", escaped, end);
}

static void write_entry(struct text *t, const struct entry *e)
{
	char hex[2 * digest_size_max + 1];
	char type = S_ISDIR(e->st.st_mode) ? 'd' : e->target ? 'l' : 'f';

	text_add(t, "%c\t%04o\t%u\t%u\t", type, e->st.st_mode & 07777,
		 e->st.st_uid, e->st.st_gid);
	if (e->digests.algs) {
		hex_encode(e->digests.value[DIGEST_SHA256],
			   digest_size(DIGEST_SHA256), hex);
		text_add(t, "%s\t", hex);
	} else {
		write_name(t, e->target ? e->target : "-", '\t');
	}
	write_name(t, *e->path ? e->path : ".", '\n');
	text_add_bytes(t, e->attributes.s, e->attributes.len);
}

static int write_lines(struct listing *l, struct bytes *ret)
{
	own_text struct text t = { 0 };

	text_add(&t, "%s", l->what->head);
	for (size_t i = 0; i < l->n && t.len <= event_detail_max; i++)
		write_entry(&t, &l->entry[i]);
	if (t.len > event_detail_max)
		return fail_size(l, "its listing is too long");
	if (text_failed(&t) || bytes_copy(t.s, t.len, ret) < 0)
		return fail_here(l, ENOMEM);
	return 0;
}

int listing_write(const struct listed *what, struct bytes *ret, struct fail *f)
{
	own_listing struct listing l = { .what = what, .f = f };
	mode_t mode = 0;
	int r = note(&l, what->fd, NULL, &mode);

	if (r == 0 && S_ISDIR(mode))
		r = walk(&l, what->fd, ".", 0);
	if (r < 0)
		return r;
	qsort(l.entry, l.n, sizeof(*l.entry), compare_paths);
	r = what->no_content ? 0 : hash_files(&l);
	return r < 0 ? r : write_lines(&l, ret);
}
