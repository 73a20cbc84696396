// SPDX-License-Identifier: MIT
/*
 * See logs.h: the firmware's logs as events of the common list. What an
 * event says of itself is kept if it is plain text; the digest need not be
 * that of the text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/logs/logs.h"
#include "evidence/logs/tcg-log.h"
#include "lib/own.h"
#include "seal/object/pcr.h"

enum {
	tag_header_size = 8,	   /* taggedEventID, taggedEventDataSize */
	variable_header_size = 32, /* a GUID, two lengths of 64 bits */
	says_max = 96,
};

/* Printable ASCII in steps of one or two bytes; up to a NUL. */
static char *copy_text(const uint8_t *at, size_t len, size_t step)
{
	own_text struct text t = { 0 };

	for (size_t i = 0; i + step <= len && i / step < says_max; i += step) {
		if (!at[i] || (step == 2 && at[i + 1]))
			break;
		if (at[i] < ' ' || at[i] > '~')
			return strdup("");
		text_add(&t, "%c", at[i]);
	}
	text_add(&t, "%s", "");
	return text_failed(&t) ? NULL : take_ptr(t.s);
}

static bool is_variable(uint32_t type)
{
	static const uint32_t types[] = {
		0x80000001, /* EV_EFI_VARIABLE_DRIVER_CONFIG */
		0x80000002, /* EV_EFI_VARIABLE_BOOT */
		0x8000000c, /* EV_EFI_VARIABLE_BOOT2 */
		0x800000e0, /* EV_EFI_VARIABLE_AUTHORITY */
	};

	for (size_t i = 0; i < array_size(types); i++)
		if (types[i] == type)
			return true;
	return false;
}

static char *describe(const struct tcg_event *e)
{
	if (e->type == ev_event_tag && e->len > tag_header_size)
		return copy_text(e->data + tag_header_size,
				 e->len - tag_header_size, 1);
	if (is_variable(e->type) && e->len > variable_header_size)
		return copy_text(e->data + variable_header_size,
				 e->len - variable_header_size, 2);
	if (e->type == ev_ipl && e->len > 1 && !e->data[1])
		return copy_text(e->data, e->len, 2);
	return copy_text(e->data, e->len, 1);
}

/* Moves *place, which has where the event went, to the end of the list. */
static int add_event(const struct tcg_event *e, struct log_event *place,
		     struct log_events *list)
{
	const char *name = tcg_event_name(e->type);

	place->number = e->number;
	place->digests = e->digests;
	place->says = describe(e);
	if (e->type == ev_no_action)
		place->origin = ORIGIN_INFORMATION;
	if (name)
		place->type = strdup(name);
	else if (asprintf(&place->type, "0x%08x", e->type) < 0)
		place->type = NULL;
	return place->type && place->says ? log_events_add(list, place)
					  : -ENOMEM;
}

int firmware_log_read(const struct bytes *b, struct log_events *ret,
		      uint8_t *ret_locality, struct fail *f)
{
	struct tcg_log log;
	struct tcg_event e;
	uint8_t locality = 0;
	int r;

	if (!b->len)
		return 0;
	r = tcg_log_open(b, &log, f);
	if (r < 0)
		return r;
	while ((r = tcg_log_next(&log, &e, f)) > 0) {
		own_log_event struct log_event event = { .log = LOG_FIRMWARE,
							 .pcr = e.pcr };

		(void)tcg_event_is_locality(&e, &locality);
		if (e.pcr >= pcr_count)
			continue;
		r = add_event(&e, &event, ret);
		if (r < 0)
			return r;
	}
	if (r == 0)
		*ret_locality = locality;
	return r;
}

/* PCRs that the same events would have gone to, by register: UEFI 2.10. */
static const unsigned pcr_of_mr[] = { 0, 0, 4, 9, pcr_apps };

static int add_cc_event(const struct tcg_event *e, struct log_events *list,
			struct fail *f)
{
	own_log_event struct log_event event = { .log = LOG_CCEL,
						 .mr_alone = true };

	if (e->type != ev_no_action) {
		if (e->pcr >= array_size(pcr_of_mr) ||
		    !(e->digests.algs & 1U << DIGEST_SHA384))
			return fail_reason(f,
					   "its event %zu is of no register, "
					   "or has no SHA-384",
					   e->number);
		event.mr = e->pcr;
		event.pcr = pcr_of_mr[e->pcr];
	}
	if (!event.mr) /* MRTD, which nobody extends */
		event.origin = ORIGIN_INFORMATION;
	return add_event(e, &event, list);
}

int ccel_log_read(const struct bytes *b, struct log_events *ret, struct fail *f)
{
	struct tcg_log log;
	struct tcg_event e;
	int r;

	if (!b->len)
		return 0;
	r = tcg_log_open_cc(b, &log, f);
	while (r == 0 && !tcg_log_is_unwritten(&log)) {
		r = tcg_log_next(&log, &e, f);
		if (r <= 0)
			return r;
		r = add_cc_event(&e, ret, f);
	}
	return r;
}
