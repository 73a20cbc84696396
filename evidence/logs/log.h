/* SPDX-License-Identifier: MIT */
/*
 * The events of all logs in one list, in the order in which they extended
 * their registers, and what the judge has found out about each.
 */
#ifndef EVIDENCE_LOGS_LOG_H
#define EVIDENCE_LOGS_LOG_H

#include <stdbool.h>

#include "lib/digest.h"
#include "lib/text.h"

enum { log_mr_rtmr_0 = 1, log_mr_rtmr_3 = 4 };

enum log_source {
	LOG_FIRMWARE,
	LOG_CCEL,
	LOG_INIT,
	LOG_IMA,
	LOG_SYSTEMD,
	LOG_COUNT
};

/* What its digest was found to stand for. */
enum log_origin {
	ORIGIN_UNKNOWN,	    /* nothing that the judge was told of */
	ORIGIN_KNOWN,	    /* what is called entry */
	ORIGIN_FIRMWARE,    /* firmware and its settings, PCRs 0 to 7 */
	ORIGIN_SECRET,	    /* cannot be recomputed without a key */
	ORIGIN_INFORMATION, /* extends nothing that was quoted */
};

enum { log_events_max = 512 * 1024 }; /* of all logs */

struct log_event {
	enum log_source log;
	size_t number; /* in its log, from 0 */
	unsigned pcr;
	/* UEFI 2.10, 38.4.1: 1 to 4 are RTMR 0 to 3 of Intel TDX; 0: none */
	unsigned mr;
	bool mr_alone; /* it extends no PCR; pcr is where it would belong */
	char *type;    /* "EV_SEPARATOR", "exec", "ima-ng" */
	char *says;    /* what the log says it is; not proven; or NULL */
	struct digest_set digests;
	enum log_origin origin;
	char *entry; /* of the manifest or prediction; or NULL */
};

struct log_events {
	struct log_event *event;
	size_t n;
	size_t cap;
};

void log_event_free(struct log_event *e);

#define own_log_event __attribute__((cleanup(log_event_free)))

/* Says what the event's digest is that of. 0 or -ENOMEM. */
int log_event_name(struct log_event *e, const char *entry);

/* Moves *e to the end. 0; -ENOMEM, -E2BIG, and *e stays the caller's. */
int log_events_add(struct log_events *list, struct log_event *e);
void log_events_free(struct log_events *list);

/* "firmware", "ccel", "init" and so on; "known" and so on. */
const char *log_source_name(enum log_source log);
const char *log_origin_name(enum log_origin origin);

struct json_object;

/*
 * The digests of a record in the Canonical Event Log's JSON, a list of
 * {"hashAlg":"sha256","digest":"..."}; banks that we do not know are passed
 * over. 0, or -EINVAL for another form, or a bank twice.
 */
int log_read_digests(struct json_object *list, struct digest_set *ret);

#endif
