// SPDX-License-Identifier: MIT
/*
 * Opens the TPM that a string names. init knows the kernel's device only;
 * cvmctl and the tests, built with CVM_HOST, also speak to swtpm.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_tcti_device.h>

#include "lib/own.h"
#include "seal/tpm-internal.h"

#ifdef CVM_HOST
#include <tss2/tss2_tcti_swtpm.h>
#endif

static const char remedy_tpm[] = "attach a working TPM 2.0 to the VM";

struct transport {
	const char *prefix;
	TSS2_RC (*init)(TSS2_TCTI_CONTEXT *, size_t *, const char *);
	bool startup; /* no kernel has sent TPM2_Startup before us */
};

static const struct transport transports[] = {
	{ "device:", Tss2_Tcti_Device_Init, false },
#ifdef CVM_HOST
	{ "swtpm:", Tss2_Tcti_Swtpm_Init, true },
#endif
};

/* tpm2-tss prints each failure itself, which init's build leaves out. */
static void silence_tss(void)
{
#ifdef CVM_HOST
	(void)setenv("TSS2_LOG", "all+none", 0); /* at worst it prints */
#endif
}

static const struct transport *find_transport(const char *tcti)
{
	for (size_t i = 0; i < array_size(transports); i++)
		if (strncmp(tcti, transports[i].prefix,
			    strlen(transports[i].prefix)) == 0)
			return &transports[i];
	return NULL;
}

/*
 * The device TCTI opens without O_CLOEXEC, so the workload would inherit a
 * TPM. It is set as soon as the descriptor can be known; PID 1 starts no
 * program before.
 */
static void set_cloexec(TSS2_TCTI_CONTEXT *tcti)
{
	TSS2_TCTI_POLL_HANDLE handle = { .fd = -1 };
	size_t n = 1;

	if (Tss2_Tcti_GetPollHandles(tcti, &handle, &n) == TSS2_RC_SUCCESS &&
	    n == 1)
		(void)fcntl(handle.fd, F_SETFD, FD_CLOEXEC); /* a valid fd */
}

int tcti_open(const char *tcti, TSS2_TCTI_CONTEXT **ret, bool *ret_startup,
	      struct fail *f)
{
	const struct transport *transport = find_transport(tcti);
	TSS2_TCTI_CONTEXT *opened;
	const char *conf;
	size_t size;
	TSS2_RC rc;

	if (!transport)
		return fail_because(f, "not a kind of TPM we can speak to",
				    "name it device:PATH", "open TPM %s", tcti);
	silence_tss();
	conf = tcti + strlen(transport->prefix);
	rc = transport->init(NULL, &size, conf);
	opened = rc ? NULL : calloc(1, size);
	if (!opened)
		return fail_errno(f, ENOMEM, remedy_tpm, "open TPM %s", conf);
	errno = 0;
	rc = transport->init(opened, &size, conf);
	if (rc) {
		free(opened);
		/* the probe that the device TCTI sends was not answered */
		return fail_errno(f, errno, remedy_tpm, "open TPM %s", conf);
	}
	set_cloexec(opened);
	*ret = opened;
	*ret_startup = transport->startup;
	return 0;
}

void tcti_close(TSS2_TCTI_CONTEXT **tcti)
{
	if (!*tcti)
		return;
	Tss2_Tcti_Finalize(*tcti);
	free(*tcti);
	*tcti = NULL;
}
