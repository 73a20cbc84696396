/* SPDX-License-Identifier: MIT */
/* Replaying events into PCRs, and finding out why that leads elsewhere. */
#ifndef EVIDENCE_LOGS_REPLAY_H
#define EVIDENCE_LOGS_REPLAY_H

#include "evidence/logs/log.h"
#include "lib/text.h"
#include "seal/object/pcr.h"

/*
 * What a PCR begins with (TCG PC Client PTP 1.05, 4.6.2): zeros, PCRs 17 to 22
 * ones, PCR 0 the locality of TPM2_Startup.
 */
void replay_start(unsigned pcr, uint8_t locality, digest_algs banks,
		  struct digest_set *ret);

/* Extends with the events of one log. 0, -ENOMEM or -EIO. */
int replay_events(const struct log_events *list, enum log_source log,
		  struct digest_set pcrs[static pcr_count]);

/*
 * Why the logs of firmware, init and systemd do not lead to the quoted values
 * of the PCRs of a mask in one bank: for the first of them it looks for one
 * event too many, two that were exchanged, and events after the quote. start:
 * the PCRs before init. 0, -ENOMEM or -EIO.
 */
int replay_explain(const struct log_events *list,
		   const struct pcr_values quoted[static DIGEST_ALG_COUNT],
		   enum digest_alg bank, uint32_t mask,
		   const struct digest_set start[static pcr_count],
		   struct text *ret);

/*
 * What the events of all logs lead a register of Intel TDX to (log_event.mr),
 * from zeros and by SHA-384. 0, -ENOMEM or -EIO.
 */
int replay_mr(const struct log_events *list, unsigned mr,
	      struct digest_set *ret);

/* Why they do not lead to the quoted value, as above. */
int replay_explain_mr(const struct log_events *list, unsigned mr,
		      const uint8_t *quoted, struct text *ret);

#endif
