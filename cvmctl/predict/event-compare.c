// SPDX-License-Identifier: MIT
/* See event-log.h; two logs beside each other. Pure. */
#include "cvmctl/predict/event-log.h"

#include <errno.h>
#include <string.h>

/* The next event of a PCR from *at on, which moves behind it; or NULL. */
static const struct logged_event *next_event(const struct event_log *log,
					     unsigned pcr, size_t *at)
{
	while (*at < log->n) {
		const struct logged_event *e = &log->event[(*at)++];

		if (e->pcr == pcr)
			return e;
	}
	return NULL;
}

bool event_log_has(const struct event_log *log, unsigned pcr)
{
	size_t at = 0;

	return next_event(log, pcr, &at);
}

int event_log_replay(const struct event_log *log, unsigned pcr,
		     struct digest_set *value)
{
	struct digest_set next = *value;
	const struct logged_event *e;
	size_t at = 0;

	while ((e = next_event(log, pcr, &at))) {
		int r = (e->digests.algs & next.algs) == next.algs
				? pcr_extend_value(&next, &e->digests)
				: -ENODATA;

		if (r < 0)
			return r;
	}
	*value = next;
	return 0;
}

static bool is_same(const struct logged_event *a, const struct logged_event *b,
		    enum digest_alg bank)
{
	return a->digests.algs & b->digests.algs & 1U << bank &&
	       memcmp(a->digests.value[bank], b->digests.value[bank],
		      digest_size(bank)) == 0;
}

/* The firmware's log has no more than the type, with which the name begins. */
static bool has_name(const struct logged_event *expected,
		     const struct logged_event *logged)
{
	size_t len = strlen(logged->name);

	return strncmp(expected->name, logged->name, len) == 0 &&
	       (!expected->name[len] || expected->name[len] == ' ');
}

/* True when the event comes in the log, from there on. */
static bool comes_later(const struct event_log *log, size_t at,
			const struct logged_event *wanted, enum digest_alg bank)
{
	const struct logged_event *e;

	while ((e = next_event(log, wanted->pcr, &at)))
		if (is_same(e, wanted, bank))
			return true;
	return false;
}

/* At the end of one of the lists. last is what both had before, if any. */
static enum event_difference_kind judge_end(const struct logged_event *last,
					    const struct event_difference *d)
{
	if (d->logged)
		return EVENT_EXTRA;
	if (d->expected)
		return d->expected->cap ? EVENTS_SAME : EVENT_MISSING;
	return last && last->cap ? EVENTS_CLOSED : EVENTS_SAME;
}

void event_log_compare(const struct event_log *expected,
		       const struct event_log *logged, unsigned pcr,
		       enum digest_alg bank, struct event_difference *ret)
{
	struct event_difference d = { 0 };
	const struct logged_event *last;
	size_t expected_at = 0;
	size_t logged_at = 0;
	bool missing;
	bool extra;

	do {
		last = d.logged;
		d.expected = next_event(expected, pcr, &expected_at);
		d.logged = next_event(logged, pcr, &logged_at);
		d.number++;
	} while (d.expected && d.logged && is_same(d.expected, d.logged, bank));
	if (!d.expected || !d.logged) {
		d.kind = judge_end(last, &d);
		*ret = d;
		return;
	}
	missing = comes_later(expected, expected_at, d.logged, bank);
	extra = comes_later(logged, logged_at, d.expected, bank);
	if (missing != extra)
		d.kind = missing ? EVENT_MISSING : EVENT_EXTRA;
	else if (has_name(d.expected, d.logged))
		d.kind = EVENT_CHANGED;
	else
		d.kind = EVENT_REPLACED;
	*ret = d;
}
