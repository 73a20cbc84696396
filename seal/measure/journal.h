/* SPDX-License-Identifier: MIT */
/*
 * The logs of what is measured, written while it happens: an event is
 * announced before the extend, and recorded after it. So a boot that ends in
 * between leaves an intent without its event, and never an event that no log
 * knows of.
 *
 *	journal_intend(j, e, f);	or the event must not be extended
 *	tpm_pcr_extend(t, e->pcr, &e->digests, f);
 *	journal_complete(j, e, f);
 *
 * At any time the files are logs that other tools can read.
 */
#ifndef SEAL_MEASURE_JOURNAL_H
#define SEAL_MEASURE_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "lib/fail.h"
#include "seal/measure/events.h"

struct journal;

struct journal_files {
	const char *tcg;     /* crypto-agile log; NULL: none */
	const char *cel;     /* CEL-JSON, an array */
	const char *systemd; /* RFC 7464, as systemd writes it; NULL: none */
};

/*
 * Makes the files, empty. tcg and systemd are for registers, so both have to
 * be NULL when *into has none. 0 and *ret, which the caller closes, or -errno.
 */
int journal_open(const struct journal_files *files,
		 const struct events_into *into, struct journal **ret,
		 struct fail *f);

/* Closes the files, NULLs the pointer; accepts NULL. */
void journal_close(struct journal **j);

#define own_journal __attribute__((cleanup(journal_close)))

/*
 * Announces *e in every file. After a failure the files are as they were, as
 * far as that can be done; at worst one holds an intent.
 */
int journal_intend(struct journal *j, const struct event *e, struct fail *f);

/*
 * Records *e, the event announced last. After a failure, or when it is not
 * called at all before the next journal_intend, the intent stays for good.
 */
int journal_complete(struct journal *j, const struct event *e, struct fail *f);

/* What a log says of itself. */
enum journal_state {
	JOURNAL_COMPLETE, /* every event announced was recorded */
	JOURNAL_OPEN,	  /* an extend may have happened without its record */
};

/*
 * The state of a measurements.bin, and of a measurements.json that was
 * parsed. 0; -EBADMSG for one that is none of ours, or torn: then an extend
 * may have happened as well.
 */
int journal_tcg_state(const uint8_t *log, size_t len, enum journal_state *ret);
int journal_cel_state(struct json_object *log, enum journal_state *ret);

#endif
