/* SPDX-License-Identifier: MIT */
/*
 * A directory with the logs of a boot, and what was extended meanwhile.
 * Include cmocka.h first.
 */
#ifndef TESTS_JOURNAL_H
#define TESTS_JOURNAL_H

#include <json-c/json.h>

#include "lib/io.h"
#include "lib/json.h"
#include "lib/own.h"
#include "seal/measure/journal.h"
#include "seal/object/pcr.h"
#include "tests/event-list.h"
#include "tests/line.h"
#include "tests/tmptree.h"

enum { much = 1 << 20 };

static const struct events_into tpm = { .banks = both };

struct place {
	struct tree tree;
	char path[3][PATH_MAX];
	struct journal *journal;
	struct events list;
	size_t extended;
};

enum { TCG, CEL, SYSTEMD };

static inline int place_open(struct place *p, const struct events_into *into,
			     struct fail *f)
{
	static const char *const names[] = { "log.bin", "log.json", "sd.log" };
	const struct journal_files files = { p->path[TCG], p->path[CEL],
					     p->path[SYSTEMD] };
	char directory[sizeof(p->tree.path)]; /* not of *p, as snprintf asks */

	memcpy(directory, p->tree.path, sizeof(directory));
	for (int i = 0; i < 3; i++)
		(void)snprintf(p->path[i], PATH_MAX, "%s/%s", directory,
			       names[i]);
	return journal_open(&files, into, &p->journal, f);
}

static inline void place_begin(struct place *p)
{
	struct fail f;

	tree_make(&p->tree);
	assert_ok(place_open(p, &tpm, &f), &f);
}

static inline void place_end(struct place *p)
{
	journal_close(&p->journal);
	tree_remove(&p->tree);
	events_free(&p->list);
}

#define own_place __attribute__((cleanup(place_end)))

static inline void make_list(struct events *list)
{
	add(list, EVENT_APPS_CONF, NULL, "/etc/cvm-init/apps.conf", "[app a]");
	add(list, EVENT_EXEC, "web", "/usr/bin/python3", "\177ELF");
	add(list, EVENT_DIRECTORY, "web", "/app", "cvm-init listing 1\nd\t.\n");
	assert_int_equal(events_add_cap(list, events_cap_ready, both), 0);
}

/* As init does it with each event, up to the end or to a failure. */
static inline int run(struct place *p, struct fail *f)
{
	for (size_t i = 0; i < p->list.n; i++) {
		const struct event *e = &p->list.event[i];
		int r = journal_intend(p->journal, e, f);

		if (r < 0)
			return r;
		p->extended++;
		r = journal_complete(p->journal, e, f);
		if (r < 0)
			return r;
	}
	return 0;
}

static inline void read_log(const struct place *p, int which, struct bytes *ret)
{
	assert_int_equal(io_read_file(AT_FDCWD, p->path[which], much, ret), 0);
}

/* The whole of a file as one JSON value; NULL: it is none. */
static inline struct json_object *read_cel(const struct place *p)
{
	own_bytes struct bytes text = { 0 };
	struct json_object *o;

	read_log(p, CEL, &text);
	o = json_tokener_parse((const char *)text.data);
	return o;
}

static inline enum journal_state cel_state(const struct place *p,
					   size_t *ret_records)
{
	own_json struct json_object *o = read_cel(p);
	enum journal_state state;

	assert_int_equal(journal_cel_state(o, &state), 0);
	*ret_records = 0;
	for (size_t i = 0; i < json_object_array_length(o); i++) {
		struct json_object *e = json_object_array_get_idx(o, i);

		assert_int_equal(json_object_get_int(json_get(e, "recnum")), i);
		*ret_records += json_get(e, "digests") != NULL;
	}
	return state;
}

static inline enum journal_state tcg_state(const struct place *p)
{
	own_bytes struct bytes log = { 0 };
	enum journal_state state;

	read_log(p, TCG, &log);
	assert_int_equal(journal_tcg_state(log.data, log.len, &state), 0);
	return state;
}

static inline mode_t systemd_mode(const struct place *p)
{
	struct stat st;

	assert_int_equal(stat(p->path[SYSTEMD], &st), 0);
	return st.st_mode & 07777;
}

static inline void assert_state(const struct place *p, enum journal_state want,
				size_t records)
{
	size_t found;

	assert_int_equal(cel_state(p, &found), want);
	assert_int_equal(found, records);
	assert_int_equal(tcg_state(p), want);
	assert_int_equal(systemd_mode(p), want == JOURNAL_OPEN ? 01600 : 0600);
}

#endif
