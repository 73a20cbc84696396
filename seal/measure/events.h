/* SPDX-License-Identifier: MIT */
/*
 * The list of events behind PCR 14 and the written forms of one: the TCG
 * crypto-agile log that tpm2_eventlog reads, and CEL-JSON. journal.h writes
 * logs of them.
 */
#ifndef SEAL_MEASURE_EVENTS_H
#define SEAL_MEASURE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/digest.h"
#include "lib/fail.h"
#include "lib/secret.h"
#include "lib/text.h"

/* What an event stands for; also says how to recompute its digest. */
enum event_kind {
	EVENT_APPS_CONF,  /* content of apps.conf */
	EVENT_EXEC,	  /* content of an app's executable */
	EVENT_FILE,	  /* content of a measured file */
	EVENT_DIRECTORY,  /* the listing in detail */
	EVENT_ATTRIBUTES, /* of the file before; the listing in detail */
	EVENT_VERITY,	  /* program, file or directory; the text in detail */
	EVENT_VOLUME_KEY, /* HMAC of the text in path, by the volume key */
	EVENT_CAP,	  /* the fixed text that closes the PCR */
};

enum {
	/* more than apps.conf and boot.conf together can ask for: measure.c */
	events_max = 4096,
	event_detail_max = 32 * 1024 * 1024,	  /* of all events together */
	event_data_max = event_detail_max + 8192, /* with kind, app and path */
};

struct event {
	uint32_t pcr;
	enum event_kind kind;
	char *app;	     /* app name, NULL for apps.conf and cap */
	char *path;	     /* as declared; for cap and volume key, the text */
	struct bytes detail; /* a listing; empty for other kinds */
	struct digest_set digests;
};

struct events {
	struct event *event;
	size_t n;
};

/* Frees what *e holds and empties it. */
void event_free(struct event *e);

#define own_event __attribute__((cleanup(event_free)))

/*
 * Moves *event to the end of the list; it is empty afterwards. 0; -ENOMEM, or
 * -E2BIG over events_max, and the caller still owns *event.
 */
int events_add(struct events *list, struct event *event);
void events_free(struct events *list);

#define own_events __attribute__((cleanup(events_free)))

/* As in docs/formats.md: "apps.conf", "exec" and so on. */
const char *event_kind_name(enum event_kind kind);

/*
 * Extends *value, in each of its banks, with the events of one PCR in order.
 */
int events_replay(const struct events *list, uint32_t pcr,
		  struct digest_set *value);

/* The text "cvm-init: ready": PCR 14 is closed, the workload may run. */
extern const char events_cap_ready[];
/* The text "cvm-init: failed": PCR 14 is closed, the boot has ended. */
extern const char events_cap_failed[];

/* A cap event over text in the banks algs. The caller frees. 0 or -errno. */
int events_add_cap(struct events *list, const char *text, digest_algs algs);

/*
 * What systemd-cryptsetup measures into PCR 15 with tpm2-measure-pcr=yes: the
 * HMAC of "cryptsetup:NAME:UUID" under the volume key, in the banks algs. NAME
 * has no character that systemd would escape. The caller frees. 0 or -errno.
 */
int events_add_volume_key(struct events *list, const char *name,
			  const char *uuid, const struct secret *key,
			  digest_algs algs);

/* Which registers the events of a log extend. */
struct events_into {
	digest_algs banks; /* of the event's PCR in the TPM; 0: no TPM */
	bool rtmr;	   /* RTMR 3 of Intel TDX, by SHA-384 */
};

/*
 * Under which algorithms an event needs a digest: those of the registers,
 * SHA-256 without one.
 */
digest_algs events_algs(const struct events_into *into);

/*
 * TCG PC Client Firmware Profile 10.4.5.1: the Spec ID event, with which a
 * log begins. Appends to *t, as the next two do.
 */
void events_tcg_begin(digest_algs algs, struct text *t);

/*
 * 10.2.1: one TCG_PCR_EVENT2 (EV_IPL; the data is "kind app path", and with a
 * detail a NUL and the detail), but for the detail itself, which has to follow.
 * 0; -EINVAL for an event that lacks one of the algorithms; -EFBIG over
 * event_data_max; -ENOMEM.
 */
int events_tcg_add(const struct event *e, const struct events_into *into,
		   struct text *t);

/*
 * That *e is about to be extended: an EV_NO_ACTION event with zeros for
 * digests, which extends nothing; its data is "kind app path". It is no
 * longer than the event. 0 or -errno, as above.
 */
int events_tcg_intent(const struct event *e, const struct events_into *into,
		      struct text *t);

struct json_object;

/*
 * One record in the manner of TCG CEL 1.0 in JSON: recnum, pcr or rtmr or
 * both, digests, content. NULL: out of memory.
 */
struct json_object *event_to_json(const struct event *e, size_t recnum,
				  const struct events_into *into);

/*
 * The text of it in one line, without the listing: that belongs, as
 * json_escape writes it, between what is appended to *head and *ret_foot,
 * which is empty for an event without one. 0 or -ENOMEM.
 */
int event_json_text(const struct event *e, size_t recnum,
		    const struct events_into *into, struct text *head,
		    const char **ret_foot);

/* The same before the extend: no digests, and "state" is "intent". */
struct json_object *event_intent_json(const struct event *e, size_t recnum,
				      const struct events_into *into);

/*
 * The same for systemd's log of measurements: of the TPM alone, without a
 * number, and without the listing, which no reader of that log wants.
 */
struct json_object *event_to_systemd(const struct event *e,
				     const struct events_into *into);

/* All as an array, for a TPM; NULL: out of memory. */
struct json_object *events_to_json(const struct events *list);

/* "digests" of a record: [{"hashAlg":"sha256","digest":"..."}]; or NULL. */
struct json_object *events_digests_json(const struct digest_set *set);

#endif
