// SPDX-License-Identifier: MIT
/* See events.h. The written forms are in events-tcg.c and events-cel.c. */
#include "seal/measure/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/own.h"
#include "lib/text.h"
#include "seal/object/pcr.h"

const char events_cap_ready[] = "cvm-init: ready";
const char events_cap_failed[] = "cvm-init: failed";

static const char *const kind_names[] = {
	[EVENT_APPS_CONF] = "apps.conf",
	[EVENT_EXEC] = "exec",
	[EVENT_FILE] = "file",
	[EVENT_DIRECTORY] = "directory",
	[EVENT_ATTRIBUTES] = "attributes",
	[EVENT_VERITY] = "verity",
	[EVENT_VOLUME_KEY] = "volume-key",
	[EVENT_CAP] = "cap",
};

const char *event_kind_name(enum event_kind kind)
{
	return kind_names[kind];
}

digest_algs events_algs(const struct events_into *into)
{
	digest_algs rtmr = into->rtmr ? 1U << DIGEST_SHA384 : 0;
	digest_algs algs = into->banks | rtmr;

	return algs ? algs : 1U << DIGEST_SHA256;
}

void event_free(struct event *e)
{
	free(e->app);
	free(e->path);
	bytes_free(&e->detail);
	*e = (struct event){ 0 };
}

int events_add(struct events *list, struct event *event)
{
	struct event *bigger;

	if (list->n >= events_max)
		return -E2BIG;
	bigger = reallocarray(list->event, list->n + 1, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	list->event = bigger;
	memcpy(&list->event[list->n++], event, sizeof(*event));
	*event = (struct event){ 0 };
	return 0;
}

void events_free(struct events *list)
{
	for (size_t i = 0; i < list->n; i++)
		event_free(&list->event[i]);
	free(list->event);
	*list = (struct events){ 0 };
}

int events_replay(const struct events *list, uint32_t pcr,
		  struct digest_set *value)
{
	struct digest_set next = *value;

	for (size_t i = 0; i < list->n; i++) {
		int r;

		if (list->event[i].pcr != pcr)
			continue;
		r = pcr_extend_value(&next, &list->event[i].digests);
		if (r < 0)
			return r;
	}
	*value = next;
	return 0;
}

int events_add_cap(struct events *list, const char *text, digest_algs algs)
{
	own_event struct event cap = {
		.pcr = pcr_apps,
		.kind = EVENT_CAP,
		.path = strdup(text),
	};
	int r;

	if (!cap.path)
		return -ENOMEM;
	r = digest_data(algs, text, strlen(text), &cap.digests);
	return r < 0 ? r : events_add(list, &cap);
}

int events_add_volume_key(struct events *list, const char *name,
			  const char *uuid, const struct secret *key,
			  digest_algs algs)
{
	own_text struct text what = { 0 };
	own_event struct event e = { .pcr = pcr_volume_keys,
				     .kind = EVENT_VOLUME_KEY };
	int r;

	text_add(&what, "cryptsetup:%s:%s", name, uuid);
	e.path = text_failed(&what) ? NULL : strdup(what.s);
	if (!e.path)
		return -ENOMEM;
	r = digest_hmac(algs, key->data, key->len, what.s, what.len,
			&e.digests);
	return r < 0 ? r : events_add(list, &e);
}
