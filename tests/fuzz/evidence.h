/* SPDX-License-Identifier: MIT */
/* The targets for what a verifier is shown; see targets.h. */
#ifndef TESTS_FUZZ_EVIDENCE_H
#define TESTS_FUZZ_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#include "evidence/signed/snp.h"
#include "seal/object/public.h"

/* The whole file, read and judged. */
void fuzz_log(const uint8_t *data, size_t len);
void fuzz_evidence(const uint8_t *data, size_t len);

/* Two listings, the second behind the first empty line. */
void fuzz_listing(const uint8_t *data, size_t len);

/* A TPM2B_PUBLIC. */
void fuzz_public(const uint8_t *data, size_t len);

/* A TPMS_ATTEST. */
void fuzz_attest(const uint8_t *data, size_t len);

/* The logs of firmware, of a TD, of IMA and of systemd. */
void fuzz_tcg_log(const uint8_t *data, size_t len);
void fuzz_ccel(const uint8_t *data, size_t len);
void fuzz_ima_log(const uint8_t *data, size_t len);
void fuzz_systemd_log(const uint8_t *data, size_t len);

/* A report of AMD SEV-SNP, and the table of certificates behind it. */
void fuzz_snp(const uint8_t *data, size_t len);

/* A quote of Intel TDX, with its certificates. */
void fuzz_td_quote(const uint8_t *data, size_t len);

#endif
