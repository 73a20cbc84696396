// SPDX-License-Identifier: MIT
/*
 * The events of the firmware's log in evidence, by PCR. A log that cannot be
 * read is said to be so, and nothing of it is shown.
 */
#include <errno.h>
#include <string.h>

#include "cvmctl/show/chain-source.h"
#include "evidence/file/evidence.h"
#include "evidence/logs/logs.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "seal/object/json-values.h"

enum { events_shown_max = 4, base64_max = evidence_firmware_max / 3 * 4 + 4 };

int chain_read_firmware(struct json_object *logs, bool is_td,
			struct log_events *ret)
{
	struct json_object *text = json_get(logs, is_td ? "ccel" : "firmware");
	own_bytes struct bytes log = { 0 };
	struct fail ignored = { 0 }; /* cvmctl verify says why */
	uint8_t locality = 0;
	int r = text ? json_value_base64(text, base64_max, &log) : -ENOENT;

	if (r < 0)
		return r;
	return is_td ? ccel_log_read(&log, ret, &ignored)
		     : firmware_log_read(&log, ret, &locality, &ignored);
}

/* "EV_SEPARATOR" for an event that says nothing of itself. */
static void add_event(struct chain_box *b, const struct log_event *e,
		      enum digest_alg bank)
{
	char hex[2 * digest_size_max + 1] = "";
	char digest[chain_digest_digits + 1];

	if (e->digests.algs & 1U << bank)
		hex_encode(e->digests.value[bank], digest_size(bank), hex);
	chain_add_line(b, CHAIN_ITEM, chain_short_digest(hex, digest), "  %s",
		       e->says && *e->says ? e->says : e->type);
}

/* Only the log of a TD has events that extend no PCR. */
static bool extends(const struct log_event *e, enum chain_place place)
{
	if (e->origin == ORIGIN_INFORMATION)
		return false;
	return e->mr_alone ? (int)e->mr == log_mr_rtmr_0 + chain_rtmr_of(place)
			   : e->pcr == chain_pcr_of(place);
}

void chain_add_events(struct chain_box *b, const struct log_events *list,
		      enum chain_place place, enum digest_alg bank)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct log_event *e = &list->event[i];

		if (!extends(e, place))
			continue;
		if (n++ < events_shown_max)
			add_event(b, e, bank);
	}
	if (n > events_shown_max)
		chain_add_line(b, CHAIN_NOTE, "", "  and %zu more",
			       n - events_shown_max);
}
