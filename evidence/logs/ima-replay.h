/* SPDX-License-Identifier: MIT */
/*
 * PCR 10 after each record of IMA's list. Of a hash that the kernel had when
 * IMA began, a bank is extended with the digest of the template data; of
 * another one with its SHA-1 and zeros (ima_init_digests() of Linux). Only the
 * quoted value tells which.
 */
#ifndef EVIDENCE_LOGS_IMA_REPLAY_H
#define EVIDENCE_LOGS_IMA_REPLAY_H

#include "evidence/logs/ima-log.h"
#include "seal/object/pcr.h"

enum { ima_pcr = 10 };

struct ima_replay {
	const struct pcr_values *quoted; /* by enum digest_alg; borrowed */
	digest_algs banks;		 /* that PCR 10 is quoted in */
	struct digest_set own;		 /* values, by each bank's own hash */
	struct digest_set padded;	 /* values, by SHA-1 and zeros */
	size_t records;
	/* once they are those that were quoted, in all banks: */
	bool found;
	size_t found_at;       /* so many records lead there */
	digest_algs found_own; /* banks that got there by their own hash */
};

/* Begins with zeros; an empty list may be what was quoted. */
void ima_replay_start(struct ima_replay *r,
		      const struct pcr_values quoted[static DIGEST_ALG_COUNT]);

/*
 * Extends by a record, whose digests are given in the banks and SHA-1. 0,
 * -ENOMEM or -EIO.
 */
int ima_replay_add(struct ima_replay *r, const struct ima_record *record,
		   const struct digest_set *digests);

#endif
