// SPDX-License-Identifier: MIT
/* tpm2-pcr-signature.json: what is read, which entry serves, what is written.
 */
#include <errno.h>
#include <string.h>

#include "tests/table.h"

#include "lib/own.h"
#include "lib/text.h"
#include "seal/object/signatures.h"
#include "tests/line.h"

#define HEX32 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define ENTRY                                                            \
	"{\"pcrs\":[4,14],\"pkfp\":\"" HEX32 "\",\"pol\":\"" HEX32 "\"," \
	"\"sig\":\"AAEC\"}"
#define REFUSED                                                              \
	"cannot read the signatures of PCR values: they have not the form "  \
	"of tpm2-pcr-signature.json; sign the PCR values again with cvmctl " \
	"sign"
#define TOO_MANY                                                            \
	"cannot read the signatures of PCR values: there are over 128, or " \
	"256 KiB; sign the PCR values again with cvmctl sign"

static const struct parse_case {
	const char *name;
	const char *json;
	int n; /* entries, or -1: refused */
} parses[] = {
	{ "none", "{}", 0 },
	{ "an empty bank", "{\"sha256\":[]}", 0 },
	{ "one", "{\"sha256\":[" ENTRY "]}", 1 },
	{ "two banks", "{\"sha256\":[" ENTRY "],\"sha1\":[" ENTRY "]}", 2 },
	{ "a bank we do not serve", "{\"sm3_256\":3}", 0 },
	{ "with a reference", "{\"sha256\":[{\"pcrs\":[4],\"ref\":\"x\"}]}",
	  0 },
	{ "members of others",
	  "{\"sha256\":[{\"new\":1,\"pcrs\":[4],\"pkfp\":\"" HEX32
	  "\",\"pol\":\"" HEX32 "\",\"sig\":\"AAEC\"}]}",
	  1 },
	{ "no JSON", "{", -1 },
	{ "a list", "[]", -1 },
	{ "nothing", "", -1 },
	{ "a bank that is no list", "{\"sha256\":{}}", -1 },
	{ "an entry that is no object", "{\"sha256\":[3]}", -1 },
	{ "PCR 24",
	  "{\"sha256\":[{\"pcrs\":[24],\"pkfp\":\"" HEX32 "\",\"pol\":\"" HEX32
	  "\",\"sig\":\"AAEC\"}]}",
	  -1 },
	{ "a short fingerprint",
	  "{\"sha256\":[{\"pcrs\":[4],\"pkfp\":\"00\",\"pol\":\"" HEX32
	  "\",\"sig\":\"AAEC\"}]}",
	  -1 },
	{ "no policy",
	  "{\"sha256\":[{\"pcrs\":[4],\"pkfp\":\"" HEX32
	  "\",\"sig\":\"AAEC\"}]}",
	  -1 },
	{ "no signature",
	  "{\"sha256\":[{\"pcrs\":[4],\"pkfp\":\"" HEX32 "\",\"pol\":\"" HEX32
	  "\"}]}",
	  -1 },
	{ "an empty signature",
	  "{\"sha256\":[{\"pcrs\":[4],\"pkfp\":\"" HEX32 "\",\"pol\":\"" HEX32
	  "\",\"sig\":\"\"}]}",
	  -1 },
	{ "release 0",
	  "{\"sha256\":[{\"pcrs\":[4],\"pkfp\":\"" HEX32 "\",\"pol\":\"" HEX32
	  "\",\"sig\":\"AAEC\",\"release\":0}]}",
	  -1 },
	{ "release in words",
	  "{\"sha256\":[{\"pcrs\":[4],\"pkfp\":\"" HEX32 "\",\"pol\":\"" HEX32
	  "\",\"sig\":\"AAEC\",\"release\":\"1\"}]}",
	  -1 },
};

static void parses_json(void **state)
{
	const struct parse_case *c = *state;
	own_signatures struct signatures s = { 0 };
	struct fail f = { 0 };
	int r = signatures_parse(c->json, &s, &f);

	if (c->n < 0) {
		assert_refusal(r, &f, REFUSED);
		assert_null(s.entry);
		return;
	}
	assert_ok(r, &f);
	assert_int_equal(s.n, c->n);
}

/* n entries of which each is the same. */
static char *many(size_t n)
{
	own_text struct text t = { 0 };

	text_add(&t, "{\"sha256\":[");
	for (size_t i = 0; i < n; i++)
		text_add(&t, "%s" ENTRY, i ? "," : "");
	text_add(&t, "]}");
	assert_false(text_failed(&t));
	return take_ptr(t.s);
}

static void parses_no_more_than_its_maximum(void **state)
{
	own_free char *most = many(signatures_max);
	own_free char *more = many(signatures_max + 1);
	own_free char *longer = calloc(1, signatures_json_max + 2);
	struct signatures s = { 0 };
	struct fail f = { 0 };

	(void)state;
	assert_ok(signatures_parse(most, &s, &f), &f);
	assert_int_equal(s.n, signatures_max);
	signatures_free(&s);
	assert_refusal(signatures_parse(more, &s, &f), &f, TOO_MANY);
	memset(longer, ' ', signatures_json_max + 1);
	memcpy(longer, "{}", 2);
	assert_refusal(signatures_parse(longer, &s, &f), &f, TOO_MANY);
	longer[signatures_json_max] = '\0';
	assert_ok(signatures_parse(longer, &s, &f), &f);
	assert_null(s.entry);
}

enum { pcr_4 = 1U << 4, pcr_14 = 1U << 14 };

/* A state whose PCRs all have this byte, approved by a key. */
static void add(struct signatures *s, uint8_t key, uint8_t byte,
		uint64_t release)
{
	struct signature e = { .bank = DIGEST_SHA256,
			       .mask = pcr_4 | pcr_14,
			       .release = release };

	memset(e.fingerprint, key, sizeof(e.fingerprint));
	e.values = (struct pcr_values){ .bank = e.bank, .mask = e.mask };
	memset(e.values.value, byte, sizeof(e.values.value));
	assert_int_equal(policy_add_pcrs(&e.policy, &e.values), 0);
	if (release)
		assert_int_equal(policy_add_release(&e.policy, release), 0);
	assert_int_equal(bytes_copy(&byte, 1, &e.sig), 0);
	assert_int_equal(signatures_add(s, &e), 0);
}

static const struct find_case {
	const char *name;
	uint8_t key;
	uint8_t byte; /* of all present PCRs */
	enum digest_alg bank;
	uint32_t mask;
	int result;
	uint64_t release;
} finds[] = {
	{ "its values", 1, 5, DIGEST_SHA256, pcr_4 | pcr_14, 0, 0 },
	{ "the latest release", 1, 6, DIGEST_SHA256, pcr_4 | pcr_14, 0, 9 },
	{ "other values", 1, 7, DIGEST_SHA256, pcr_4 | pcr_14, -EPERM, 0 },
	{ "other PCRs", 1, 5, DIGEST_SHA256, pcr_14, -ENODATA, 0 },
	{ "another bank", 1, 5, DIGEST_SHA384, pcr_4 | pcr_14, -ENODATA, 0 },
	{ "another key", 3, 5, DIGEST_SHA256, pcr_4 | pcr_14, -ENOKEY, 0 },
	{ "values of another key", 2, 5, DIGEST_SHA256, pcr_4 | pcr_14, -EPERM,
	  0 },
};

static void finds_the_entry(void **state)
{
	const struct find_case *c = *state;
	own_signatures struct signatures s = { 0 };
	struct pcr_values values = { .bank = c->bank, .mask = c->mask };
	struct release_key key = { 0 };
	struct policy present = { 0 };
	struct signature_wanted wanted = { c->bank, c->mask, &key, &present };
	const struct signature *found = NULL;

	add(&s, 1, 5, 0);
	add(&s, 1, 6, 3);
	add(&s, 1, 6, 9);
	add(&s, 1, 6, 4);
	add(&s, 2, 8, 0);
	memset(key.fingerprint, c->key, sizeof(key.fingerprint));
	memset(values.value, c->byte, sizeof(values.value));
	assert_int_equal(policy_add_pcrs(&present, &values), 0);
	assert_int_equal(signatures_find(&s, &wanted, &found), c->result);
	if (c->result == 0)
		assert_int_equal(found->release, c->release);
	else
		assert_null(found);
}

/* By the nearest approved state; a hint that is not true counts nothing. */
static void says_which_pcrs_differ(void **state)
{
	own_signatures struct signatures s = { 0 };
	struct release_key key = { 0 };
	struct pcr_values present = { .bank = DIGEST_SHA256,
				      .mask = pcr_4 | pcr_14 };
	struct signature_wanted wanted = { DIGEST_SHA256, pcr_4 | pcr_14, &key,
					   NULL };

	(void)state;
	memset(key.fingerprint, 1, sizeof(key.fingerprint));
	memset(present.value, 5, sizeof(present.value));
	present.value[14][31] = 6;
	assert_int_equal(signatures_differ(&s, &wanted, &present), 0);
	add(&s, 1, 7, 0);
	assert_int_equal(signatures_differ(&s, &wanted, &present),
			 pcr_4 | pcr_14);
	add(&s, 1, 5, 2);
	assert_int_equal(signatures_differ(&s, &wanted, &present), pcr_14);
	s.entry[1].values.value[4][0] ^= 1;
	assert_int_equal(signatures_differ(&s, &wanted, &present),
			 pcr_4 | pcr_14);
	s.entry[0].values.mask = 0;
	assert_int_equal(signatures_differ(&s, &wanted, &present), 0);
}

static void reads_what_it_writes(void **state)
{
	own_signatures struct signatures s = { 0 };
	own_signatures struct signatures again = { 0 };
	own_bytes struct bytes text = { 0 };
	struct fail f = { 0 };

	(void)state;
	add(&s, 1, 5, 0);
	add(&s, 2, 6, 7);
	assert_int_equal(signatures_write(&s, &text), 0);
	assert_ok(signatures_parse((const char *)text.data, &again, &f), &f);
	assert_int_equal(again.n, s.n);
	for (size_t i = 0; i < s.n; i++) {
		struct signature a = s.entry[i];
		struct signature b = again.entry[i];

		assert_int_equal(a.sig.len, b.sig.len);
		assert_memory_equal(a.sig.data, b.sig.data, a.sig.len);
		assert_memory_equal(a.fingerprint, b.fingerprint, 32);
		assert_memory_equal(&a.policy, &b.policy, sizeof(a.policy));
		assert_int_equal(a.release, b.release);
		assert_int_equal(a.mask, b.mask);
		assert_int_equal(b.values.mask, a.mask);
		assert_memory_equal(a.values.value[14], b.values.value[14], 32);
	}
}

int main(void)
{
	const struct table tables[] = {
		TABLE(parses_json, parses),
		CASE(parses_no_more_than_its_maximum),
		TABLE(finds_the_entry, finds),
		CASE(says_which_pcrs_differ),
		CASE(reads_what_it_writes),
	};

	return table_run(tables, array_size(tables));
}
