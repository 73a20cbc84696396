// SPDX-License-Identifier: MIT
/* See log.h. */
#include "evidence/logs/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "seal/object/json-values.h"

static const char *const source_names[] = {
	[LOG_FIRMWARE] = "firmware", [LOG_CCEL] = "ccel",
	[LOG_INIT] = "init",	     [LOG_IMA] = "ima",
	[LOG_SYSTEMD] = "systemd",
};

static const char *const origin_names[] = {
	[ORIGIN_UNKNOWN] = "unknown",
	[ORIGIN_KNOWN] = "known",
	[ORIGIN_FIRMWARE] = "firmware",
	[ORIGIN_SECRET] = "not recomputable",
	[ORIGIN_INFORMATION] = "information",
};

const char *log_source_name(enum log_source log)
{
	return source_names[log];
}

const char *log_origin_name(enum log_origin origin)
{
	return origin_names[origin];
}

void log_event_free(struct log_event *e)
{
	free(e->type);
	free(e->says);
	free(e->entry);
	*e = (struct log_event){ 0 };
}

int log_event_name(struct log_event *e, const char *entry)
{
	char *copy = strdup(entry);

	if (!copy)
		return -ENOMEM;
	free(e->entry);
	e->entry = copy;
	return 0;
}

int log_events_add(struct log_events *list, struct log_event *e)
{
	if (list->n >= log_events_max)
		return -E2BIG;
	if (list->n == list->cap) {
		size_t cap = list->cap ? 2 * list->cap : 64;
		struct log_event *bigger =
			reallocarray(list->event, cap, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		list->event = bigger;
		list->cap = cap;
	}
	list->event[list->n++] = *e;
	*e = (struct log_event){ 0 };
	return 0;
}

void log_events_free(struct log_events *list)
{
	for (size_t i = 0; i < list->n; i++)
		log_event_free(&list->event[i]);
	free(list->event);
	*list = (struct log_events){ 0 };
}

int log_read_digests(struct json_object *list, struct digest_set *ret)
{
	struct digest_set set = { 0 };

	if (!json_object_is_type(list, json_type_array))
		return -EINVAL;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		enum digest_alg alg;

		if (!json_value_string(json_get(o, "hashAlg")))
			return -EINVAL;
		if (json_value_bank(json_get(o, "hashAlg"), &alg) < 0)
			continue;
		if (set.algs & 1U << alg ||
		    json_value_hex(json_get(o, "digest"), digest_size(alg),
				   set.value[alg]) < 0)
			return -EINVAL;
		set.algs |= 1U << alg;
	}
	*ret = set;
	return 0;
}
