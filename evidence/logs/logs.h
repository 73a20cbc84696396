/* SPDX-License-Identifier: MIT */
/*
 * Reading the logs of firmware, init and systemd as events of one list.
 */
#ifndef EVIDENCE_LOGS_LOGS_H
#define EVIDENCE_LOGS_LOGS_H

#include "evidence/logs/log.h"
#include "lib/bytes.h"
#include "lib/fail.h"
#include "lib/json.h"

/*
 * Appends the events of firmware, of a TCG crypto-agile log, which may be
 * empty. *ret_locality: where the TPM was started, on which the first value
 * of PCR 0 depends. 0; -EINVAL with a reason in *f; -ENOMEM or -E2BIG.
 */
int firmware_log_read(const struct bytes *b, struct log_events *ret,
		      uint8_t *ret_locality, struct fail *f);

/*
 * The same of the log by which firmware and kernel explain the RTMRs of Intel
 * TDX, which may be empty. 0; -EINVAL with a reason in *f; -ENOMEM or -E2BIG.
 */
int ccel_log_read(const struct bytes *b, struct log_events *ret,
		  struct fail *f);

/*
 * Appends the events of init, records in JSON in the manner of the TCG
 * Canonical Event Log. What a digest can be recomputed from, the
 * listing of a directory and the text of a cap, has to give that digest. As
 * above.
 */
int init_log_read(struct json_object *records, struct log_events *ret,
		  struct fail *f);

/*
 * Appends those of systemd, a JSON-SEQ (RFC 7464), as in its
 * /run/log/systemd/tpm2-measure.log. As above.
 */
int systemd_log_read(const struct bytes *b, struct log_events *ret,
		     struct fail *f);

#endif
