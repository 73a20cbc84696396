/* SPDX-License-Identifier: MIT */
/*
 * The signature of an AMD SEV-SNP attestation report: SEV Secure Nested Paging
 * Firmware ABI, AMD 56860, section 7.3.
 */
#ifndef EVIDENCE_SIGNED_SNP_H
#define EVIDENCE_SIGNED_SNP_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/fail.h"

enum {
	snp_report_size = 0x4a0,
	snp_data_size = 64,
	snp_certificate_max = 64 * 1024, /* a file in PEM */
	snp_tcb_size = 8,
	launch_measurement_size = 48, /* MEASUREMENT; TDX's have as much */
};

/* Certificates of AMD in PEM, borrowed; without ark there are none. */
struct snp_certificates {
	const struct bytes *ark;  /* AMD's root, believed */
	const struct bytes *ask;  /* NULL: from the report's table */
	const struct bytes *vcek; /* the same */
};

/* Borrowed from the report's bytes. */
struct snp_report {
	const struct bytes *raw;
	uint32_t version;
	uint32_t vmpl;
	bool debug;	     /* the policy lets the host look into the VM */
	bool migratable;     /* it lets a VM of the host's export its memory */
	const uint8_t *data; /* REPORT_DATA, snp_data_size bytes */
	const uint8_t *measurement; /* launch_measurement_size bytes */
	const uint8_t *tcb;	    /* REPORTED_TCB, snp_tcb_size bytes */
};

/* Takes it apart. 0, or -EINVAL with a reason in *f. */
int snp_report_read(const struct bytes *b, struct snp_report *ret,
		    struct fail *f);

/*
 * Whether each version in the report's TCB is at least that in min, which is
 * in the form of the same processor: reserved bytes are zeros in both.
 */
bool snp_tcb_reaches(const struct snp_report *r,
		     const uint8_t min[static snp_tcb_size]);

/*
 * Whether its signature is by a chip of AMD's: VCEK, signed by ASK, signed by
 * the ARK that is given. ASK and VCEK are taken from table, which the report
 * came with (AMD 56421, 4.1.8.1), where they are not given. The VCEK has to be
 * of the chip and the firmware that the report names. 0; -EINVAL with a reason
 * in *f; -ENOMEM.
 */
int snp_report_verify(const struct snp_report *r,
		      const struct snp_certificates *given,
		      const struct bytes *table, struct fail *f);

#endif
