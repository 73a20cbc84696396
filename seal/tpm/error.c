// SPDX-License-Identifier: MIT
/*
 * Response codes in words. The few that users meet have words and a remedy of
 * their own; for the rest tpm2-tss's text is passed on.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <tss2/tss2_rc.h>

#include "lib/own.h"
#include "seal/tpm/internal.h"

struct meaning {
	TSS2_RC rc; /* as tpm_rc_base returns it */
	int err;
	const char *reason;
	const char *remedy;
};

static const char seal_again[] = "seal it again on this TPM with cvmctl seal";
static const char working_tpm[] = "attach a working TPM 2.0 to the VM";
static const char alone[] = "let no other program use the TPM meanwhile";
static const char more_memory[] = "give the VM more memory";
static const char no_memory[] = "Cannot allocate memory"; /* ENOMEM */
static const char no_trust[] = "do not trust this host with the VM";
/* or somebody flushed what is ours, which comes to the same */
static const char restarted[] = "the TPM was restarted during this boot";
static const char empty_auth[] = "clear the passwords of the TPM's "
				 "hierarchies and SRK";

static const struct meaning meanings[] = {
	{ TPM2_RC_INTEGRITY, ENXIO,
	  "it was sealed by another TPM, or is damaged", seal_again },
	{ TPM2_RC_POLICY_FAIL, EPERM,
	  "the TPM holds it under another policy than its token says",
	  seal_again },
	{ TPM2_RC_PCR_CHANGED, EAGAIN, "PCRs kept changing meanwhile", alone },
	{ TPM2_RC_OBJECT_MEMORY, EBUSY, "the TPM has no room for a key",
	  alone },
	{ TPM2_RC_SESSION_MEMORY, EBUSY, "the TPM has no room for a session",
	  alone },
	{ TPM2_RC_SESSION_HANDLES, EBUSY, "the TPM has no room for a session",
	  alone },
	{ TPM2_RC_MEMORY, EBUSY, "the TPM has no memory left", alone },
	{ TPM2_RC_LOCKOUT, EACCES,
	  "the TPM is locked out after wrong passwords",
	  "end the lockout with tpm2_dictionarylockout -c" },
	{ TPM2_RC_AUTH_FAIL, EACCES, "the TPM asks for a password",
	  empty_auth },
	{ TPM2_RC_BAD_AUTH, EACCES, "the TPM asks for a password", empty_auth },
	{ TPM2_RC_HANDLE, ENOENT, "the TPM has no such object", seal_again },
	{ TPM2_RC_REFERENCE_S0, EBADMSG, restarted, no_trust },
	{ TPM2_RC_REFERENCE_H0, EBADMSG, restarted, no_trust },
	{ TPM2_RC_FAILURE, EIO, "the TPM is in failure mode", working_tpm },
	{ TPM2_RC_INITIALIZE, EIO, "the TPM was not started", working_tpm },
	/* tpm2-tss's own: the TPM is not concerned */
	{ TSS2_ESYS_RC_MEMORY, ENOMEM, no_memory, more_memory },
	{ TSS2_TCTI_RC_MEMORY, ENOMEM, no_memory, more_memory },
	{ TSS2_TCTI_RC_MALFORMED_RESPONSE, EBADMSG,
	  "the TPM's answer is malformed", working_tpm },
	{ TSS2_SYS_RC_MALFORMED_RESPONSE, EBADMSG,
	  "the TPM's answer is malformed", working_tpm },
	{ TSS2_ESYS_RC_MALFORMED_RESPONSE, EBADMSG,
	  "the TPM's answer is malformed", working_tpm },
	/* an answer without the session that the command had */
	{ TSS2_SYS_RC_BAD_SEQUENCE, EBADMSG, "the TPM's answer is malformed",
	  working_tpm },
	{ TSS2_ESYS_RC_RSP_AUTH_FAILED, EBADMSG,
	  "somebody changed the answer on its way from the TPM", no_trust },
};

/*
 * Format-one codes (bit 7) carry what they are about in bits 6 and 8 to 11:
 * TCG Part 2, 6.6.2. The kernel's and the resource manager's layer numbers
 * stand for the TPM's own.
 */
static bool is_tpms(TSS2_RC rc)
{
	TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;

	return layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER;
}

TSS2_RC tpm_rc_base(TSS2_RC rc)
{
	if (!is_tpms(rc))
		return rc;
	if (rc & TPM2_RC_FMT1)
		return rc & (TPM2_RC_FMT1 | 0x3f);
	return rc & 0xfff;
}

bool tpm_rc_is_parameter(TSS2_RC rc)
{
	return is_tpms(rc) && rc & TPM2_RC_FMT1 && rc & TPM2_RC_P;
}

static const struct meaning *find_meaning(TSS2_RC rc)
{
	for (size_t i = 0; i < array_size(meanings); i++)
		if (meanings[i].rc == tpm_rc_base(rc))
			return &meanings[i];
	return NULL;
}

int tpm_fail(const struct tpm *t, TSS2_RC rc, struct fail *f, const char *what,
	     ...)
{
	const struct meaning *meaning = find_meaning(rc);
	char object[fail_text_max];
	va_list args;

	va_start(args, what);
	(void)vsnprintf(object, sizeof(object), what, args);
	va_end(args);
	if (link_timed_out(t->link)) {
		(void)fail_because(f, "", working_tpm, "%s", object);
		(void)fail_reason(f, "the TPM did not answer within %u ms",
				  t->timeout_ms);
		return -ETIMEDOUT;
	}
	if (meaning) {
		(void)fail_because(f, meaning->reason, meaning->remedy, "%s",
				   object);
		return -meaning->err;
	}
	(void)fail_because(f, Tss2_RC_Decode(rc), working_tpm, "%s", object);
	return -EIO;
}
