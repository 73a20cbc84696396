// SPDX-License-Identifier: MIT
/*
 * Whose the attestation key is. It was given, or its TPM has opened a
 * challenge, which it does for the key with its endorsement key (TCG Part 3,
 * 12.5); then that one has to be a genuine TPM's: given, certified, or named
 * by a report of the processor.
 */
#include <errno.h>
#include <string.h>

#include "evidence/judge/internal.h"
#include "evidence/signed/ek-certificate.h"
#include "lib/hex.h"

static const char ak_check[] = "attestation-key";
static const char ek_check[] = "endorsement-key";

static bool is_believed(const struct believed_key *b,
			const struct tpm_public *key)
{
	return memcmp(b->name, key->name, sizeof(b->name)) == 0;
}

static int refuse_name(struct judging *j, const char *check,
		       const struct tpm_public *key)
{
	char name[2 * tpm_name_size + 1];

	hex_encode(key->name, sizeof(key->name), name);
	return verdict_add(j->v, check, CHECK_REFUSED,
			   "it is another key than the one that was given: "
			   "its name is %s",
			   name);
}

static int judge_ak(struct judging *j)
{
	struct fail f = { 0 };
	int r = tpm_public_read(&j->e->tpm.ak, &j->ak, &f);
	const char *why;

	if (r < 0)
		return judging_parsed(j, ak_check, r, &f);
	why = tpm_public_refuse_signer(&j->ak);
	if (why)
		return verdict_add(j->v, ak_check, CHECK_REFUSED, "%s", why);
	j->has_ak = true;
	if (j->x->ak.given && !is_believed(&j->x->ak, &j->ak))
		return refuse_name(j, ak_check, &j->ak);
	if (j->x->ak.given)
		return verdict_add(j->v, ak_check, CHECK_OK,
				   "it is the one that was given");
	if (j->x->challenged)
		return verdict_add(j->v, ak_check, CHECK_OK,
				   "the challenge was for it: who knows the "
				   "nonce has it in one TPM with the "
				   "endorsement key");
	return verdict_add(j->v, ak_check, CHECK_MISSING,
			   "nothing says that it is in a TPM: it was neither "
			   "given nor challenged");
}

/* True if a report of the SVSM is about this key. */
static bool is_attested(const struct judging *j)
{
	for (size_t i = 0; i < j->e->reports; i++) {
		const struct evidence_report *r = &j->e->report[i];

		if (strcmp(r->provider, "svsm") == 0 &&
		    r->manifestblob.len == j->ek.area.len &&
		    memcmp(r->manifestblob.data, j->ek.area.at,
			   j->ek.area.len) == 0)
			return true;
	}
	return false;
}

/*
 * Anybody can write a report. One that is signed by a processor, about a VM
 * that was started with what is trusted, is worth a key; judge_reports looks.
 */
static int judge_attested(struct judging *j)
{
	if (!j->x->snp.ark || !j->x->has_measurement)
		return verdict_add(j->v, ek_check, CHECK_MISSING,
				   "only a report says that the SVSM has it, "
				   "whose signature or launch measurement is "
				   "not checked");
	return verdict_add(j->v, ek_check, CHECK_OK,
			   "a report says that the SVSM has it");
}

static int judge_certificate(struct judging *j)
{
	struct fail f = { 0 };
	int r = ek_certificate_check(&j->e->tpm.ek_certificate, j->x->ek_ca,
				     &j->ek, &f);

	if (r < 0)
		return judging_parsed(j, ek_check, r, &f);
	return verdict_add(j->v, ek_check, CHECK_OK,
			   "its certificate is by a maker that was given");
}

static int judge_ek(struct judging *j)
{
	struct fail f = { 0 };
	const char *why;
	int r;

	if (j->x->ak.given && !j->x->challenged)
		return verdict_add(j->v, ek_check, CHECK_SKIPPED,
				   "not looked at: the attestation key was "
				   "given, and no challenge ties the two");
	if (j->x->ak.given && !j->x->ek.given && !j->x->ek_ca)
		return verdict_add(j->v, ek_check, CHECK_SKIPPED,
				   "not needed: the attestation key was given");
	r = tpm_public_read(&j->e->tpm.ek, &j->ek, &f);
	if (r < 0)
		return judging_parsed(j, ek_check, r, &f);
	why = tpm_public_refuse_decrypter(&j->ek);
	if (why)
		return verdict_add(j->v, ek_check, CHECK_REFUSED, "%s", why);
	j->has_ek = true;
	if (j->x->ek.given && !is_believed(&j->x->ek, &j->ek))
		return refuse_name(j, ek_check, &j->ek);
	if (j->x->ek.given)
		return verdict_add(j->v, ek_check, CHECK_OK,
				   "it is the one that was given");
	if (j->x->ek_ca)
		return judge_certificate(j);
	if (is_attested(j))
		return judge_attested(j);
	return verdict_add(j->v, ek_check, CHECK_MISSING,
			   "nothing says that it is a TPM's: it was neither "
			   "given nor certified, and no report is about it");
}

int judge_keys(struct judging *j)
{
	int r;

	if (j->by_td)
		return verdict_add(j->v, ak_check, CHECK_SKIPPED,
				   "not needed: without a TPM the quote of the "
				   "TD has to say all");
	if (j->only_td)
		return verdict_add(j->v, ak_check, CHECK_MISSING,
				   "the evidence has none: no TPM; the quote "
				   "of the TD can say all, if --tdx-root is "
				   "given to check it");
	if (!j->e->has_tpm)
		return verdict_add(j->v, ak_check, CHECK_MISSING,
				   "the evidence has none: no TPM, no quote");
	r = judge_ak(j);
	return r < 0 ? r : judge_ek(j);
}
