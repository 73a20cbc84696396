/* SPDX-License-Identifier: MIT */
/*
 * What was measured, in its order: as init logged it, or as cvmctl predict
 * foretold it; and the first event that differs.
 */
#ifndef CVMCTL_PREDICT_EVENT_LOG_H
#define CVMCTL_PREDICT_EVENT_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/bytes.h"
#include "lib/fail.h"
#include "lib/json.h"
#include "seal/object/pcr.h"

/* Where init and the kernel leave them. */
#define EVENT_LOG_INIT	   "/run/cvm-init/measurements.json"
#define EVENT_LOG_FIRMWARE "/sys/kernel/security/tpm0/binary_bios_measurements"

enum {
	event_log_max = 256 * 1024 * 1024, /* bytes; listings make it large */
	event_name_max = 160,
};

struct logged_event {
	unsigned pcr;
	char name[event_name_max]; /* "file /etc/motd of app web"; may be cut */
	bool cap;
	struct digest_set digests;
};

struct event_log {
	struct logged_event *event;
	size_t n;
};

void event_log_free(struct event_log *log);

#define own_event_log __attribute__((cleanup(event_log_free)))

/*
 * Appends a measurements.json, or the firmware's log in the TCG's crypto-agile
 * form, of which PCR 14 is left out: what it has there is the start of what
 * is predicted. Intents, and events that went into no PCR, are left out. The
 * caller frees *log. 0 or -errno.
 */
int event_log_add(struct event_log *log, const char *path, struct fail *f);

/*
 * A firmware's log. The caller frees *ret. 0; -EINVAL with a reason in *f;
 * -ENOMEM.
 */
int event_log_parse_firmware(const struct bytes *b, struct event_log *ret,
			     struct fail *f);

/*
 * A measurements.json called name, in len bytes of text, which a NUL follows.
 * The caller frees *ret. 0 or -errno.
 */
int event_log_parse(const char *name, const char *text, size_t len,
		    struct event_log *ret, struct fail *f);

/* The events of a prediction called name, those before init first. */
int event_log_predicted(struct json_object *prediction, const char *name,
			struct event_log *ret, struct fail *f);

/* Whether the log has an event of that PCR. */
bool event_log_has(const struct event_log *log, unsigned pcr);

/*
 * Extends *value, which has one bank, by the events of one PCR. 0; -ENODATA
 * when one has no digest of that bank; -ENOMEM, -EIO.
 */
int event_log_replay(const struct event_log *log, unsigned pcr,
		     struct digest_set *value);

enum event_difference_kind {
	EVENTS_SAME,	/* up to the cap that is predicted */
	EVENTS_CLOSED,	/* and it too */
	EVENT_CHANGED,	/* one of the same name, and another digest */
	EVENT_REPLACED, /* another one in its place */
	EVENT_MISSING,
	EVENT_EXTRA,
};

struct event_difference {
	enum event_difference_kind kind;
	size_t number; /* of the event in its PCR, from 1 */
	/* borrowed from the logs; NULL where there is none */
	const struct logged_event *expected, *logged;
};

/* The first event of a PCR in which the logs differ, by the digests of bank. */
void event_log_compare(const struct event_log *expected,
		       const struct event_log *logged, unsigned pcr,
		       enum digest_alg bank, struct event_difference *ret);

#endif
