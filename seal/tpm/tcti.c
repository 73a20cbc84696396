// SPDX-License-Identifier: MIT
/*
 * Opens the TPM that a string names. init knows the kernel's device only;
 * cvmctl and the tests, built with CVM_HOST, also speak to swtpm.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/own.h"
#include "seal/tpm/internal.h"

static const char remedy_tpm[] = "attach a working TPM 2.0 to the VM";

static const struct transport {
	const char *prefix;
	int (*open)(const char *conf, unsigned timeout_ms,
		    TSS2_TCTI_CONTEXT **ret);
	bool startup; /* no kernel has sent TPM2_Startup before us */
} transports[] = {
	{ "device:", tcti_open_device, false },
#ifdef CVM_HOST
	{ "swtpm:", tcti_open_swtpm, true },
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

int tcti_open(const char *tcti, unsigned timeout_ms, TSS2_TCTI_CONTEXT **ret,
	      bool *ret_startup, struct fail *f)
{
	const struct transport *transport = find_transport(tcti);
	const char *conf;
	int r;

	if (!transport)
		return fail_because(f, "not a kind of TPM we can speak to",
				    remedy_tpm, "open TPM %s", tcti);
	silence_tss();
	conf = tcti + strlen(transport->prefix);
	r = transport->open(conf, timeout_ms, ret);
	if (r < 0)
		(void)fail_errno(f, r, remedy_tpm, "open TPM %s", conf);
	if (r == -ETIMEDOUT)
		(void)fail_reason(f, "the TPM did not answer within %u ms",
				  timeout_ms);
	if (r < 0)
		return r;
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
