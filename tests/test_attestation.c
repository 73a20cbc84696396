// SPDX-License-Identifier: MIT
/* Attestation reports: which are about our nonce, our EK and the SVSM. */
#include "evidence/collect/attestation.h"

#include <string.h>

#include "tests/table.h"

#include "lib/own.h"
#include "tests/line.h"
#include "tests/report.h"

#define USE	"cannot use the attestation report: "
#define SVSM	"; boot under an SVSM that attests its TPM"
#define NO_HOST "; do not trust this host with the VM"
#define ANOTHER USE "it is about another nonce or another manifest" NO_HOST

enum { manifest_size = 314 };

static void make(struct attestation *a)
{
	uint8_t manifest[manifest_size];

	memset(a->nonce, 0x11, sizeof(a->nonce));
	memset(manifest, 0x22, sizeof(manifest));
	assert_int_equal(bytes_copy(manifest, sizeof(manifest), &a->manifest),
			 0);
	report_make(a->nonce, &a->manifest, &a->report);
}

static const struct report_case {
	const char *name;
	size_t at; /* one number of the report: where, */
	uint32_t number;
	const char *line; /* NULL: it is accepted all the same */
} cases[] = {
	{ "version 1", 0x00, 1, USE "its version is 1, not 2 to 5" SVSM },
	{ "version 2", 0x00, 2, NULL },
	{ "version 5", 0x00, 5, NULL },
	{ "version 6", 0x00, 6, USE "its version is 6, not 2 to 5" SVSM },
	{ "version of another byte order", 0x00, 0x02000000,
	  USE "its version is 33554432, not 2 to 5" SVSM },
	{ "VMPL 1", 0x30, 1, USE "it is for VMPL 1, not 0" SVSM },
	{ "VMPL 2", 0x30, 2, USE "it is for VMPL 2, not 0" SVSM },
	{ "VMPL of another byte order", 0x30, 0x01000000,
	  USE "it is for VMPL 16777216, not 0" SVSM },
	{ "the first of REPORT_DATA", 0x50, 0, ANOTHER },
	{ "the last of REPORT_DATA", 0x8c, 0, ANOTHER },
	/* for a verifier: policy, measurement, signature */
	{ "policy", 0x08, 0x80000, NULL },
	{ "before REPORT_DATA", 0x4c, 0xffffffff, NULL },
	{ "measurement", 0x90, 0xffffffff, NULL },
	{ "signature", 0x2a0, 0xffffffff, NULL },
};

static void judges_numbers(void **state)
{
	const struct report_case *c = *state;
	own_attestation struct attestation a = { 0 };
	struct fail f = { 0 };
	int r;

	make(&a);
	report_put(&a.report, c->at, c->number);
	r = attestation_check(&a, &f);
	if (c->line)
		assert_refusal(r, &f, c->line);
	else
		assert_ok(r, &f);
}

static const struct length_case {
	const char *name;
	size_t len;
	const char *line;
} lengths[] = {
	{ "none", 0, USE "it has 0 bytes, not 1184" SVSM },
	{ "up to REPORT_DATA", 0x50, USE "it has 80 bytes, not 1184" SVSM },
	{ "one too few", 1183, USE "it has 1183 bytes, not 1184" SVSM },
	{ "one too many", 1185, USE "it has 1185 bytes, not 1184" SVSM },
};

static void judges_lengths(void **state)
{
	const struct length_case *c = *state;
	own_attestation struct attestation a = { 0 };
	struct fail f = { 0 };

	make(&a);
	a.report.len = c->len; /* a NUL follows */
	assert_refusal(attestation_check(&a, &f), &f, c->line);
}

/* Whatever byte of the nonce, the manifest or REPORT_DATA is another one. */
static void binds_every_byte(void **state)
{
	own_attestation struct attestation a = { 0 };
	struct fail f = { 0 };

	(void)state;
	make(&a);
	assert_ok(attestation_check(&a, &f), &f);
	for (size_t i = 0; i < 64 + 64 + manifest_size; i++) {
		uint8_t *byte = i < 64	  ? &a.nonce[i]
				: i < 128 ? &a.report.data[0x50 + i - 64]
					  : &a.manifest.data[i - 128];

		*byte ^= 0x80;
		assert_refusal(attestation_check(&a, &f), &f, ANOTHER);
		*byte ^= 0x80;
	}
	a.manifest.len--;
	assert_refusal(attestation_check(&a, &f), &f, ANOTHER);
	a.manifest.len = 0;
	assert_refusal(attestation_check(&a, &f), &f, ANOTHER);
	a.manifest.len = manifest_size;
	assert_ok(attestation_check(&a, &f), &f);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(judges_numbers, cases),
		TABLE(judges_lengths, lengths),
		CASE(binds_every_byte),
	};

	return table_run(tables, array_size(tables));
}
