// SPDX-License-Identifier: MIT
/* See record.h. */
#include "init/record.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/own.h"
#include "seal/measure/rtmr.h"

#define SYSTEMD_LOG "/run/log/systemd/tpm2-measure.log"

static struct events_into registers(const struct boot *b)
{
	return (struct events_into){ b->banks, b->rtmr != NULL };
}

digest_algs record_algs(const struct boot *b)
{
	struct events_into into = registers(b);

	return events_algs(&into);
}

/* As systemd would make them; the file comes with the journal. */
static int make_systemd_directories(struct fail *f)
{
	static const char *const paths[] = { "/run/log", "/run/log/systemd" };

	for (size_t i = 0; i < array_size(paths); i++)
		if (mkdir(paths[i], 0755) < 0 && errno != EEXIST)
			return fail_errno(f, errno, "give the VM more memory",
					  "create %s", paths[i]);
	return 0;
}

int record_begin(struct boot *b, const char *path, struct fail *f)
{
	struct events_into into = registers(b);
	bool any = into.banks || into.rtmr;
	char tcg[PATH_MAX];
	char cel[PATH_MAX];
	struct journal_files files = { any ? tcg : NULL, cel, NULL };
	int r = 0;

	if (snprintf(tcg, sizeof(tcg), "%s/measurements.bin", path) >=
		    (int)sizeof(tcg) ||
	    snprintf(cel, sizeof(cel), "%s/measurements.json", path) >=
		    (int)sizeof(cel))
		return fail_errno(f, ENAMETOOLONG, "give the VM more memory",
				  "log a measurement in %s", path);
	if (b->conf.measure.systemd_log) {
		files.systemd = SYSTEMD_LOG;
		r = make_systemd_directories(f);
	}
	return r < 0 ? r : journal_open(&files, &into, &b->journal, f);
}

/* The TPM has a digest for each bank, RTMR 3 its own. */
static int extend(struct boot *b, const struct event *e, struct fail *f)
{
	struct digest_set for_tpm = e->digests;
	int r = 0;

	for_tpm.algs &= b->banks;
	if (b->tpm)
		r = tpm_pcr_extend(b->tpm, e->pcr, &for_tpm, f);
	if (r == 0 && b->rtmr)
		r = rtmr_extend(b->rtmr, &e->digests, f);
	return r;
}

int record_event(struct boot *b, const struct event *e, struct fail *f)
{
	int r = journal_intend(b->journal, e, f);

	if (r == 0)
		r = extend(b, e, f);
	return r < 0 ? r : journal_complete(b->journal, e, f);
}
