// SPDX-License-Identifier: MIT
/*
 * Quotes of TDX guests: real ones, that Intel's processors have signed, by the
 * root that Intel publishes (tests/vectors/tdx), and what a quote of our own
 * making is refused for. What the judge makes of it: test_judge_td.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "lib/io.h"
#include "tests/td-maker.h"

#define VECTORS "tests/vectors/tdx/"

enum { quote_max = 64 * 1024, in_2025 = 1750000000, in_2026 = 1780000000 };

static struct td_maker maker;

static void read_vector(const char *name, struct bytes *ret)
{
	char path[64];

	(void)snprintf(path, sizeof(path), VECTORS "%s", name);
	assert_int_equal(io_read_file(AT_FDCWD, path, quote_max, ret), 0);
}

static const struct real_case {
	const char *name; /* first: that of the test, and of the file */
	time_t now;
	const char *reason; /* NULL: it is good */
	size_t changed_at;  /* a byte that is another one then, or 0 */
} reals[] = {
	{ "quote-4", in_2025, NULL, 0 },
	{ "quote-4-cos", in_2025, NULL, 0 },
	{ "quote-5", in_2026, NULL, 0 },
	{ "quote-4", 2000000000, "a certificate of its chain is not valid now",
	  0 },
	{ "quote-5", 1500000000, "a certificate of its chain is not valid now",
	  0 },
	{ "quote-4", in_2025, "its signature is not by its attestation key",
	  300 },
	{ "quote-5", in_2026, "its signature is not by its attestation key",
	  50 + 4 + 640 },
	{ "quote-4", in_2025,
	  "its quoting enclave does not vouch for its attestation key", 720 },
	{ "quote-4", in_2025,
	  "the report of its quoting enclave is not signed by its PCK", 800 },
};

static void verifies_reals(void **state)
{
	const struct real_case *c = *state;
	own_bytes struct bytes quote = { 0 };
	own_bytes struct bytes root = { 0 };
	struct td_quote q;
	struct fail f = { 0 };
	int r;

	read_vector(c->name, &quote);
	read_vector("root.pem", &root);
	if (c->changed_at)
		quote.data[c->changed_at] ^= 1;
	assert_int_equal(td_quote_read(&quote, &q, &f), 0);
	r = td_quote_verify(&q, &root, c->now, &f);
	assert_int_equal(r, c->reason ? -EINVAL : 0);
	assert_string_equal(f.reason, c->reason ? c->reason : "");
	assert_null(td_quote_refuse(&q));
}

static void put_number(struct bytes *b, size_t at, uint8_t byte)
{
	assert_true(at < b->len);
	b->data[at] = byte;
}

/* Where what has a size begins in a quote of version 4. */
enum {
	at_body_type = td_header_size, /* of version 5 */
	at_signature_size = td_header_size + td_body_size,
	at_type = at_signature_size + 4 + 2 * td_p256_size,
	at_vouched_size = at_type + 6 + td_enclave_size + td_p256_size,
};

static const struct read_case {
	const char *name;
	size_t at; /* of a byte that is changed, or 0 */
	uint8_t byte;
	bool newer;
	size_t len; /* of what is left, or 0 */
	const char *reason;
} reads[] = {
	{ .name = "version 4", .reason = "" },
	{ .name = "version 5", .newer = true, .reason = "" },
	{ .name = "cut in its header",
	  .len = td_header_size - 1,
	  .reason = "it is cut off in its header" },
	{ .name = "cut in its body",
	  .len = at_signature_size - 1,
	  .reason = "it is cut off in its body" },
	{ .name = "version 3",
	  .at = 1,
	  .byte = 3,
	  .reason = "its version is 772, not 4 or 5" },
	{ .name = "of SGX",
	  .at = 4,
	  .byte = 0,
	  .reason = "it is not a quote of a TDX guest" },
	{ .name = "another key",
	  .at = 2,
	  .byte = 3,
	  .reason = "it is not signed with ECDSA on P-256" },
	{ .name = "a body of another type",
	  .newer = true,
	  .at = at_body_type,
	  .byte = 2,
	  .reason = "its body is of no size that is known" },
	{ .name = "a body of another size",
	  .newer = true,
	  .at = at_body_type + 2,
	  .byte = 0,
	  .reason = "its body is of no size that is known" },
#define DAMAGED                                                       \
	"what it is signed with is damaged, or is not a PCK and its " \
	"certificates"
	{ .name = "no signature", .len = at_signature_size, .reason = DAMAGED },
	{ .name = "a signature cut off",
	  .len = at_signature_size + 4 + 100,
	  .reason = DAMAGED },
	{ .name = "a signature of another size",
	  .at = at_signature_size,
	  .byte = 0xff,
	  .reason = DAMAGED },
	{ .name = "a certification of another type",
	  .at = at_type,
	  .byte = 5,
	  .reason = DAMAGED },
	{ .name = "a certification of another size",
	  .at = at_type + 2,
	  .byte = 0,
	  .reason = DAMAGED },
	{ .name = "an enclave with less to vouch for",
	  .at = at_vouched_size,
	  .byte = 0,
	  .reason = DAMAGED },
	{ .name = "an enclave with more to vouch for",
	  .at = at_vouched_size + 1,
	  .byte = 0xff,
	  .reason = DAMAGED },
};

static void reads_quotes(void **state)
{
	const struct read_case *c = *state;
	own_bytes struct bytes quote = { 0 };
	struct td_parts parts;
	struct td_quote q;
	struct fail f = { 0 };
	int r;

	td_parts_begin(&maker, &parts);
	if (c->newer)
		td_parts_be_newer(&parts);
	td_parts_write(&maker, &parts, &quote);
	if (c->at)
		put_number(&quote, c->at, c->byte);
	if (c->len)
		quote.len = c->len;
	r = td_quote_read(&quote, &q, &f);
	assert_int_equal(r, *c->reason ? -EINVAL : 0);
	assert_string_equal(f.reason, c->reason);
	if (r == 0)
		assert_int_equal(td_quote_verify(&q, &maker.root_pem,
						 time(NULL), &f),
				 0);
}

static void sign_by_other(struct td_parts *p)
{
	p->signer = maker.other;
}

static void sign_enclave_by_other(struct td_parts *p)
{
	p->enclave_signer = maker.other;
}

static void vouch_for_other(struct td_parts *p)
{
	p->enclave[td_enclave_data_at] ^= 1;
}

static void vouch_for_more(struct td_parts *p)
{
	p->enclave[td_enclave_data_at + 32] = 1;
}

static void say_other_data(struct td_parts *p)
{
	p->vouched = "Data of the enclave";
}

static void be_other_maker(struct td_parts *p)
{
	p->enclave[td_signer_at] ^= 1;
}

static void be_other_product(struct td_parts *p)
{
	p->enclave[td_product_at] = 1; /* the quoting enclave of SGX */
}

static void be_debugged(struct td_parts *p)
{
	p->enclave[td_flags_at] |= 2;
}

static void be_old(struct td_parts *p)
{
	p->chain = &maker.old_chain;
}

static void be_no_pck(struct td_parts *p)
{
	p->chain = &maker.plain_chain;
}

static void have_no_ca(struct td_parts *p)
{
	p->chain = &maker.no_ca_chain;
}

static void have_no_issuer(struct td_parts *p)
{
	p->chain = &maker.short_chain;
}

static void have_other_chain(struct td_parts *p)
{
	p->chain = &maker.root_pem;
}

static void have_no_chain(struct td_parts *p)
{
	static const struct bytes none = { 0 };

	p->chain = &none;
}

static const struct verify_case {
	const char *name;
	void (*change)(struct td_parts *p);
	const char *reason;
} verifies[] = {
	{ "signed by another key", sign_by_other,
	  "its signature is not by its attestation key" },
	{ "an enclave that another PCK has signed", sign_enclave_by_other,
	  "the report of its quoting enclave is not signed by its PCK" },
	{ "an enclave that vouches for another key", vouch_for_other,
	  "its quoting enclave does not vouch for its attestation key" },
	{ "an enclave that vouches for more", vouch_for_more,
	  "its quoting enclave does not vouch for its attestation key" },
	{ "other data than the enclave vouches for", say_other_data,
	  "its quoting enclave does not vouch for its attestation key" },
	{ "an enclave of somebody else's", be_other_maker,
	  "its quoting enclave is none of Intel's" },
	{ "another enclave of Intel's", be_other_product,
	  "its quoting enclave is none of Intel's" },
	{ "an enclave with a debugger", be_debugged,
	  "its quoting enclave is none of Intel's" },
	{ "a PCK that is out of date", be_old,
	  "a certificate of its chain is not valid now" },
	{ "a certificate that is no PCK's", be_no_pck,
	  "its CA has not signed its PCK" },
	{ "a CA that is none", have_no_ca,
	  "the root that was given has not signed the CA of its PCK" },
	{ "a PCK alone", have_no_issuer,
	  "there is no certificate of the CA of its PCK" },
	{ "a root alone", have_other_chain,
	  "there is no certificate of the CA of its PCK" },
	{ "no certificates", have_no_chain,
	  "there is no certificate of its PCK" },
};

static void verify_with(const struct verify_case *c, const struct bytes *root)
{
	own_bytes struct bytes quote = { 0 };
	struct td_parts parts;
	struct td_quote q;
	struct fail f = { 0 };

	td_parts_begin(&maker, &parts);
	if (c->change)
		c->change(&parts);
	td_parts_write(&maker, &parts, &quote);
	assert_int_equal(td_quote_read(&quote, &q, &f), 0);
	assert_int_equal(td_quote_verify(&q, root, time(NULL), &f), -EINVAL);
	assert_string_equal(f.reason, c->reason);
}

static void verifies_quotes(void **state)
{
	verify_with(*state, &maker.root_pem);
}

/* The root in the quote is not looked at; the one that is given counts. */
static void goes_by_the_root(void **state)
{
	struct bytes text = { (uint8_t *)(uintptr_t) "-", 1 };
	struct bytes both = { maker.chain.data + maker.short_chain.len,
			      maker.chain.len - maker.short_chain.len };
	const char *second = strstr((const char *)both.data + 1, "-----BEGIN");
	struct bytes ca = { both.data, 0 };
	const struct {
		const struct bytes *root;
		struct verify_case expected;
	} roots[] = {
		{ &maker.other_pem,
		  { .reason = "the root that was given has not signed the CA "
			      "of its PCK" } },
		{ &ca,
		  { .reason = "the root that was given has not signed "
			      "itself" } },
		{ &both, { .reason = "there is no certificate of the root" } },
		{ &text, { .reason = "there is no certificate of the root" } },
	};

	(void)state;
	assert_non_null(second);
	ca.len = (size_t)(second - (const char *)both.data);
	for (size_t i = 0; i < array_size(roots); i++)
		verify_with(&roots[i].expected, roots[i].root);
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(verifies_reals, reals),
		TABLE(reads_quotes, reads),
		TABLE(verifies_quotes, verifies),
		CASE(goes_by_the_root),
	};
	int r;

	td_maker_make(&maker);
	r = table_run(tables, array_size(tables));
	td_maker_free(&maker);
	return r;
}
