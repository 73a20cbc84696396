/* SPDX-License-Identifier: MIT */
/*
 * What the judge says: one line for each thing it has looked at, all events
 * of all logs explained, and whether the VM is to be trusted.
 */
#ifndef EVIDENCE_JUDGE_VERDICT_H
#define EVIDENCE_JUDGE_VERDICT_H

#include <stdbool.h>

#include "evidence/judge/difference.h"
#include "evidence/logs/log.h"
#include "lib/bytes.h"

#define VERDICT_TYPE "cvm-init verdict"

enum check_result {
	CHECK_OK,
	CHECK_REFUSED, /* it is not as it has to be */
	CHECK_MISSING, /* it has to be checked, and could not be */
	CHECK_SKIPPED, /* not checked, and that is all right */
};

/* An event of init whose listing is not that of the manifest. */
struct check_difference {
	size_t event;	 /* its number in the log */
	size_t expected; /* the same in apps.events of the manifest */
	struct difference listing;
};

struct check {
	const char *name; /* static: "nonce" */
	enum check_result result;
	char *text; /* a sentence without a full stop */
	struct check_difference *difference; /* or NULL */
};

enum { checks_max = 48 };

struct verdict {
	struct check check[checks_max];
	size_t n;
	struct log_events events;
};

void verdict_free(struct verdict *v);

#define own_verdict __attribute__((cleanup(verdict_free)))

/* Adds a check. 0 or -ENOMEM. */
__attribute__((format(printf, 4, 5))) int
verdict_add(struct verdict *v, const char *name, enum check_result result,
	    const char *text, ...);

/*
 * Moves *listing to the check that was added last; as in check_difference. 0;
 * -ENOMEM, and it stays the caller's.
 */
int verdict_add_difference(struct verdict *v, size_t event, size_t expected,
			   struct difference *listing);

/* True if it is refused or missing. */
bool check_hinders(const struct check *c);

/* True if checks were made and none of them is refused or missing. */
bool verdict_trusted(const struct verdict *v);

/* The first check that is refused or missing; NULL: there is none. */
const struct check *verdict_obstacle(const struct verdict *v);

/* "ok", "refused", "missing" or "skipped". */
const char *check_result_name(enum check_result result);

/*
 * {"type":"cvm-init verdict","trusted":...,"checks":[...],"events":[...]}.
 * The caller frees *ret. 0 or -ENOMEM.
 */
int verdict_write_json(const struct verdict *v, struct bytes *ret);

/*
 * The same in words, for people: the checks, and in the last line the verdict
 * with the names of those that are against it.
 */
int verdict_write_text(const struct verdict *v, struct bytes *ret);

/* The events, a line each. The caller frees *ret, empty without any. */
int verdict_write_events(const struct verdict *v, struct bytes *ret);

#endif
