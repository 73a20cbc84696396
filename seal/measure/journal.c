// SPDX-License-Identifier: MIT
/*
 * See journal.h. A log ends with the intent of the event that is under way;
 * the event takes its place, and is never shorter, so that nothing is left of
 * the intent. systemd's log has no intents, but its sticky bit says the same.
 */
#include "seal/measure/journal.h"

#include <errno.h>
#include <sys/stat.h>

#include "lib/json.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/measure/log.h"

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

static int tcg_intend(struct journal *j, const struct event *e)
{
	own_text struct text t = { 0 };
	int r = events_tcg_intent(e, &j->into, &t);

	return r < 0 ? r : log_put(&j->tcg, &t);
}

static const struct bytes *listing_of(const struct event *e)
{
	return e->detail.len ? &e->detail : NULL;
}

static int tcg_finish(struct journal *j, const struct event *e)
{
	own_log_record struct log_record record = { .listing = listing_of(e),
						    .foot = "" };
	int r = events_tcg_add(e, &j->into, &record.head);

	return r < 0 ? r : log_finish(&j->tcg, &record);
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
static void cel_separate(const struct journal *j, struct text *t)
{
	text_add(t, "%s\n", j->recnum ? "," : "");
}

static int cel_intend(struct journal *j, const struct event *e)
{
	own_json struct json_object *o =
		event_intent_json(e, j->recnum, &j->into);
	own_bytes struct bytes line = { 0 };
	own_text struct text t = { 0 };
	int r = json_write_line(o, &line);

	if (r < 0)
		return r;
	cel_separate(j, &t);
	text_add_bytes(&t, line.data, line.len - 1); /* without newline */
	return log_put(&j->cel, &t);
}

static int cel_finish(struct journal *j, const struct event *e)
{
	own_log_record struct log_record record = { .listing = listing_of(e),
						    .is_json = true };
	int r;

	cel_separate(j, &record.head);
	r = event_json_text(e, j->recnum, &j->into, &record.head, &record.foot);
	if (r == 0)
		r = log_finish(&j->cel, &record);
	if (r == 0)
		j->recnum++;
	return r;
}

/* systemd.git, src/shared/tpm2-util.c: set while a record is under way. */
static int systemd_mark(struct journal *j, bool under_way)
{
	mode_t mode = under_way || j->deserted ? 0600 | S_ISVTX : 0600;

	return fchmod(j->systemd.fd, mode) < 0 ? -errno : 0;
}

static int systemd_finish(struct journal *j, const struct event *e)
{
	own_json struct json_object *o = event_to_systemd(e, &j->into);
	own_bytes struct bytes line = { 0 };
	own_log_record struct log_record record = { .foot = "" };
	int r = json_write_line(o, &line);

	if (r < 0)
		return r;
	text_add(&record.head, "\x1e"); /* RFC 7464, 2.2 */
	text_add_bytes(&record.head, line.data, line.len);
	r = log_finish(&j->systemd, &record);
	return r < 0 ? r : systemd_mark(j, false);
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

/*
 * The event announced before was not recorded: its intent stays, in each log
 * that has it.
 */
static void desert(struct journal *j)
{
	if (!j->pending)
		return;
	if (j->tcg.fd >= 0)
		log_keep(&j->tcg);
	log_keep(&j->cel);
	j->recnum++;
	j->deserted = true;
	j->pending = false;
}

int journal_intend(struct journal *j, const struct event *e, struct fail *f)
{
	int r;

	desert(j);
	r = j->tcg.fd < 0 ? 0 : tcg_intend(j, e);
	if (r < 0)
		return fail_log(&j->tcg, r, f);
	r = cel_intend(j, e);
	if (r < 0)
		return fail_log(&j->cel, r, f);
	j->pending = true;
	r = j->systemd.fd < 0 ? 0 : systemd_mark(j, true);
	return r < 0 ? fail_log(&j->systemd, r, f) : 0;
}

int journal_complete(struct journal *j, const struct event *e, struct fail *f)
{
	int r = j->tcg.fd < 0 ? 0 : tcg_finish(j, e);

	if (r < 0)
		return fail_log(&j->tcg, r, f);
	r = cel_finish(j, e);
	if (r < 0)
		return fail_log(&j->cel, r, f);
	j->pending = false;
	r = j->systemd.fd < 0 ? 0 : systemd_finish(j, e);
	return r < 0 ? fail_log(&j->systemd, r, f) : 0;
}
