/* SPDX-License-Identifier: MIT */
/*
 * What the AMD SEV-SNP hardware says about the TPM of the SVSM: a report that
 * the SVSM asked for, over a manifest that is the TPM's endorsement key. The
 * signature is not checked here: that is the work of a verifier outside, who
 * has the certificates and knows which SVSM to trust.
 */
#ifndef EVIDENCE_COLLECT_ATTESTATION_H
#define EVIDENCE_COLLECT_ATTESTATION_H

#include <stdint.h>

#include "lib/bytes.h"
#include "lib/fail.h"

enum {
	attestation_nonce_size = 64, /* what the SVSM takes: 58019, table 11 */
	/* ATTESTATION_REPORT of 56860, in all of its versions so far */
	attestation_report_size = 0x4a0,
	/* bytes of a TPMT_PUBLIC; that of the default EK has 314 */
	attestation_manifest_max = 4096,
	/* bytes; Linux's SEV_FW_BLOB_MAX_SIZE is 16384 */
	attestation_certificates_max = 64 * 1024,
};

struct attestation {
	uint8_t nonce[attestation_nonce_size];
	struct bytes report;
	struct bytes manifest;	   /* TPMT_PUBLIC of the EK */
	struct bytes certificates; /* may be empty */
};

void attestation_free(struct attestation *a);

#define own_attestation __attribute__((cleanup(attestation_free)))

/*
 * The report has the layout of versions 2 to 5, was made for VMPL 0, where
 * only the SVSM runs, and is about this nonce and this manifest.
 */
int attestation_check(const struct attestation *a, struct fail *f);

#endif
