// SPDX-License-Identifier: MIT
/*
 * Which of several tokens opens a volume, and what is said when none does.
 * Each case lists tokens, in the order of their numbers.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "tests/table.h"

#include "lib/own.h"
#include "seal/luks/token.h"
#include "seal/luks/volume-key.h"
#include "seal/luks/volume-secret.h"
#include "seal/object/offline.h"
#include "tests/line.h"
#include "tests/swtpm.h"
#include "tests/volume.h"

enum { tokens_max = 4 };

/* What a token holds. All tokens name keyslot 0, but that of GONE. */
enum kind {
	NONE, /* the end of a list */
	GOOD,
	BETTER,	   /* as good, with another secret */
	PCRS,	   /* for other PCR values */
	ELSEWHERE, /* for another TPM */
	OLD,	   /* names no SRK */
	NO_14,	   /* its policy leaves out PCR 14 */
	PIN,	   /* a kind that we do not have */
	CUT,	   /* its blob lacks a byte */
	DAMAGED,   /* its blob has another last byte */
	SIZE,	   /* so has the first: a size inside */
	STOP,	   /* checking it fails, and not because of it */
	GONE,	   /* names a keyslot that is not there */
	HOSTS,	   /* made of what GOOD says, without the TPM */
	NAMED,	   /* for this volume; GOOD and the others name none */
	OTHERS,	   /* for another one */
};

#define OTHER_UUID "00000000-d095-436a-92c2-281eb1d07041"
#define FOR_OTHER                                                              \
	"cannot use volume v: its key is for the volume with UUID " OTHER_UUID \
	"; attach its own disk, or seal its key again with cvmctl seal"
#define UNSEAL "cannot unseal the key of volume v: "

static const struct choice_case {
	const char *name;
	enum kind kinds[tokens_max];
	int chosen; /* the byte that the secret is made of; 0: a failure */
	const char *line;
} choices[] = {
	{ "one", { GOOD }, 'g', NULL },
	{ "the first of two", { BETTER, GOOD }, 'b', NULL },
	{ "past other PCRs", { PCRS, GOOD }, 'g', NULL },
	{ "past another TPM", { ELSEWHERE, BETTER }, 'b', NULL },
	{ "past one without PCR 14", { NO_14, GOOD }, 'g', NULL },
	{ "past what cannot be read", { PIN, CUT, GOOD }, 'g', NULL },
	{ "past a missing keyslot", { GONE, GOOD }, 'g', NULL },
	{ "past an old one", { OLD, GOOD }, 'g', NULL },
	{ "past a damaged one", { DAMAGED, GOOD }, 'g', NULL },
	{ "past one that the TPM cannot take apart",
	  { SIZE, GOOD },
	  'g',
	  NULL },
	{ "past one that was sealed away", { HOSTS, GOOD }, 'g', NULL },
	{ "one that was sealed away",
	  { HOSTS },
	  0,
	  "cannot use volume v: its key was sealed away from this TPM; seal it "
	  "on this TPM, or set import = yes in its [volume]" },
	{ "one that was sealed away, where that is allowed",
	  { HOSTS, GOOD },
	  'h',
	  NULL },
	{ "past one of another volume", { OTHERS, GOOD }, 'g', NULL },
	{ "another volume's is the nearest", { OTHERS, PCRS }, 0, FOR_OTHER },
	{ "not past what would hit all",
	  { STOP, GOOD },
	  0,
	  "cannot use the key of volume v: Cannot allocate memory; free it" },
	{ "none",
	  { NONE },
	  0,
	  "cannot use volume v: its header has no systemd-tpm2 token; seal its "
	  "key again with cvmctl seal" },
	{ "the PCRs are the nearest",
	  { PIN, ELSEWHERE, PCRS, NO_14 },
	  0,
	  UNSEAL "PCR 14 differs from the policy it was sealed under; seal it "
		 "again for these apps with cvmctl seal" },
	{ "then the TPM",
	  { NO_14, ELSEWHERE, CUT },
	  0,
	  UNSEAL "it was sealed by another TPM, or before this one was "
		 "cleared; seal it again on this TPM with cvmctl seal" },
	{ "then a damaged one",
	  { ELSEWHERE, DAMAGED, CUT },
	  0,
	  UNSEAL "its blob is damaged; restore the volume's header from a "
		 "copy, or seal it again with cvmctl seal" },
	{ "then the first",
	  { NO_14, CUT },
	  0,
	  "cannot use the key of volume v: PCR 14 is missing; add it" },
	{ "then the first, another one",
	  { CUT, NO_14 },
	  0,
	  UNSEAL "its blob is damaged; restore the volume's header from a "
		 "copy, or seal it again with cvmctl seal" },
};

/* With bound = yes. */
static const struct choice_case bound_choices[] = {
	{ "the one of this volume", { GOOD, OTHERS, NAMED }, 'n', NULL },
	{ "none of this volume",
	  { GOOD },
	  0,
	  "cannot use volume v: its key names no volume; seal it again with "
	  "cvmctl seal, or set bound = no in its [volume]" },
	{ "only another volume's", { OTHERS, GOOD }, 0, FOR_OTHER },
};

/* Nothing of it is secret, and the TPM's key comes from a token. */
static void seal_away(struct sealed_key *key)
{
	own_secret struct secret secret = { 0 };
	own_bytes struct bytes public = { 0 };
	struct srk_record record;
	struct srk_public srk;
	struct fail f = { 0 };

	assert_int_equal(srk_record_parse(&key->srk, &record), 0);
	assert_int_equal(bytes_copy(record.public_area - 2,
				    record.public_len + 2, &public),
			 0);
	assert_ok(srk_public_parse(&public, &srk, &f), &f);
	assert_int_equal(secret_alloc(32, &secret), 0);
	memset(secret.data, 'h', 32);
	assert_ok(offline_seal(&srk, &secret, key, &f), &f);
}

/* Random bytes make no table: one byte, 32 times, but for the name. */
static void make_secret(enum kind kind, int fill, struct secret *ret)
{
	if (kind == NAMED || kind == OTHERS)
		assert_int_equal(volume_secret_make(kind == NAMED ? VOLUME_UUID
								  : OTHER_UUID,
						    ret),
				 0);
	else
		assert_int_equal(secret_alloc(volume_secret_random, ret), 0);
	memset(ret->data, fill, volume_secret_random);
}

static void seal(struct tpm *t, enum kind kind, struct sealed_key *ret)
{
	struct seal_policy policy = { .pcrs.bank = DIGEST_SHA256 };
	own_secret struct secret secret = { 0 };
	struct fail f = { 0 };

	policy.pcrs.mask = kind == NO_14 ? 1U << 16 : 1U << 14;
	policy.pcrs.value[14][0] = kind == PCRS;
	if (kind == STOP)
		policy.pcrs.mask |= 1U << 15;
	make_secret(kind,
		    kind == BETTER  ? 'b'
		    : kind == NAMED ? 'n'
				    : 'g',
		    &secret);
	assert_int_equal(sealed_key_begin(&policy, ret), 0);
	assert_ok(tpm_seal(t, &secret, ret, &f), &f);
	if (kind == HOSTS)
		seal_away(ret);
	if (kind == CUT)
		ret->blob.len--;
	if (kind == DAMAGED)
		ret->blob.data[ret->blob.len - 1] ^= 1;
	if (kind == SIZE)
		ret->blob.data[2] ^= 1;
	if (kind == OLD)
		bytes_free(&ret->srk);
}

static void write_token(struct luks *l, struct tpm *t, enum kind kind)
{
	static const char pin[] = "{\"type\":\"systemd-tpm2\",\"keyslots\":"
				  "[\"0\"],\"tpm2-pin\":true}";
	own_sealed_key struct sealed_key key = { 0 };
	own_free char *json = NULL;
	struct fail f = { 0 };

	seal(t, kind, &key);
	assert_ok(token_format(&key, 0, &json, &f), &f);
	if (kind == GONE)
		memcpy(strstr(json, "[\"0\"]"), "[   ]", 5);
	assert_ok(luks_write_token(l, luks_new_token, kind == PIN ? pin : json,
				   &f),
		  &f);
}

static int check(const struct sealed_key *key, void *context, struct fail *f)
{
	assert_string_equal(context, "context");
	if (key->pcr_mask & 1U << 15)
		return fail_errno(f, ENOMEM, "free it",
				  "use the key of volume v");
	if (key->pcr_mask & 1U << 14)
		return 0;
	return fail_because(f, "PCR 14 is missing", "add it",
			    "use the key of volume v");
}

static void assert_chosen(const struct choice_case *c, int r,
			  const struct secret *passphrase, const struct fail *f)
{
	own_secret struct secret secret = { 0 };
	own_secret struct secret expected = { 0 };

	if (!c->chosen) {
		assert_refusal(r, f, c->line);
		assert_null(passphrase->data);
		return;
	}
	assert_ok(r, f);
	make_secret(c->chosen == 'n' ? NAMED : GOOD, c->chosen, &secret);
	assert_int_equal(token_passphrase(&secret, &expected), 0);
	assert_int_equal(passphrase->len, expected.len);
	assert_memory_equal(passphrase->data, expected.data, expected.len);
}

static void choose(const struct choice_case *c, bool bound)
{
	own_swtpm struct swtpm here = { 0 };
	own_swtpm struct swtpm there = { 0 };
	own_tpm struct tpm *t = NULL;
	own_tpm struct tpm *other = NULL;
	own_luks struct luks *l = NULL;
	own_secret struct secret passphrase = { 0 };
	struct volume_key_request request = {
		.volume = "v",
		.import = c->chosen == 'h', /* HOSTS, where it is allowed */
		.uuid = VOLUME_UUID,
		.bound = bound,
		.check = check,
		.context = (char[]){ "context" },
	};
	struct fail f = { 0 };
	struct tree tree;
	char path[PATH_MAX];
	int keyslot = -1;
	int r;

	swtpm_start(&here);
	swtpm_start(&there);
	t = swtpm_open(&here);
	other = swtpm_open(&there);
	volume_make(&tree, path);
	assert_ok(luks_open(path, &l, &f), &f);
	for (int i = 0; i < tokens_max && c->kinds[i]; i++)
		write_token(l, c->kinds[i] == ELSEWHERE ? other : t,
			    c->kinds[i]);
	request.luks = l;
	request.tpm = t;
	r = volume_key_unseal(&request, &passphrase, &keyslot, &f);
	assert_int_equal(keyslot, c->chosen ? 0 : -1);
	assert_chosen(c, r, &passphrase, &f);
	tree_remove(&tree);
}

static void chooses(void **state)
{
	choose(*state, false);
}

static void chooses_what_is_bound(void **state)
{
	choose(*state, true);
}

int main(void)
{
	const struct table tables[] = { TABLE(chooses, choices),
					TABLE(chooses_what_is_bound,
					      bound_choices) };

	return table_run(tables, array_size(tables));
}
