// SPDX-License-Identifier: MIT
/*
 * See listing.h. The lines are written while the tree is walked, in their
 * order. What is remembered of the tree is those lines, the names in the
 * directories where the walk is, and the files that blanks.h has in hand.
 */
#include "seal/measure/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/own.h"
#include "lib/text.h"
#include "seal/measure/attributes.h"
#include "seal/measure/blanks.h"
#include "seal/measure/content.h"
#include "seal/measure/events.h"
#include "seal/measure/names.h"

/* One listing in the making. */
struct listing {
	const struct listed *what;
	struct text at;	 /* where the walk is: below the directory */
	struct text out; /* the lines so far */
	struct blanks blanks;
	size_t entries;
	size_t to_come; /* bytes of names that are read but have no line yet */
	struct fail *f;
};

static void listing_free(struct listing *l)
{
	text_free(&l->at);
	text_free(&l->out);
	blanks_free(&l->blanks);
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

/* What the walk found before is not what is there now. */
static int fail_changed(struct listing *l)
{
	const struct content here = { .error = -ESTALE };
	char name[PATH_MAX];

	(void)snprintf(name, sizeof(name), "%s/%s", l->what->name,
		       l->at.s); /* may be cut short */
	return content_failed(&here, name, l->what->remedy, l->f);
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

/* Of the lines so far and of those that must follow. */
static int check_length(struct listing *l)
{
	if (text_failed(&l->out))
		return fail_here(l, ENOMEM);
	if (l->what->before + l->out.len + l->to_come <= event_detail_max)
		return 0;
	return fail_size(l, l->what->before ? "its listing is too long, with "
					      "those before it"
					    : "its listing is too long");
}

/* Adds s, escaped. */
static void write_name(struct listing *l, const char *s, size_t len)
{
	char escaped[PATH_MAX * 4]; /* s is shorter than PATH_MAX */

	text_escape(s, len, escaped, sizeof(escaped));
	text_add_bytes(&l->out, escaped, strlen(escaped));
}

static int write_target(struct listing *l, int fd, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(fd, name, target, sizeof(target));

	if (n < 0)
		return fail_here(l, errno);
	if ((size_t)n == sizeof(target))
		return fail_here(l, ENAMETOOLONG);
	write_name(l, target, (size_t)n);
	return 0;
}

/* r is what blanks.h returned, for whatever files were digested. */
static int judge_blanks(struct listing *l, int r)
{
	const struct content *failed = l->blanks.failed;
	char name[PATH_MAX];

	if (r == 0)
		return 0;
	if (!failed)
		return fail_here(l, r);
	(void)snprintf(name, sizeof(name), "%s/%s", l->what->name,
		       failed->path); /* may be cut short */
	return content_failed(failed, name, l->what->remedy, l->f);
}

/* Of the name in fd, or of fd itself if the name is empty. */
static int write_content(struct listing *l, int fd, const char *name,
			 const struct stat *st)
{
	if (S_ISLNK(st->st_mode))
		return write_target(l, fd, name);
	if (S_ISREG(st->st_mode) && !l->what->no_content)
		return judge_blanks(l, blanks_add(&l->blanks, l->at.s, st));
	text_add_bytes(&l->out, "-", 1);
	return 0;
}

static int write_attributes(struct listing *l, int fd, const char *name)
{
	const char *refusal = NULL;
	int r = attributes_add(fd, name, l->at.len ? l->at.s : ".", &l->out,
			       &refusal);

	if (refusal)
		return refuse_here(l, refusal,
				   "build the root of merged directories, not "
				   "of a layer");
	/* -EFBIG: the same in other words */
	return r < 0 && r != -EFBIG ? fail_here(l, r) : check_length(l);
}

/* The lines of what is where the walk is; fd and name as in note. */
static int write_entry(struct listing *l, int fd, const char *name,
		       const struct stat *st)
{
	char type = S_ISDIR(st->st_mode)   ? 'd'
		    : S_ISLNK(st->st_mode) ? 'l'
					   : 'f';
	int r;

	text_add(&l->out, "%c\t%04o\t%u\t%u\t", type, st->st_mode & 07777,
		 st->st_uid, st->st_gid);
	r = write_content(l, fd, name ? name : "", st);
	if (r < 0)
		return r;
	text_add_bytes(&l->out, "\t", 1);
	if (l->at.len)
		write_name(l, l->at.s, l->at.len);
	else
		text_add_bytes(&l->out, ".", 1);
	text_add_bytes(&l->out, "\n", 1);
	return write_attributes(l, fd, name);
}

/*
 * Writes what is at the place where the walk is: the name in the directory fd,
 * or fd itself if name is NULL.
 */
static int note(struct listing *l, int fd, const char *name, mode_t *ret_mode)
{
	const char *refusal;
	struct stat st;

	if (fstatat(fd, name ? name : "", &st,
		    AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) < 0)
		return fail_here(l, errno);
	refusal = type_refusal(&st);
	if (refusal)
		return refuse_here(l, refusal, l->what->remedy);
	*ret_mode = st.st_mode;
	return write_entry(l, fd, name, &st);
}

static int note_name(struct listing *l, int dir_fd, const struct name *name)
{
	mode_t mode = 0;
	int r;

	l->to_come -= strlen(name->s);
	r = note(l, dir_fd, name->s, &mode);
	/* what is inside would be left out */
	return r == 0 && S_ISDIR(mode) != name->is_directory ? fail_changed(l)
							     : r;
}

static int walk(struct listing *l, int dir_fd, const char *name,
		unsigned depth);

/* Steps to a name, or what is inside of it, and back. */
static int visit(struct listing *l, int dir_fd, const struct name *name,
		 unsigned depth)
{
	size_t len = l->at.len;
	int r;

	text_add(&l->at, "%s%s", len ? "/" : "", name->s);
	if (text_failed(&l->at))
		return fail_here(l, ENOMEM);
	if (l->at.len >= PATH_MAX)
		return fail_size(l, "it holds a path of over 4095 bytes");
	r = name->is_inside ? walk(l, dir_fd, name->s, depth)
			    : note_name(l, dir_fd, name);
	if (r < 0)
		return r;
	l->at.len = len;
	l->at.s[len] = '\0';
	return 0;
}

static int read_names(struct listing *l, DIR *dir, struct names *ret)
{
	int r = names_read(dir, listing_entries_max - l->entries, ret);

	if (r == -E2BIG)
		return fail_size(l, "it holds too many files");
	if (r < 0)
		return fail_here(l, r);
	l->entries += ret->entries;
	l->to_come += ret->text.len - 2 * ret->entries; /* marks, NULs */
	return check_length(l);
}

/* Writes what is in the directory "name" of dir_fd, where the walk is. */
static int walk(struct listing *l, int dir_fd, const char *name, unsigned depth)
{
	own_fd int fd = openat(dir_fd, name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	own_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	own_names struct names names = { .name = NULL };
	int r;

	if (!dir)
		return fail_here(l, errno);
	(void)take_fd(&fd); /* closed with dir */
	if (depth > listing_depth_max)
		return fail_size(l, "its directories are too deep");
	r = read_names(l, dir, &names);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = visit(l, dirfd(dir), &names.name[i], depth + 1);
	return r;
}

int listing_write(const struct listed *what, struct bytes *ret, struct fail *f)
{
	own_listing struct listing l = { .what = what, .entries = 1, .f = f };
	mode_t mode = 0;
	int r;

	l.blanks.text = &l.out;
	l.blanks.dir_fd = what->fd;
	text_add(&l.out, "%s", what->head);
	r = note(&l, what->fd, NULL, &mode);
	if (r == 0 && S_ISDIR(mode))
		r = walk(&l, what->fd, ".", 0);
	if (r == 0)
		r = judge_blanks(&l, blanks_fill(&l.blanks));
	if (r == 0)
		*ret = take_text(&l.out);
	return r;
}
