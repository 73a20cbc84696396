/* SPDX-License-Identifier: MIT */
/*
 * PCR arithmetic, without a TPM: what an extend does, and how a selection is
 * marshalled.
 */
#ifndef SEAL_OBJECT_PCR_H
#define SEAL_OBJECT_PCR_H

#include <stdint.h>

#include "lib/digest.h"
#include "lib/text.h"

enum {
	pcr_count = 24,		 /* TCG PC Client PTP, 4.6.1 */
	pcr_apps = 14,		 /* the PCR we measure into */
	pcr_volume_keys = 15,	 /* systemd's for volume keys */
	pcr_selection_size = 10, /* one TPMS_PCR_SELECTION with its count */
};

/* TPM_ALG_ID of a bank (TCG Part 2, 6.3): 0x000b for sha256, ... */
uint16_t pcr_bank_tpm_alg(enum digest_alg bank);

/* The bank of a TPM_ALG_ID, or -EINVAL for one that we cannot compute. */
int pcr_bank_from_tpm_alg(uint16_t tpm_alg);

/*
 * value = H(value || digest) in each bank that both hold (TCG Part 1, 17.2).
 * 0 or -errno.
 */
int pcr_extend_value(struct digest_set *value, const struct digest_set *digest);

/* All banks of algs at zero: the start of PCRs 0 to 15. */
void pcr_start_value(digest_algs algs, struct digest_set *ret);

/* Values of some PCRs in one bank: the state a policy is bound to. */
struct pcr_values {
	enum digest_alg bank;
	uint32_t mask; /* bit per PCR */
	uint8_t value[pcr_count][digest_size_max];
};

/* Adds the PCRs of a mask as others read them, as in "4,9,14". */
void pcr_list_write(uint32_t mask, struct text *ret);

/* The same in words: "PCR 14", "PCRs 4, 9 and 14"; "no PCR" for 0. */
void pcr_names_write(uint32_t mask, struct text *ret);

/*
 * Marshals the TPML_PCR_SELECTION of one bank: count 1, hash, size 3, three
 * bitmap bytes, PCR 0 in the lowest bit (TCG Part 2, 10.6).
 */
void pcr_selection_marshal(enum digest_alg bank, uint32_t mask,
			   uint8_t ret[static pcr_selection_size]);

#endif
