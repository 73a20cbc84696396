// SPDX-License-Identifier: MIT
/* What the attestation key has signed: PCR values and the SRK, now. */
#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#include "evidence/judge/internal.h"
#include "evidence/signed/attest.h"
#include "evidence/signed/challenge.h"
#include "lib/hex.h"

/* The nonce that the quote has to hold. 0; -EINVAL and a reason. */
static int expected_nonce(const struct judging *j, uint8_t *ret,
			  size_t *ret_len, struct fail *f)
{
	const struct bytes *nonce = j->x->nonce;

	if (!nonce || !nonce->len || nonce->len > evidence_nonce_max)
		return fail_reason(f, "none was given to compare with");
	if (!j->x->challenged) {
		memcpy(ret, nonce->data, nonce->len);
		*ret_len = nonce->len;
		return 0;
	}
	if (nonce->len != challenge_size)
		return fail_reason(f,
				   "the one of the challenge has not %d "
				   "bytes",
				   challenge_size);
	*ret_len = challenge_size;
	return challenge_nonce(nonce->data, &j->e->tpm.ek, &j->e->tpm.ak, ret);
}

struct wanted_nonce {
	uint8_t value[evidence_nonce_max];
	size_t len;
};

/* 1: *ret is it; 0: there is none, and the verdict says so; or -errno. */
static int want_nonce(struct judging *j, struct wanted_nonce *ret)
{
	struct fail f = { 0 };
	int r = expected_nonce(j, ret->value, &ret->len, &f);

	if (r == -EINVAL)
		return verdict_add(j->v, "nonce", CHECK_MISSING, "%s",
				   f.reason);
	return r < 0 ? r : 1;
}

static bool is_wanted(const struct wanted_nonce *n, const uint8_t *at,
		      size_t len)
{
	return len == n->len && CRYPTO_memcmp(at, n->value, len) == 0;
}

static int judge_nonce(struct judging *j, const struct attest *quote)
{
	struct wanted_nonce wanted = { .len = 0 };
	int r = want_nonce(j, &wanted);

	if (r <= 0)
		return r;
	if (!is_wanted(&wanted, quote->nonce.at, quote->nonce.len))
		return verdict_add(j->v, "nonce", CHECK_REFUSED,
				   "the quote is for another one: it is old, "
				   "or was made for somebody else, or by other "
				   "keys than those that were challenged");
	if (!is_wanted(&wanted, j->e->nonce.data, j->e->nonce.len))
		return verdict_add(j->v, "nonce", CHECK_REFUSED,
				   "the evidence says another one than its "
				   "quote");
	return verdict_add(j->v, "nonce", CHECK_OK,
			   "the quote was made for it");
}

/* 1 when the quote holds; 0 when it was refused; or -errno. */
static int judge_signature(struct judging *j, const struct evidence_signed *s,
			   const char *check, enum digest_alg *ret_alg)
{
	struct fail f = { 0 };
	int r;

	if (!j->has_ak) {
		r = verdict_add(j->v, check, CHECK_MISSING,
				"there is no key to check it with");
		return r < 0 ? r : 0;
	}
	r = tpm_public_verify(&j->ak, &s->attest, &s->signature, ret_alg, &f);
	if (r < 0) {
		r = judging_parsed(j, check, r, &f);
		return r < 0 ? r : 0;
	}
	return 1;
}

static int judge_values(struct judging *j, const struct attest *quote,
			enum digest_alg alg)
{
	struct fail f = { 0 };
	int r = attest_check_pcrs(quote, alg, j->e->tpm.pcrs, &f);

	if (r < 0) {
		r = judging_parsed(j, "pcr-values", r, &f);
		return r < 0 ? r : 0;
	}
	return verdict_add(j->v, "pcr-values", CHECK_OK,
			   "they are those that were quoted");
}

/* The key below which volumes are sealed: is it in the same TPM? */
static int judge_srk(struct judging *j)
{
	const struct evidence_tpm *t = &j->e->tpm;
	struct tpm_public srk;
	struct attest a;
	enum digest_alg alg;
	struct fail f = { 0 };
	int r = tpm_public_read(&t->srk, &srk, &f);

	if (r == 0)
		r = attest_read(&t->srk_certification.attest, ATTEST_CERTIFY,
				&a, &f);
	if (r < 0) {
		r = judging_parsed(j, "srk", r, &f);
		return r < 0 ? r : 0;
	}
	if (a.name.len != sizeof(srk.name) ||
	    memcmp(a.name.at, srk.name, sizeof(srk.name)) != 0)
		return verdict_add(j->v, "srk", CHECK_REFUSED,
				   "another key is certified than the one that "
				   "is shown");
	if (a.nonce.len != j->e->nonce.len ||
	    memcmp(a.nonce.at, j->e->nonce.data, a.nonce.len) != 0)
		return verdict_add(j->v, "srk", CHECK_REFUSED,
				   "it was certified under another nonce");
	r = judge_signature(j, &t->srk_certification, "srk", &alg);
	return r <= 0 ? r
		      : verdict_add(j->v, "srk", CHECK_OK,
				    "the attestation key certifies it");
}

/* Without a TPM: judge_td compares the quote of the TD with it then. */
static int judge_td_nonce(struct judging *j)
{
	struct wanted_nonce wanted = { .len = 0 };
	int r = want_nonce(j, &wanted);

	if (r <= 0)
		return r;
	if (!is_wanted(&wanted, j->e->nonce.data, j->e->nonce.len))
		return verdict_add(j->v, "nonce", CHECK_REFUSED,
				   "the evidence is for another one: it is "
				   "old, or was made for somebody else");
	return verdict_add(j->v, "nonce", CHECK_OK,
			   "the evidence was made for it");
}

int judge_quote(struct judging *j)
{
	struct attest quote;
	enum digest_alg alg = DIGEST_SHA256;
	struct fail f = { 0 };
	int r;

	if (!j->e->has_tpm)
		return j->by_td ? judge_td_nonce(j) : 0;
	r = attest_read(&j->e->tpm.quote.attest, ATTEST_QUOTE, &quote, &f);
	if (r < 0) {
		r = judging_parsed(j, "quote", r, &f);
		return r < 0 ? r : 0;
	}
	r = judge_nonce(j, &quote);
	if (r == 0)
		r = judge_signature(j, &j->e->tpm.quote, "quote", &alg);
	if (r <= 0)
		return r;
	r = verdict_add(j->v, "quote", CHECK_OK,
			"the attestation key has signed it");
	if (r == 0)
		r = judge_values(j, &quote, alg);
	return r < 0 ? r : judge_srk(j);
}
