/* SPDX-License-Identifier: MIT */
/*
 * One file of a journal (journal.h): records, and then a tail, which is what
 * closes the file, or an intent and that.
 */
#ifndef SEAL_MEASURE_LOG_H
#define SEAL_MEASURE_LOG_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "lib/bytes.h"
#include "lib/text.h"

struct log {
	char path[PATH_MAX];
	int fd;		   /* -1: not wanted */
	off_t end;	   /* where the next record goes */
	const char *close; /* what stands behind the last record */
	struct text tail;  /* what stands at end: an intent, and close */
};

/* What is written of an event. A listing goes from where it is, uncopied. */
struct log_record {
	struct text head;
	const struct bytes *listing; /* borrowed; NULL: none */
	bool is_json;		     /* the listing is escaped */
	const char *foot;
};

void log_record_free(struct log_record *r);

#define own_log_record __attribute__((cleanup(log_record_free)))

/* Makes the file, empty. 0 or -errno, as of the others. */
int log_open(const char *path, mode_t mode, struct log *l);
void log_close(struct log *l);

/* Puts an intent behind the records. After a failure the old tail is back. */
int log_put(struct log *l, struct text *intent);

/* The intent that was put, if there is one, stays for good. */
void log_keep(struct log *l);

/*
 * Puts a record in the place of the intent, which must not be longer. After a
 * failure that is back.
 */
int log_finish(struct log *l, struct log_record *record);

#endif
