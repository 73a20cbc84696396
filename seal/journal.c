// SPDX-License-Identifier: MIT
/*
 * See journal.h. A log ends with the intent of the event that is under way;
 * the event takes its place, and is never shorter, so that one write does it.
 * systemd's log has no intents, but its sticky bit says the same.
 */
#include "seal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/json.h"
#include "lib/own.h"
#include "lib/text.h"

struct log {
	char path[PATH_MAX];
	int fd;		   /* -1: not wanted */
	off_t end;	   /* where the next record goes */
	const char *close; /* what stands behind the last record */
	struct text tail;  /* what stands at end: an intent, and close */
};

struct journal {
	struct events_into into;
	struct log tcg;
	struct log cel;
	struct log systemd;
	size_t recnum;
	bool pending;  /* announced, and not recorded yet */
	bool deserted; /* an intent will never be recorded */
};

static int fail_log(const struct log *l, int err, struct fail *f)
{
	return fail_errno(f, err, "give the VM more memory",
			  "log a measurement in %s", l->path);
}

static int log_open(const char *path, mode_t mode, struct log *l)
{
	if (strlen(path) >= sizeof(l->path))
		return -ENAMETOOLONG;
	memcpy(l->path, path, strlen(path) + 1);
	l->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		     mode);
	return l->fd < 0 ? -errno : 0;
}

static void log_close(struct log *l)
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

/*
 * Puts a record behind the others, in the place of one that was put and not
 * kept. If that cannot be done the old tail comes back: its room is there.
 */
static int log_put(struct log *l, struct text *record)
{
	int r;

	text_add(record, "%s", l->close);
	if (text_failed(record))
		return -ENOMEM;
	r = write_tail(l, record);
	if (r < 0) {
		(void)write_tail(l, &l->tail); /* else it is torn, and tells */
		return r;
	}
	text_free(&l->tail);
	l->tail = *record;
	*record = (struct text){ 0 };
	return 0;
}

/* The record that was put stays. */
static void log_keep(struct log *l)
{
	size_t close_len = strlen(l->close);
	size_t len = l->tail.len - close_len;

	memmove(l->tail.s, l->tail.s + len, close_len);
	l->tail.len = close_len;
	l->end += (off_t)len;
}

static int tcg_begin(struct journal *j)
{
	own_text struct text head = { 0 };
	int r;

	j->tcg.close = "";
	events_tcg_begin(events_algs(&j->into), &head);
	r = log_put(&j->tcg, &head);
	if (r == 0)
		log_keep(&j->tcg);
	return r;
}

static int tcg_put(struct journal *j, const struct event *e, bool intent)
{
	own_text struct text t = { 0 };
	int r = intent ? events_tcg_intent(e, &j->into, &t)
		       : events_tcg_add(e, &j->into, &t);

	return r < 0 ? r : log_put(&j->tcg, &t);
}

static int cel_begin(struct journal *j)
{
	own_text struct text head = { 0 };
	int r;

	j->cel.close = "\n]\n";
	text_add(&head, "[");
	r = log_put(&j->cel, &head);
	if (r == 0)
		log_keep(&j->cel);
	return r;
}

/* One line for each record; the array is whole at once. */
static int cel_put(struct journal *j, const struct event *e, bool intent)
{
	own_json struct json_object *o =
		intent ? event_intent_json(e, j->recnum, &j->into)
		       : event_to_json(e, j->recnum, &j->into);
	own_bytes struct bytes line = { 0 };
	own_text struct text t = { 0 };
	int r = o ? json_write_line(o, &line) : -ENOMEM;

	if (r < 0)
		return r;
	text_add(&t, "%s\n", j->recnum ? "," : "");
	text_add_bytes(&t, line.data, line.len - 1); /* without newline */
	return log_put(&j->cel, &t);
}

static void cel_keep(struct journal *j)
{
	log_keep(&j->cel);
	j->recnum++;
}

/* systemd.git, src/shared/tpm2-util.c: set while a record is under way. */
static int systemd_mark(struct journal *j, bool under_way)
{
	mode_t mode = under_way || j->deserted ? 0600 | S_ISVTX : 0600;

	return fchmod(j->systemd.fd, mode) < 0 ? -errno : 0;
}

static int systemd_complete(struct journal *j, const struct event *e)
{
	own_json struct json_object *o = event_to_systemd(e, &j->into);
	own_bytes struct bytes line = { 0 };
	own_text struct text t = { 0 };
	int r = o ? json_write_line(o, &line) : -ENOMEM;

	if (r < 0)
		return r;
	text_add(&t, "\x1e"); /* RFC 7464, 2.2 */
	text_add_bytes(&t, line.data, line.len);
	r = log_put(&j->systemd, &t);
	if (r < 0)
		return r;
	log_keep(&j->systemd);
	return systemd_mark(j, false);
}

static int open_logs(struct journal *j, const struct journal_files *files,
		     struct fail *f)
{
	int r = files->tcg ? log_open(files->tcg, 0644, &j->tcg) : 0;

	if (r == 0 && files->tcg)
		r = tcg_begin(j);
	if (r < 0)
		return fail_log(&j->tcg, r, f);
	r = log_open(files->cel, 0644, &j->cel);
	if (r == 0)
		r = cel_begin(j);
	if (r < 0)
		return fail_log(&j->cel, r, f);
	j->systemd.close = "";
	r = files->systemd ? log_open(files->systemd, 0600, &j->systemd) : 0;
	return r < 0 ? fail_log(&j->systemd, r, f) : 0;
}

int journal_open(const struct journal_files *files,
		 const struct events_into *into, struct journal **ret,
		 struct fail *f)
{
	own_journal struct journal *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return fail_errno(f, ENOMEM, "give the VM more memory",
				  "log a measurement");
	j->into = *into;
	j->tcg.fd = j->cel.fd = j->systemd.fd = -1;
	r = open_logs(j, files, f);
	if (r == 0)
		*ret = take_ptr(j);
	return r;
}

void journal_close(struct journal **j)
{
	if (!*j)
		return;
	log_close(&(*j)->tcg);
	log_close(&(*j)->cel);
	log_close(&(*j)->systemd);
	free(take_ptr(*j));
}

/* The event announced before was not recorded: its intent stays. */
static void desert(struct journal *j)
{
	if (!j->pending)
		return;
	if (j->tcg.fd >= 0)
		log_keep(&j->tcg);
	cel_keep(j);
	j->deserted = true;
	j->pending = false;
}

int journal_intend(struct journal *j, const struct event *e, struct fail *f)
{
	int r;

	desert(j);
	r = j->tcg.fd < 0 ? 0 : tcg_put(j, e, true);
	if (r < 0)
		return fail_log(&j->tcg, r, f);
	r = cel_put(j, e, true);
	if (r < 0)
		return fail_log(&j->cel, r, f);
	j->pending = true;
	r = j->systemd.fd < 0 ? 0 : systemd_mark(j, true);
	return r < 0 ? fail_log(&j->systemd, r, f) : 0;
}

int journal_complete(struct journal *j, const struct event *e, struct fail *f)
{
	int r = j->tcg.fd < 0 ? 0 : tcg_put(j, e, false);

	if (r < 0)
		return fail_log(&j->tcg, r, f);
	r = cel_put(j, e, false);
	if (r < 0)
		return fail_log(&j->cel, r, f);
	if (j->tcg.fd >= 0)
		log_keep(&j->tcg);
	cel_keep(j);
	j->pending = false;
	r = j->systemd.fd < 0 ? 0 : systemd_complete(j, e);
	return r < 0 ? fail_log(&j->systemd, r, f) : 0;
}
