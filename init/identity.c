// SPDX-License-Identifier: MIT
/*
 * See identity.h. The kernel asks the SVSM, and the SVSM the hardware, over
 * channels that the host cannot change; so the report need not be verified
 * here to know the SVSM's TPM. Who is outside has only the files, and
 * verifies the report's signature.
 */
#include "init/identity.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "init/tsm.h"
#include "lib/io.h"
#include "lib/own.h"

const char *const identity_files[] = { "nonce.bin", "report.bin",
				       "manifest.bin", "certificates.bin",
				       NULL };

static int fail_keep(const char *path, int err, struct fail *f)
{
	return fail_errno(f, err, "give the VM more memory", "write %s", path);
}

/* In the order of identity_files. */
static int keep(const char *dir, const struct attestation *a, struct fail *f)
{
	const struct {
		const void *data;
		size_t len;
	} contents[array_size(identity_files) - 1] = {
		{ a->nonce, sizeof(a->nonce) },
		{ a->report.data, a->report.len },
		{ a->manifest.data, a->manifest.len },
		{ a->certificates.data, a->certificates.len },
	};
	char path[PATH_MAX];

	if (mkdir(dir, 0755) < 0)
		return fail_keep(dir, errno, f);
	for (size_t i = 0; i < array_size(contents); i++) {
		int r;

		if (snprintf(path, sizeof(path), "%s/%s", dir,
			     identity_files[i]) >= (int)sizeof(path))
			return fail_keep(dir, ENAMETOOLONG, f);
		r = io_replace_file(path, contents[i].data, contents[i].len,
				    0644);
		if (r < 0)
			return fail_keep(path, r, f);
	}
	return 0;
}

int identity_prove(struct tpm *t, const char *report_path,
		   const char *keep_path, struct fail *f)
{
	own_attestation struct attestation a = { 0 };
	int r;

	if (getrandom(a.nonce, sizeof(a.nonce), 0) != sizeof(a.nonce))
		return fail_errno(f, errno, "use a kernel with getrandom",
				  "make a nonce");
	r = tsm_attest(report_path, &a, f);
	if (r == 0)
		r = attestation_check(&a, f);
	if (r == 0)
		r = tpm_prove_ek(t, &a.manifest, f);
	return r < 0 ? r : keep(keep_path, &a, f);
}
