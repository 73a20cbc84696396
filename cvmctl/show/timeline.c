// SPDX-License-Identifier: MIT
/* See timeline.h. Numbers of others are bounded before they are added. */
#include "cvmctl/show/timeline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/own.h"
#include "lib/strict-json.h"

enum { depth_max = 8 };

/* A year. A boot that takes longer is none. */
static const int64_t time_max_us = INT64_C(366) * 24 * 3600 * 1000 * 1000;

static const char remedy[] = "give /run/cvm-init/report.json of the VM";

/* A whole number of microseconds. */
static int read_time(struct json_object *o, const char *key, uint64_t *ret)
{
	struct json_object *v = json_get(o, key);
	int64_t us = json_object_is_type(v, json_type_int)
			     ? json_object_get_int64(v)
			     : -1;

	if (us < 0 || us > time_max_us)
		return -EINVAL;
	*ret = (uint64_t)us;
	return 0;
}

static void read_name(struct json_object *o, const char *key,
		      char ret[static timeline_name_max + 1])
{
	const char *s = json_get_string(o, key);

	text_escape(s, strlen(s), ret, timeline_name_max + 1); /* may be cut */
}

/* NULL, or why the stages are refused. */
static const char *read_stages(struct json_object *stages, struct timeline *t)
{
	size_t n = json_object_is_type(stages, json_type_array)
			   ? json_object_array_length(stages)
			   : 0;

	if (n == 0)
		return "it lists no stages";
	if (n > timeline_stages_max)
		return "it lists more than 64 stages";
	for (t->n = 0; t->n < n; t->n++) {
		struct json_object *o = json_object_array_get_idx(stages, t->n);
		struct timeline_stage *s = &t->stage[t->n];
		uint64_t end;

		read_name(o, "name", s->name);
		if (read_time(o, "start_us", &s->start_us) < 0 ||
		    read_time(o, "duration_us", &s->duration_us) < 0)
			return "a stage has no time, or one of over a year";
		end = s->start_us + s->duration_us;
		if (t->n == 0 || s->start_us < t->start_us)
			t->start_us = s->start_us;
		if (end > t->end_us)
			t->end_us = end;
	}
	return NULL;
}

int timeline_parse(const char *name, const char *text, size_t len,
		   struct timeline *ret, struct fail *f)
{
	own_json struct json_object *o = NULL;
	struct timeline t = { .n = 0 };
	const char *refusal = "it is not a JSON object";
	int r = strnlen(text, len) == len
			? strict_json_parse(text, report_max, depth_max, &o)
			: -EINVAL;

	if (r == -ENOMEM)
		return fail_errno(f, r, "free memory", "read %s", name);
	if (r == 0)
		refusal = read_stages(json_get(o, "stages"), &t);
	if (refusal)
		return fail_because(f, refusal, remedy, "read %s", name);
	if (read_time(json_get(o, "tpm"), "waited_us", &t.waited_us) < 0)
		t.waited_us = 0; /* reports of older versions lack it */
	read_name(o, "version", t.version);
	*ret = t;
	return 0;
}

const char *timeline_time(uint64_t us, char ret[static timeline_time_max])
{
	if (us == 0)
		(void)snprintf(ret, timeline_time_max, "0");
	else if (us >= 1000 * 1000)
		(void)snprintf(ret, timeline_time_max, "%" PRIu64 ".%03u s",
			       us / 1000000, (unsigned)(us % 1000000 / 1000));
	else if (us >= 1000)
		(void)snprintf(ret, timeline_time_max, "%" PRIu64 ".%u ms",
			       us / 1000, (unsigned)(us % 1000 / 100));
	else
		(void)snprintf(ret, timeline_time_max, "%" PRIu64 " us", us);
	return ret;
}

unsigned timeline_at(const struct timeline *t, uint64_t us, unsigned width)
{
	uint64_t span = t->end_us - t->start_us;

	if (us <= t->start_us || span == 0)
		return 0;
	if (us >= t->end_us)
		return width;
	return (unsigned)((us - t->start_us) * width / span);
}
