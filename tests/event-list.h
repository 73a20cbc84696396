/* SPDX-License-Identifier: MIT */
/* Events of contents that a test makes up. Include cmocka.h first. */
#ifndef TESTS_EVENT_LIST_H
#define TESTS_EVENT_LIST_H

#include <stdlib.h>
#include <string.h>

#include "seal/measure/events.h"
#include "seal/object/pcr.h"

enum { both = 1U << DIGEST_SHA1 | 1U << DIGEST_SHA256 };

/* A directory's content is its listing. */
static inline void add(struct events *list, enum event_kind kind,
		       const char *app, const char *path, const char *content)
{
	struct event e = { .pcr = pcr_apps, .kind = kind };

	e.app = app ? strdup(app) : NULL;
	e.path = strdup(path);
	assert_int_equal(
		digest_data(both, content, strlen(content), &e.digests), 0);
	if (kind == EVENT_DIRECTORY)
		assert_int_equal(
			bytes_copy(content, strlen(content), &e.detail), 0);
	assert_int_equal(events_add(list, &e), 0);
	assert_null(e.path); /* the list has it */
}

#endif
