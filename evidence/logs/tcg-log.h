/* SPDX-License-Identifier: MIT */
/*
 * Reading the log of the firmware, event by event: the crypto-agile form of
 * the TCG PC Client Platform Firmware Profile 1.05, section 10.
 */
#ifndef EVIDENCE_LOGS_TCG_LOG_H
#define EVIDENCE_LOGS_TCG_LOG_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/digest.h"
#include "lib/fail.h"

enum {
	tcg_algs_max = 16,
	ev_no_action = 0x3, /* 10.4.1 */
	ev_separator = 0x4,
	ev_event_tag = 0x6,
	ev_ipl = 0xd,
	ev_efi_action = (int)0x80000007U,
};

/* Borrows the log's bytes. */
struct tcg_log {
	const uint8_t *at;
	size_t left;
	size_t number; /* of the next event; the Spec ID event has none */
	size_t algs;
	uint16_t alg[tcg_algs_max]; /* TPM_ALG_ID */
	uint16_t size[tcg_algs_max];
};

struct tcg_event {
	size_t number;
	uint32_t pcr; /* from 0 to 23, but any number with ev_no_action */
	uint32_t type;
	struct digest_set digests; /* of the banks that we know */
	const uint8_t *data;	   /* borrowed from the log */
	size_t len;
};

/*
 * Reads the Spec ID event at the beginning. 0, or -EINVAL with a reason in *f.
 */
int tcg_log_open(const struct bytes *b, struct tcg_log *ret, struct fail *f);

/*
 * The same for the log of UEFI's CC measurement protocol (UEFI 2.10, 38.4),
 * whose events have a register of Intel TDX in the place of a PCR; the memory
 * behind the last one is in it, too.
 */
int tcg_log_open_cc(const struct bytes *b, struct tcg_log *ret, struct fail *f);

/* Of that log: nothing was written after the last event. */
bool tcg_log_is_unwritten(const struct tcg_log *log);

/* 1 and the next event; 0 at the end; -EINVAL with a reason in *f. */
int tcg_log_next(struct tcg_log *log, struct tcg_event *ret, struct fail *f);

/* "EV_SEPARATOR", or NULL for a type that has no name. */
const char *tcg_event_name(uint32_t type);

/*
 * True for the event that says at which locality the TPM was started, on
 * which the first value of PCR 0 depends (10.4.5.3).
 */
bool tcg_event_is_locality(const struct tcg_event *e, uint8_t *ret);

#endif
