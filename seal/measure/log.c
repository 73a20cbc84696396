// SPDX-License-Identifier: MIT
/* See log.h. */
#include "seal/measure/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/json.h"
#include "lib/own.h"

enum { part_max = 64 * 1024 }; /* of a listing that is escaped */

void log_record_free(struct log_record *r)
{
	text_free(&r->head);
}

int log_open(const char *path, mode_t mode, struct log *l)
{
	if (strlen(path) >= sizeof(l->path))
		return -ENAMETOOLONG;
	memcpy(l->path, path, strlen(path) + 1);
	l->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		     mode);
	return l->fd < 0 ? -errno : 0;
}

void log_close(struct log *l)
{
	own_close_fd(&l->fd);
	text_free(&l->tail);
}

/* Makes *tail all that follows the records. */
static int write_tail(const struct log *l, const struct text *tail)
{
	int r = io_pwrite_all(l->fd, tail->s, tail->len, l->end);

	if (r == 0 && ftruncate(l->fd, l->end + (off_t)tail->len) < 0)
		r = -errno;
	return r;
}

/* Its room is there, so this works; otherwise the log is torn, and tells. */
static void restore_tail(const struct log *l)
{
	(void)write_tail(l, &l->tail); /* it failed already */
}

int log_put(struct log *l, struct text *intent)
{
	int r;

	text_add(intent, "%s", l->close);
	if (text_failed(intent))
		return -ENOMEM;
	r = write_tail(l, intent);
	if (r < 0) {
		restore_tail(l);
		return r;
	}
	text_free(&l->tail);
	l->tail = *intent;
	*intent = (struct text){ 0 };
	return 0;
}

/* Only what closes the file is left of the tail; how long it was before. */
static size_t cut_tail(struct log *l)
{
	size_t close_len = strlen(l->close);
	size_t len = l->tail.len;

	if (len > close_len) {
		memmove(l->tail.s, l->tail.s + len - close_len, close_len);
		l->tail.len = close_len;
	}
	return len - l->tail.len;
}

void log_keep(struct log *l)
{
	l->end += (off_t)cut_tail(l);
}

static int write_part(const struct log *l, const void *data, size_t len,
		      off_t *at)
{
	int r = io_pwrite_all(l->fd, data, len, *at);

	*at += (off_t)len;
	return r;
}

static int write_escaped(const struct log *l, const struct bytes *listing,
			 off_t *at)
{
	const char *s = (const char *)listing->data;
	own_text struct text part = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < listing->len; i += part_max) {
		size_t left = listing->len - i;

		part.len = 0;
		json_escape(&part, s + i, left < part_max ? left : part_max);
		r = text_failed(&part) ? -ENOMEM
				       : write_part(l, part.s, part.len, at);
	}
	return r;
}

static int write_listing(const struct log *l, const struct log_record *record,
			 off_t *at)
{
	const struct bytes *listing = record->listing;

	return record->is_json ? write_escaped(l, listing, at)
			       : write_part(l, listing->data, listing->len, at);
}

/* In one write, if there is no listing. */
static int write_record(const struct log *l, struct log_record *record,
			off_t *at)
{
	own_text struct text foot = { 0 };
	struct text *last = record->listing ? &foot : &record->head;
	int r;

	text_add(last, "%s%s", record->foot, l->close);
	if (text_failed(last) || text_failed(&record->head))
		return -ENOMEM;
	r = write_part(l, record->head.s, record->head.len, at);
	if (r == 0 && record->listing)
		r = write_listing(l, record, at);
	if (r == 0 && record->listing)
		r = write_part(l, foot.s, foot.len, at);
	if (r == 0 && ftruncate(l->fd, *at) < 0)
		r = -errno;
	return r;
}

int log_finish(struct log *l, struct log_record *record)
{
	off_t at = l->end;
	int r = write_record(l, record, &at);

	if (r < 0) {
		restore_tail(l);
		return r;
	}
	(void)cut_tail(l); /* the intent is gone */
	l->end = at - (off_t)strlen(l->close);
	return 0;
}
