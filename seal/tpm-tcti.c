// SPDX-License-Identifier: MIT
/*
 * Opens the TPM that a string names. init knows the kernel's device only;
 * cvmctl and the tests, built with CVM_HOST, also speak to swtpm.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_tcti_device.h>

#include "lib/own.h"
#include "seal/tpm-internal.h"

#ifdef CVM_HOST
#include <tss2/tss2_tcti_swtpm.h>
#endif

static const char remedy_tpm[] = "attach a working TPM 2.0 to the VM";

enum { probe_pause_ms = 100 }; /* beside the second that a probe waits */

struct transport {
	const char *prefix;
	TSS2_RC (*init)(TSS2_TCTI_CONTEXT *, size_t *, const char *);
	bool probes;  /* init asks the TPM something, and waits for a second */
	bool startup; /* no kernel has sent TPM2_Startup before us */
};

static const struct transport transports[] = {
	{ "device:", Tss2_Tcti_Device_Init, true, false },
#ifdef CVM_HOST
	{ "swtpm:", Tss2_Tcti_Swtpm_Init, false, true },
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

/* What open(2) says of a device that will not come by waiting. */
static bool is_absent(int err)
{
	static const int final[] = { ENOENT, ENOTDIR, ELOOP, ENXIO, ENODEV,
				     EACCES, EPERM,   EBUSY, EISDIR };

	for (size_t i = 0; i < array_size(final); i++)
		if (err == final[i])
			return true;
	return false;
}

/*
 * A TPM in its self-test, or behind one, misses the probe's second: the probe
 * is repeated until timeout_ms are over. 0, -ETIMEDOUT for a TPM that stayed
 * silent, or -errno.
 */
static int init_in_time(const struct transport *transport,
			TSS2_TCTI_CONTEXT *tcti, size_t size, const char *conf,
			unsigned timeout_ms)
{
	static const struct timespec pause = { 0, probe_pause_ms * 1000000L };
	int64_t deadline_ms = tpm_now_ms() + timeout_ms;

	for (;;) {
		errno = 0;
		if (transport->init(tcti, &size, conf) == TSS2_RC_SUCCESS)
			return 0;
		if (!transport->probes || is_absent(errno))
			return errno ? -errno : -EIO;
		if (tpm_now_ms() + probe_pause_ms >= deadline_ms)
			return -ETIMEDOUT;
		(void)nanosleep(&pause, NULL); /* a shorter one does no harm */
	}
}

int tcti_open(const char *tcti, unsigned timeout_ms, TSS2_TCTI_CONTEXT **ret,
	      bool *ret_startup, struct fail *f)
{
	const struct transport *transport = find_transport(tcti);
	own_free TSS2_TCTI_CONTEXT *opened = NULL;
	const char *conf;
	size_t size = 0;
	int r;

	if (!transport)
		return fail_because(f, "not a kind of TPM we can speak to",
				    remedy_tpm, "open TPM %s", tcti);
	silence_tss();
	conf = tcti + strlen(transport->prefix);
	if (transport->init(NULL, &size, conf) == TSS2_RC_SUCCESS)
		opened = calloc(1, size);
	if (!opened)
		return fail_errno(f, ENOMEM, remedy_tpm, "open TPM %s", conf);
	r = init_in_time(transport, opened, size, conf, timeout_ms);
	if (r < 0)
		(void)fail_errno(f, r, remedy_tpm, "open TPM %s", conf);
	if (r == -ETIMEDOUT)
		(void)fail_reason(f, "the TPM did not answer within %u ms",
				  timeout_ms);
	if (r < 0)
		return r;
	set_cloexec(opened);
	*ret = take_ptr(opened);
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
