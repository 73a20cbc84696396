// SPDX-License-Identifier: MIT
/*
 * The judge, with evidence of a real quote by swtpm: keys, nonce, quote, and
 * what was booted. As it is it is trusted; with one thing changed it is
 * refused for that reason. The logs: test_judge_logs.c.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "tests/trial.h"

enum { attributes_at = 2 + 2 + 2 }; /* in a TPM2B_PUBLIC */

static const uint8_t other_nonce[challenge_size] = { 1 };

static void change_nonce(struct trial *t)
{
	t->nonce.data = (uint8_t *)(uintptr_t)other_nonce;
}

static void cut_nonce(struct trial *t)
{
	t->nonce.len--;
}

static void give_no_nonce(struct trial *t)
{
	t->x.nonce = NULL;
}

/* Who was challenged with one key shows another one. */
static void change_challenged_ek(struct trial *t)
{
	t->e.tpm.ek.data[t->e.tpm.ek.len - 1] ^= 1;
}

static void say_other_nonce(struct trial *t)
{
	t->e.nonce.data[0] ^= 1;
}

/* Without a challenge, for a verifier who knows the attestation key. */
static void give_ak(struct trial *t)
{
	t->x.challenged = false;
	t->x.nonce = &t->e.nonce;
	t->x.ek.given = false;
	t->x.ak.given = true;
	memcpy(t->x.ak.name, story.ak, sizeof(story.ak));
}

static void give_both(struct trial *t)
{
	t->x.ak.given = true;
	memcpy(t->x.ak.name, story.ak, sizeof(story.ak));
}

static void give_challenged_ak(struct trial *t)
{
	give_both(t);
	t->x.ek.given = false;
}

static void give_own_ak_and_other_ek(struct trial *t)
{
	give_both(t);
	memcpy(t->x.ek.name, story.ak, sizeof(story.ak));
}

static void give_other_ak(struct trial *t)
{
	give_ak(t);
	memcpy(t->x.ak.name, story.ek, sizeof(story.ek));
}

static void give_other_ek(struct trial *t)
{
	memcpy(t->x.ek.name, story.ak, sizeof(story.ak));
}

static void give_no_ek(struct trial *t)
{
	t->x.ek.given = false;
}

static void give_nothing(struct trial *t)
{
	t->x.challenged = false;
	t->x.nonce = &t->e.nonce;
}

/* Another point of the curve is no key; another TPM's key is one. */
static void take_foreign_ak(struct trial *t)
{
	own_swtpm struct swtpm other = { 0 };
	own_tpm struct tpm *tpm = NULL;
	own_tpm_identity struct tpm_identity i = { 0 };
	struct fail f = { 0 };

	swtpm_start(&other);
	tpm = swtpm_open(&other);
	assert_ok(tpm_identity(tpm, &i, &f), &f);
	bytes_free(&t->e.tpm.ak);
	t->e.tpm.ak = take_bytes(&i.ak);
}

static void change_attributes(struct bytes *public, unsigned byte, uint8_t bits)
{
	public->data[attributes_at + byte] ^= bits;
}

static void release_ak(struct trial *t)
{
	change_attributes(&t->e.tpm.ak, 1, 0x01); /* restricted */
}

static void unfix_ak(struct trial *t)
{
	change_attributes(&t->e.tpm.ak, 3, 0x02); /* fixedTPM */
}

static void import_ak(struct trial *t)
{
	change_attributes(&t->e.tpm.ak, 3, 0x20); /* sensitiveDataOrigin */
}

static void decrypt_with_ak(struct trial *t)
{
	change_attributes(&t->e.tpm.ak, 1, 0x02); /* decrypt */
}

static void release_ek(struct trial *t)
{
	change_attributes(&t->e.tpm.ek, 1, 0x01);
}

static void unfix_ek(struct trial *t)
{
	change_attributes(&t->e.tpm.ek, 3, 0x02);
}

static void cut_ak(struct trial *t)
{
	t->e.tpm.ak.len--;
}

static void change_signature(struct trial *t)
{
	t->e.tpm.quote.signature.data[t->e.tpm.quote.signature.len - 1] ^= 1;
}

static void cut_signature(struct trial *t)
{
	t->e.tpm.quote.signature.len--;
}

static void change_scheme(struct trial *t)
{
	t->e.tpm.quote.signature.data[1] = 0x14; /* RSASSA, by an ECC key */
	t->e.tpm.quote.signature.len = 2 + 2 + 2 + 32;
}

static void change_magic(struct trial *t)
{
	t->e.tpm.quote.attest.data[0] ^= 1;
}

static void quote_a_key(struct trial *t)
{
	struct bytes quote = t->e.tpm.quote.attest;

	t->e.tpm.quote.attest = t->e.tpm.srk_certification.attest;
	t->e.tpm.srk_certification.attest = quote;
}

static void change_value(struct trial *t)
{
	t->e.tpm.pcrs[DIGEST_SHA256].value[0][0] ^= 1;
}

static void drop_value(struct trial *t)
{
	t->e.tpm.pcrs[DIGEST_SHA256].mask &= ~(1U << 13);
}

static void show_other_srk(struct trial *t)
{
	bytes_free(&t->e.tpm.srk);
	assert_int_equal(bytes_copy(t->e.tpm.ek.data, t->e.tpm.ek.len,
				    &t->e.tpm.srk),
			 0);
}

static void change_certification(struct trial *t)
{
	struct evidence_signed *s = &t->e.tpm.srk_certification;

	s->signature.data[s->signature.len - 1] ^= 1;
}

static void have_no_tpm(struct trial *t)
{
	evidence_tpm_free(&t->e.tpm);
	t->e.has_tpm = false;
}

static void ask_for_hardware(struct trial *t)
{
	t->x.without_hardware = false;
}

static void require_more(struct trial *t)
{
	t->x.required_pcrs = 1U << 10 | 1U << 16;
}

#define RIGHT "the quote was made for it"
#define OTHER_NONCE                                                          \
	"the quote is for another one: it is old, or was made for somebody " \
	"else, or by other keys than those that were challenged"
#define NOT_OWN                                                   \
	"it need not be in a TPM: not fixedTPM, fixedParent and " \
	"sensitiveDataOrigin"
#define NO_PUBLIC \
	"it is no TPM2B_PUBLIC of an RSA or ECC key with SHA-256 names"

static const struct trial_case cases[] = {
	{ "nothing", NULL, CHECK_OK, "nonce", RIGHT },
	{ "another nonce", change_nonce, CHECK_REFUSED, "nonce", OTHER_NONCE },
	{ "a short nonce", cut_nonce, CHECK_MISSING, "nonce",
	  "the one of the challenge has not 32 bytes" },
	{ "no nonce", give_no_nonce, CHECK_MISSING, "nonce",
	  "none was given to compare with" },
	{ "an EK that was not challenged", change_challenged_ek, CHECK_REFUSED,
	  "nonce", OTHER_NONCE },
	{ "an evidence for another nonce", say_other_nonce, CHECK_REFUSED,
	  "nonce", "the evidence says another one than its quote" },
	{ "AK given", give_ak, CHECK_OK, "attestation-key",
	  "it is the one that was given" },
	{ "AK given, EK not tied", give_ak, CHECK_SKIPPED, "endorsement-key",
	  "not looked at: the attestation key was given, and no challenge ties "
	  "the two" },
	{ "AK given and challenged", give_challenged_ak, CHECK_SKIPPED,
	  "endorsement-key", "not needed: the attestation key was given" },
	{ "both keys given", give_both, CHECK_OK, "endorsement-key",
	  "it is the one that was given" },
	{ "nothing ties the AK", give_nothing, CHECK_MISSING, "attestation-key",
	  "nothing says that it is in a TPM: it was neither given nor "
	  "challenged" },
	{ "nothing says whose the EK is", give_no_ek, CHECK_MISSING,
	  "endorsement-key",
	  "nothing says that it is a TPM's: it was neither given nor "
	  "certified, and no report is about it" },
	{ "a foreign AK", take_foreign_ak, CHECK_REFUSED, "nonce",
	  OTHER_NONCE },
	{ "a foreign AK has not signed", take_foreign_ak, CHECK_REFUSED,
	  "quote", "its signature is not by this key" },
	{ "AK not restricted", release_ak, CHECK_REFUSED, "attestation-key",
	  "it is not restricted: it signs what others make up" },
	{ "AK not fixed", unfix_ak, CHECK_REFUSED, "attestation-key", NOT_OWN },
	{ "AK made elsewhere", import_ak, CHECK_REFUSED, "attestation-key",
	  NOT_OWN },
	{ "AK for decryption", decrypt_with_ak, CHECK_REFUSED,
	  "attestation-key", "it is no signing key" },
	{ "AK cut", cut_ak, CHECK_REFUSED, "attestation-key", NO_PUBLIC },
	{ "AK cut: no key to check with", cut_ak, CHECK_MISSING, "quote",
	  "there is no key to check it with" },
	{ "EK not restricted", release_ek, CHECK_REFUSED, "endorsement-key",
	  "it is no restricted decryption key" },
	{ "EK not fixed", unfix_ek, CHECK_REFUSED, "endorsement-key", NOT_OWN },
	{ "signature changed", change_signature, CHECK_REFUSED, "quote",
	  "its signature is not by this key" },
	{ "signature cut", cut_signature, CHECK_REFUSED, "quote",
	  "its signature is no TPMT_SIGNATURE of a kind that is known" },
	{ "signature of another scheme", change_scheme, CHECK_REFUSED, "quote",
	  "its signature is by no such key" },
	{ "not by a TPM", change_magic, CHECK_REFUSED, "quote",
	  "it was not made by a TPM: another magic number" },
	{ "a certification for a quote", quote_a_key, CHECK_REFUSED, "quote",
	  "it is of another type" },
	{ "another PCR value", change_value, CHECK_REFUSED, "pcr-values",
	  "the PCR values that are given are not those that it is over" },
	{ "a PCR value less", drop_value, CHECK_REFUSED, "pcr-values",
	  "it is over other PCRs of bank sha256 than those that are given" },
	{ "another SRK", show_other_srk, CHECK_REFUSED, "srk",
	  "another key is certified than the one that is shown" },
	{ "SRK not certified", change_certification, CHECK_REFUSED, "srk",
	  "its signature is not by this key" },
	{ "no TPM", have_no_tpm, CHECK_MISSING, "attestation-key",
	  "the evidence has none: no TPM, no quote" },
	{ "no processor", ask_for_hardware, CHECK_MISSING, "hardware",
	  "there is no report of a processor" },
	{ "PCRs that were not quoted", require_more, CHECK_REFUSED,
	  "required-pcrs",
	  "PCR 16 is not quoted in a bank other than sha1, or the logs do not "
	  "account for it" },
};

/* What could be refused for two reasons is refused for the first. */
static void refuses_names(void **state)
{
	static const struct {
		void (*change)(struct trial *t);
		const char *check;
		size_t at;
	} given[] = { { give_other_ak, "attestation-key", 0 },
		      { give_other_ek, "endorsement-key", 1 },
		      { give_own_ak_and_other_ek, "endorsement-key", 1 } };

	(void)state;
	for (size_t i = 0; i < array_size(given); i++) {
		own_verdict struct verdict v = { .n = 0 };
		struct trial t;

		trial_begin(&t);
		given[i].change(&t);
		assert_int_equal(judge(&t.e, &t.x, &v), 0);
		assert_false(verdict_trusted(&v));
		assert_string_equal(v.check[given[i].at].name, given[i].check);
		assert_int_equal(v.check[given[i].at].result, CHECK_REFUSED);
		assert_non_null(strstr(v.check[given[i].at].text,
				       "another key than the one that was "
				       "given: its name is 000b"));
		trial_end(&t);
	}
}

static void writes_the_verdict(void **state)
{
	own_verdict struct verdict v = { .n = 0 };
	own_bytes struct bytes json = { 0 };
	own_bytes struct bytes text = { 0 };
	own_json struct json_object *o = NULL;
	struct trial t;

	(void)state;
	trial_begin(&t);
	assert_int_equal(judge(&t.e, &t.x, &v), 0);
	assert_int_equal(verdict_write_json(&v, &json), 0);
	assert_int_equal(verdict_write_text(&v, &text), 0);
	o = json_tokener_parse((const char *)json.data);
	assert_true(json_object_get_boolean(json_get(o, "trusted")));
	assert_int_equal(json_object_array_length(json_get(o, "checks")), v.n);
	assert_int_equal(json_object_array_length(json_get(o, "events")),
			 story.firmware.n + story.init.n + 1 + 8);
	assert_non_null(strstr((const char *)text.data, "\ntrusted\n"));
	bytes_free(&text);
	assert_int_equal(verdict_write_events(&v, &text), 0);
	assert_non_null(strstr((const char *)text.data,
			       "known            exec web /usr/bin/python3\n"));
	trial_end(&t);
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(judges, cases),
		CASE(refuses_names),
		CASE(writes_the_verdict),
	};

	return trial_main(tables, array_size(tables));
}
