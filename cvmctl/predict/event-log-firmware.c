// SPDX-License-Identifier: MIT
/* See event-log.h: the firmware's log, in the TCG's binary form. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cvmctl/predict/event-log.h"
#include "evidence/logs/tcg-log.h"
#include "lib/own.h"

enum { first_room = 64 };

static int add(struct event_log *log, size_t *room,
	       const struct logged_event *e)
{
	if (log->n == *room) {
		struct logged_event *bigger =
			reallocarray(log->event, 2 * *room, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		log->event = bigger;
		*room *= 2;
	}
	log->event[log->n++] = *e;
	return 0;
}

/* What shim leaves in PCR 14 is where a prediction of it begins. */
static bool is_wanted(const struct tcg_event *e)
{
	return e->type != ev_no_action && e->pcr != pcr_apps;
}

static void take(const struct tcg_event *from, struct logged_event *ret)
{
	const char *name = tcg_event_name(from->type);

	*ret = (struct logged_event){ .pcr = from->pcr,
				      .digests = from->digests };
	if (name)
		(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	else
		(void)snprintf(ret->name, sizeof(ret->name), "0x%08x",
			       from->type);
}

int event_log_parse_firmware(const struct bytes *b, struct event_log *ret,
			     struct fail *f)
{
	own_event_log struct event_log log = { 0 };
	struct tcg_event e;
	struct tcg_log tcg;
	size_t room = first_room;
	int r = tcg_log_open(b, &tcg, f);

	if (r < 0)
		return r;
	log.event = calloc(room, sizeof(*log.event));
	if (!log.event)
		return -ENOMEM;
	while ((r = tcg_log_next(&tcg, &e, f)) > 0) {
		struct logged_event event;

		if (!is_wanted(&e))
			continue;
		take(&e, &event);
		r = add(&log, &room, &event);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret = log;
	log = (struct event_log){ 0 };
	return 0;
}
