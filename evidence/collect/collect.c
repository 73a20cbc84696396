// SPDX-License-Identifier: MIT
/*
 * See collect.h. Nothing here is secret. Who runs this may be deceived by the
 * guest that he runs in; who reads the result is not, since he goes by the
 * signatures alone.
 */
#include "evidence/collect/collect.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "config/boot.h"
#include "evidence/collect/logs.h"
#include "evidence/collect/tsm.h"
#include "lib/own.h"
#include "seal/object/identity-public.h"
#include "seal/tpm/quote.h"

int evidence_make_nonce(struct bytes *ret, struct fail *f)
{
	uint8_t nonce[evidence_own_nonce_size];
	int r;

	if (getrandom(nonce, sizeof(nonce), 0) != sizeof(nonce))
		return fail_errno(f, errno, "use a kernel with getrandom",
				  "make a nonce");
	r = bytes_copy(nonce, sizeof(nonce), ret);
	return r < 0 ? fail_errno(f, r, "give the VM more memory",
				  "make a nonce")
		     : 0;
}

/* The class of a driver, for who reads; "" for one that none of ours holds. */
static void find_class(const struct evidence_sources *s, char *ret)
{
	char path[PATH_MAX];
	char target[PATH_MAX];
	const char *driver;
	unsigned class;
	ssize_t len;

	if (!s->chip)
		return;
	if (snprintf(path, sizeof(path), "%s/sys/class/tpm/%s/device/driver",
		     s->root, s->chip) >= (int)sizeof(path))
		return;
	len = readlink(path, target, sizeof(target) - 1);
	target[len < 0 ? 0 : len] = '\0';
	driver = strrchr(target, '/');
	class = boot_tpm_class_of_driver(driver ? driver + 1 : target);
	if (class)
		(void)snprintf(ret, evidence_class_max, "%s",
			       boot_tpm_class_name(
				       (enum boot_tpm_class) class)); /* fits */
}

int evidence_identity(struct tpm *t, struct evidence_tpm *ret, struct fail *f)
{
	struct tpm_identity i = { 0 };
	int r = tpm_identity(t, &i, f);

	if (r < 0)
		return r;
	*ret = (struct evidence_tpm){ .ek = i.ek,
				      .ek_certificate = i.ek_certificate,
				      .ak = i.ak,
				      .srk = i.srk };
	return 0;
}

static int collect_tpm(const struct evidence_sources *s,
		       const struct bytes *nonce, struct evidence_tpm *ret,
		       struct fail *f)
{
	struct tpm_quote q = { 0 };
	int r = evidence_identity(s->tpm, ret, f);

	if (r == 0)
		r = tpm_quote(s->tpm, nonce, s->pcrs, &q, f);
	if (r < 0)
		return r;
	find_class(s, ret->class);
	ret->quote = (struct evidence_signed){ q.attest, q.signature };
	ret->srk_certification =
		(struct evidence_signed){ q.srk_attest, q.srk_signature };
	memcpy(ret->pcrs, q.pcrs, sizeof(q.pcrs));
	return 0;
}

/*
 * What the report is about. An SVSM puts its TPM's EK beside it; any other is
 * bound to our attestation key here.
 */
static int make_inblob(const struct evidence *e, bool svsm,
		       uint8_t ret[static evidence_inblob_size], struct fail *f)
{
	const struct bytes *nonce = &e->nonce;
	struct digest_set digest = { 0 };
	struct tpm_public ak;
	int r = 0;

	if (!svsm && e->has_tpm)
		r = ak_public_parse(&e->tpm.ak, &ak, f);
	if (r < 0)
		return r;
	if (svsm) {
		r = digest_data(1U << DIGEST_SHA512, nonce->data, nonce->len,
				&digest);
		memcpy(ret, digest.value[DIGEST_SHA512], evidence_inblob_size);
	} else {
		r = evidence_inblob(nonce, e->has_tpm ? ak.name : NULL, ret);
	}
	return r < 0 ? fail_errno(f, r, "give the VM more memory",
				  "ask for an attestation report")
		     : 0;
}

/* The remedies of tsm.c are for who makes the image. */
static int fail_report(const struct evidence_sources *s, int r, struct fail *f)
{
	if (s->booted && r != -ENOMEM && r != -ESTALE)
		(void)fail_remedy(f, "use Linux 6.7 or later, 6.16 under an "
				     "SVSM, and a host that attests");
	return r;
}

static int fail_request(const struct evidence_sources *s, int r, struct fail *f)
{
	if (s->booted)
		(void)fail_remedy(f,
				  "run one cvmctl evidence at a time, as root");
	return r;
}

static int ask(const struct evidence_sources *s, struct tsm *t,
	       struct evidence *e, struct fail *f)
{
	static const struct tsm_limits limits = { evidence_blob_max,
						  evidence_blob_max,
						  evidence_blob_max };
	struct evidence_report *report = &e->report[e->reports];
	uint8_t inblob[evidence_inblob_size];
	int r = make_inblob(e, t->is_svsm, inblob, f);

	if (r < 0)
		return r;
	r = tsm_report(t, inblob, t->is_svsm, &limits, report, f);
	if (r < 0)
		return fail_report(s, r, f);
	if (t->is_svsm) /* sev_guest is who handed it on */
		(void)snprintf(report->provider, sizeof(report->provider),
			       "svsm"); /* fits */
	e->reports++;
	return 0;
}

static int collect_reports(const struct evidence_sources *s, struct evidence *e,
			   struct fail *f)
{
	own_tsm struct tsm t = { .fd = -1 };
	char path[PATH_MAX];
	int r;

	if (snprintf(path, sizeof(path), "%s" TSM_REPORT_PATH, s->root) >=
	    (int)sizeof(path))
		return 0; /* nothing can be there */
	r = tsm_open(path, &t, f);
	if (r == -ENOENT || r == -ENXIO)
		return 0; /* the kernel or the machine has none */
	return r < 0 ? fail_request(s, r, f) : ask(s, &t, e, f);
}

int evidence_collect(const struct evidence_sources *s,
		     const struct bytes *nonce, struct evidence *ret,
		     struct fail *f)
{
	own_evidence struct evidence e = { .has_tpm = s->tpm != NULL };
	int r = bytes_copy(nonce->data, nonce->len, &e.nonce);

	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "collect evidence");
	if (s->tpm)
		r = collect_tpm(s, nonce, &e.tpm, f);
	if (r == 0)
		r = collect_reports(s, &e, f);
	if (r == 0 && !s->tpm && !e.reports)
		r = fail_because(f, "there is neither a TPM nor a report",
				 "attach a working TPM 2.0 to the VM",
				 "collect evidence");
	if (r == 0)
		r = collect_logs(s, &e, f);
	if (r < 0)
		return r;
	*ret = e;
	e = (struct evidence){ 0 };
	return 0;
}

int evidence_write(const struct evidence *e, const char *by, struct bytes *ret,
		   struct fail *f)
{
	int r = evidence_write_json(e, by, ret);

	if (r == -EFBIG)
		return fail_because(f, "it is longer than 64 MiB",
				    "let the VM measure less, or boot it anew",
				    "write the evidence");
	return r < 0 ? fail_errno(f, r, "give the VM more memory",
				  "write the evidence")
		     : 0;
}
