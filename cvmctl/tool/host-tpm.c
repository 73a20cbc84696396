// SPDX-License-Identifier: MIT
/* See host-tpm.h. */
#include "cvmctl/tool/host-tpm.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/io.h"

enum { timeout_ms = 30000 };

int host_tpm_open(const char *tcti, struct tpm **ret, struct fail *f)
{
	int r = tpm_open(tcti ? tcti : HOST_TPM_DEFAULT, timeout_ms, ret, f);

	if (r < 0 && r != -ENOMEM)
		(void)fail_remedy(f, "check --tpm, and that swtpm runs");
	return r;
}

int host_tpm_read_srk(const char *path, struct bytes *ret_content,
		      struct srk_public *ret, struct fail *f)
{
	int r = io_read_file(AT_FDCWD, path, srk_public_max, ret_content);

	if (r < 0)
		return fail_errno(f, r, "check --srk", "read %s", path);
	r = srk_public_parse(ret_content, ret, f);
	if (r < 0)
		fail_what(f, "use the storage root key %s", path);
	return r;
}
