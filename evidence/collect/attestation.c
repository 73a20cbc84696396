// SPDX-License-Identifier: MIT
/*
 * See attestation.h. Documents: SEV Secure Nested Paging Firmware ABI, AMD
 * 56860, table "ATTESTATION_REPORT Structure"; Secure VM Service Module for
 * SEV-SNP Guests, AMD 58019, section 7 (attestation) and 8.3.1 (the vTPM).
 */
#include "evidence/collect/attestation.h"

#include <errno.h>
#include <openssl/crypto.h>

#include "lib/digest.h"

enum {
	/* offsets in the report, whose numbers are little-endian */
	version_at = 0x00,
	vmpl_at = 0x30,
	data_at = 0x50,
	data_size = 64,
	version_min = 2,
	version_max = 5,
	vmpl_svsm = 0,
};

static const char what[] = "use the attestation report";
static const char other_svsm[] = "boot under an SVSM that attests its TPM";

void attestation_free(struct attestation *a)
{
	bytes_free(&a->report);
	bytes_free(&a->manifest);
	bytes_free(&a->certificates);
	*a = (struct attestation){ 0 };
}

static uint32_t get_le32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[1] << 8 | p[0];
}

static int check_layout(const struct bytes *report, struct fail *f)
{
	uint32_t version;
	uint32_t vmpl;

	(void)fail_because(f, "", other_svsm, "%s", what);
	if (report->len != attestation_report_size)
		return fail_reason(f, "it has %zu bytes, not %d", report->len,
				   attestation_report_size);
	version = get_le32(report->data + version_at);
	vmpl = get_le32(report->data + vmpl_at);
	if (version < version_min || version > version_max)
		return fail_reason(f, "its version is %u, not %d to %d",
				   version, version_min, version_max);
	if (vmpl != vmpl_svsm)
		return fail_reason(f, "it is for VMPL %u, not %d", vmpl,
				   vmpl_svsm);
	return 0;
}

int attestation_check(const struct attestation *a, struct fail *f)
{
	uint8_t expected[data_size];
	int r = check_layout(&a->report, f);

	if (r < 0)
		return r;
	/* 58019, 7.1: REPORT_DATA is SHA-512(nonce || manifest) */
	r = digest_pair(DIGEST_SHA512, a->nonce, sizeof(a->nonce),
			a->manifest.data, a->manifest.len, expected);
	if (r < 0)
		return fail_errno(f, r, "give the VM more memory", what);
	if (CRYPTO_memcmp(a->report.data + data_at, expected,
			  sizeof(expected)) != 0)
		return fail_because(f,
				    "it is about another nonce or another "
				    "manifest",
				    "do not trust this host with the VM", what);
	return 0;
}
