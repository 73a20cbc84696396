// SPDX-License-Identifier: MIT
/* See tsm.h. How the kernel is asked is in evidence/collect/tsm.c. */
#include "init/tsm.h"

#include <string.h>

/* The kernel's driver for SEV-SNP, which decides the format of the report. */
static int check_provider(const struct evidence_report *report, struct fail *f)
{
	if (strcmp(report->provider, "sev_guest") == 0)
		return 0;
	(void)fail_because(f, "",
			   "boot under an SVSM, with Linux 6.16 or later",
			   "use the attestation report");
	return fail_reason(f, "it comes from %s, not from sev_guest",
			   report->provider);
}

int tsm_attest(const char *report_path, struct attestation *a, struct fail *f)
{
	static const struct tsm_limits limits = {
		.outblob = attestation_report_size,
		.auxblob = attestation_certificates_max,
		.manifestblob = attestation_manifest_max,
	};
	own_evidence_report struct evidence_report report = { 0 };
	own_tsm struct tsm t = { .fd = -1 };
	int r = tsm_open(report_path, &t, f);

	if (r == 0)
		r = tsm_report(&t, a->nonce, true, &limits, &report, f);
	if (r == 0)
		r = check_provider(&report, f);
	if (r < 0)
		return r;
	a->report = take_bytes(&report.outblob);
	a->manifest = take_bytes(&report.manifestblob);
	a->certificates = take_bytes(&report.auxblob);
	return 0;
}
