// SPDX-License-Identifier: MIT
/* See snp.h. Offsets are those of ATTESTATION_REPORT; numbers little-endian. */
#include "evidence/signed/snp.h"

#include <errno.h>
#include <string.h>

#include "evidence/signed/certificates.h"
#include "evidence/signed/ecdsa.h"
#include "evidence/signed/snp-internal.h"
#include "lib/own.h"

enum {
	version_at = 0x00,
	policy_at = 0x08,
	policy_migrate_bit = 18, /* MIGRATE_MA */
	policy_debug_bit = 19,
	vmpl_at = 0x30,
	algorithm_at = 0x34,
	algorithm_p384_sha384 = 1,
	key_at = 0x48, /* bits 2 to 4: who has signed; 0 is the VCEK */
	key_mask = 7 << 2,
	data_at = 0x50,
	measurement_at = 0x90,
	reported_tcb_at = 0x180,
	signed_size = 0x2a0,
	number_size = 72, /* of R and of S, of which 48 are used */
	version_min = 2,
	version_max = 5,
};

uint32_t snp_number(const struct bytes *report, size_t at)
{
	const uint8_t *p = report->data + at;

	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[1] << 8 | p[0];
}

int snp_report_read(const struct bytes *b, struct snp_report *ret,
		    struct fail *f)
{
	struct snp_report r = { .raw = b };

	if (b->len != snp_report_size)
		return fail_reason(f, "it has %zu bytes, not %d", b->len,
				   snp_report_size);
	r.version = snp_number(b, version_at);
	r.vmpl = snp_number(b, vmpl_at);
	r.migratable = snp_number(b, policy_at) >> policy_migrate_bit & 1;
	r.debug = snp_number(b, policy_at) >> policy_debug_bit & 1;
	r.data = b->data + data_at;
	r.measurement = b->data + measurement_at;
	r.tcb = b->data + reported_tcb_at;
	if (r.version < version_min || r.version > version_max)
		return fail_reason(f, "its version is %u, not %d to %d",
				   r.version, version_min, version_max);
	*ret = r;
	return 0;
}

bool snp_tcb_reaches(const struct snp_report *r,
		     const uint8_t min[static snp_tcb_size])
{
	for (size_t i = 0; i < snp_tcb_size; i++)
		if (r->tcb[i] < min[i])
			return false;
	return true;
}

static BIGNUM *read_number(const struct bytes *report, size_t at)
{
	return BN_lebin2bn(report->data + at, number_size, NULL);
}

static bool is_signed_by(const struct bytes *report, X509 *vcek)
{
	const struct unmarshal data = { report->data, signed_size };

	return ecdsa_is_valid(X509_get0_pubkey(vcek), "SHA384",
			      read_number(report, signed_size),
			      read_number(report, signed_size + number_size),
			      &data);
}

/* Each signed by the next, the last by itself. NULL, or what is wrong. */
static const char *check_chain(X509 *vcek, X509 *ask, X509 *ark)
{
	if (X509_verify(ark, X509_get0_pubkey(ark)) != 1)
		return "the ARK that was given has not signed itself";
	if (X509_verify(ask, X509_get0_pubkey(ark)) != 1)
		return "the ARK that was given has not signed its ASK";
	if (X509_verify(vcek, X509_get0_pubkey(ask)) != 1)
		return "its ASK has not signed its VCEK";
	if (!certificate_is_current(ark) || !certificate_is_current(ask) ||
	    !certificate_is_current(vcek))
		return "a certificate of its chain is not valid now";
	return NULL;
}

static X509 *find(const struct bytes *given, const struct bytes *table,
		  enum snp_certificate which)
{
	return given ? certificate_read_pem(given)
		     : snp_table_find(table, which);
}

int snp_report_verify(const struct snp_report *r,
		      const struct snp_certificates *given,
		      const struct bytes *table, struct fail *f)
{
	own_certificate X509 *ark = certificate_read_pem(given->ark);
	own_certificate X509 *ask = find(given->ask, table, SNP_ASK);
	own_certificate X509 *vcek = find(given->vcek, table, SNP_VCEK);
	const char *why;

	if (snp_number(r->raw, algorithm_at) != algorithm_p384_sha384 ||
	    snp_number(r->raw, key_at) & key_mask)
		return fail_reason(f, "it is not signed by a VCEK with ECDSA "
				      "on P-384");
	if (!ark || !ask || !vcek)
		return fail_reason(f, "there is no certificate of %s",
				   !ark	  ? "the ARK"
				   : !ask ? "the ASK"
					  : "the VCEK");
	why = check_chain(vcek, ask, ark);
	if (!why)
		why = snp_vcek_refuse(vcek, r->raw);
	if (!why && !is_signed_by(r->raw, vcek))
		why = "its signature is not by its VCEK";
	return why ? fail_reason(f, "%s", why) : 0;
}
