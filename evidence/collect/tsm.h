/* SPDX-License-Identifier: MIT */
/*
 * Attestation reports by the kernel's configfs-tsm
 * (Documentation/ABI/testing/configfs-tsm-report of Linux 6.10 and later; the
 * SVSM's since 6.10, the others since 6.7).
 */
#ifndef EVIDENCE_COLLECT_TSM_H
#define EVIDENCE_COLLECT_TSM_H

#include <limits.h>
#include <stdbool.h>

#include "evidence/file/evidence.h"
#include "lib/fail.h"

#define TSM_REPORT_PATH "/sys/kernel/config/tsm/report"

/* A request, which is a directory. */
struct tsm {
	char path[PATH_MAX];
	int fd;	      /* -1: it is not open */
	bool is_svsm; /* an SVSM can attest a service of its own */
};

/*
 * Begins a request below report_path, which is TSM_REPORT_PATH outside tests.
 * 0; -ENOENT or -ENXIO with *f when the kernel cannot report here; another
 * -errno. The caller closes *ret.
 */
int tsm_open(const char *report_path, struct tsm *ret, struct fail *f);

/* Ends the request; accepts one that is not open. */
void tsm_close(struct tsm *t);

#define own_tsm __attribute__((cleanup(tsm_close)))

/* The most bytes of each blob that are read. */
struct tsm_limits {
	size_t outblob, auxblob, manifestblob;
};

/*
 * Asks for a report about inblob; with svsm that of the SVSM about its TPM,
 * whose manifest is the EK as TPMT_PUBLIC (AMD 58019, 8.3.1). The report is
 * the answer to this, and to nothing that somebody else has asked meanwhile,
 * which is -ESTALE; what it says is not looked at. provider is the kernel's
 * name for who made it. The caller frees *ret by evidence_report_free.
 */
int tsm_report(struct tsm *t, const uint8_t inblob[static evidence_inblob_size],
	       bool svsm, const struct tsm_limits *limits,
	       struct evidence_report *ret, struct fail *f);

#endif
