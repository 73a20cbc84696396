// SPDX-License-Identifier: MIT
/*
 * EFI programs, cut off and spoiled in every field, and their Authenticode
 * hash. Those of real kernels are compared in qemu-test/test_chain.py.
 */
#include <errno.h>
#include <string.h>

#include "tests/table.h"

#include "cvmctl/predict/pe.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "tests/efi.h"

static const struct efi_section two[] = { { ".text", "code", 4 },
					  { ".data", "some data", 9 },
					  { 0 } };

enum { two_headers = 512, two_len = 512 + 2 * 512 };

static void reads(void **state)
{
	own_bytes struct bytes b = efi_make(two);
	struct pe pe;

	(void)state;
	assert_int_equal(b.len, two_len);
	assert_int_equal(pe_read(b.data, b.len, &pe), 0);
	assert_int_equal(pe.headers_size, two_headers);
	assert_int_equal(pe.checksum_at, efi_checksum_at);
	assert_int_equal(pe.certificates_at, efi_certificates_at);
	assert_int_equal(pe.certificates_size, 0);
	assert_int_equal(pe.sections, 2);
	assert_string_equal(pe.section[1].name, ".data");
	assert_int_equal(pe.section[1].address, 2 * efi_memory_align);
	assert_int_equal(pe.section[1].memory_size, 9);
	assert_int_equal(pe.section[1].file_offset, 1024);
	assert_int_equal(pe.section[1].file_size, 512);
}

/* In memory of exactly that size, so that ASan sees a byte too far. */
static void refuses_every_truncation(void **state)
{
	own_bytes struct bytes b = efi_make(two);

	(void)state;
	for (size_t len = 0; len < b.len; len++) {
		own_free uint8_t *exact = malloc(len ? len : 1);
		struct pe pe = { .sections = 7 };

		memcpy(exact, b.data, len);
		assert_int_equal(pe_read(exact, len, &pe), -EINVAL);
		assert_int_equal(pe.sections, 7);
	}
}

enum { row_1 = efi_table_at, row_2 = efi_table_at + efi_row_size };

static const struct field {
	const char *name;
	size_t at;
	unsigned size;
	uint64_t value;
	int want;
} fields[] = {
	{ "no MZ", 0, 1, 'm', -EINVAL },
	{ "no PE", efi_pe_at + 2, 1, 1, -EINVAL },
	{ "header at the end", 0x3c, 4, two_len - 24, -EINVAL },
	{ "header past the end", 0x3c, 4, two_len, -EINVAL },
	{ "header far away", 0x3c, 4, UINT32_MAX, -EINVAL },
	{ "32 bits", efi_pe_at + 4, 2, 0x14c, -EINVAL },
	{ "PE32", efi_optional_at, 2, 0x10b, -EINVAL },
	{ "no optional header", efi_pe_at + 20, 2, 0, -EINVAL },
	{ "short optional header", efi_pe_at + 20, 2, 111, -EINVAL },
	{ "large optional header", efi_pe_at + 20, 2, 0xffff, -EINVAL },
	{ "17 directories", efi_optional_at + 108, 4, 17, -EINVAL },
	{ "many directories", efi_optional_at + 108, 4, UINT32_MAX, -EINVAL },
	{ "four directories", efi_optional_at + 108, 4, 4, 0 },
	{ "no sections", efi_pe_at + 6, 2, 0, 0 },
	{ "more sections than headers", efi_pe_at + 6, 2, 5, -EINVAL },
	{ "97 sections", efi_pe_at + 6, 2, 97, -EINVAL },
	{ "most sections", efi_pe_at + 6, 2, 0xffff, -EINVAL },
	{ "headers end in the table", efi_optional_at + 60, 4, row_2 + 39,
	  -EINVAL },
	{ "headers end with the table", efi_optional_at + 60, 4, row_2 + 40,
	  0 },
	{ "headers past a section", efi_optional_at + 60, 4, 513, -EINVAL },
	{ "headers past the end", efi_optional_at + 60, 4, two_len + 1,
	  -EINVAL },
	{ "section past the end", row_2 + 20, 4, 1025, -EINVAL },
	{ "section far away", row_2 + 20, 4, UINT32_MAX, -EINVAL },
	{ "large section", row_2 + 16, 4, 513, -EINVAL },
	{ "largest section", row_2 + 16, 4, UINT32_MAX, -EINVAL },
	{ "section without data", row_2 + 16, 4, 0, 0 },
	{ "the same data twice", row_2 + 20, 4, 512, -EINVAL },
	{ "one byte twice", row_2 + 20, 4, 1023, -EINVAL },
};

static void judges_each_field(void **state)
{
	const struct field *c = *state;
	own_bytes struct bytes b = efi_make(two);
	struct pe pe;

	efi_put(&b, c->at, c->size, c->value);
	assert_int_equal(pe_read(b.data, b.len, &pe), c->want);
}

static void takes_96_sections(void **state)
{
	struct efi_section many[98] = { { 0 } };
	struct pe pe;

	(void)state;
	for (size_t n = 96; n <= 97; n++) {
		own_bytes struct bytes b = { 0 };

		for (size_t i = 0; i < n; i++)
			many[i] = (struct efi_section){ ".x", "x", 1 };
		b = efi_make(many);
		assert_int_equal(pe_read(b.data, b.len, &pe),
				 n == 96 ? 0 : -EINVAL);
		assert_int_equal(pe.sections, 96);
	}
}

static void hash(const struct bytes *b, char hex[static 65])
{
	struct digest_set digest;
	struct pe pe;

	assert_int_equal(pe_read(b->data, b->len, &pe), 0);
	assert_int_equal(pe_authenticode(&pe, 1U << DIGEST_SHA256, &digest), 0);
	hex_encode(digest.value[DIGEST_SHA256], 32, hex);
}

/* The hash of these pieces of the file. */
static void hash_pieces(const struct bytes *b, const size_t (*pieces)[2],
			size_t n, char hex[static 65])
{
	struct digest_span spans[8];
	struct digest_set digest;

	for (size_t i = 0; i < n; i++)
		spans[i] = (struct digest_span){ b->data + pieces[i][0],
						 pieces[i][1] - pieces[i][0] };
	assert_int_equal(digest_spans(1U << DIGEST_SHA256, spans, n, &digest),
			 0);
	hex_encode(digest.value[DIGEST_SHA256], 32, hex);
}

/* What osslsigncode 2.9 says of this very file. */
static const char two_hash[] =
	"bd6fcf3630529966ce73e97a8f23fad0d48cc5c7fd8db0e4b0bae88e281098f6";

static void hashes_as_others_do(void **state)
{
	own_bytes struct bytes b = efi_make(two);
	char hex[65];

	(void)state;
	hash(&b, hex);
	assert_string_equal(hex, two_hash);
}

/* A signature changes three places, and none of them counts. */
static void leaves_out_signatures(void **state)
{
	own_bytes struct bytes b = efi_make(two);
	char hex[65];

	(void)state;
	efi_put(&b, efi_checksum_at, 4, 0x12345678);
	efi_put(&b, efi_certificates_at, 4, b.len);
	efi_put(&b, efi_certificates_at + 4, 4, 24);
	efi_append(&b, "a certificate of 24 byte", 24);
	hash(&b, hex);
	assert_string_equal(hex, two_hash);
}

static void every_other_byte_counts(void **state)
{
	own_bytes struct bytes b = efi_make(two);
	char hex[65];

	(void)state;
	for (size_t i = efi_optional_size; i < b.len; i += 97) {
		if (i - efi_checksum_at < 4 || i - efi_certificates_at < 8 ||
		    (i >= efi_table_at && i < row_2 + efi_row_size))
			continue;
		b.data[i] ^= 1;
		hash(&b, hex);
		assert_string_not_equal(hex, two_hash);
		b.data[i] ^= 1;
	}
}

static void counts_bytes_at_the_end(void **state)
{
	static const size_t pieces[][2] = {
		{ 0, efi_checksum_at },
		{ efi_checksum_at + 4, efi_certificates_at },
		{ efi_certificates_at + 8, two_len + 5 },
	};
	own_bytes struct bytes b = efi_make(two);
	char want[65];
	char hex[65];

	(void)state;
	efi_append(&b, "more!", 5);
	hash(&b, hex);
	hash_pieces(&b, pieces, array_size(pieces), want);
	assert_string_equal(hex, want);
	assert_string_not_equal(hex, two_hash);
}

/* In the order of the file, whatever the order of the table. */
static void follows_the_file(void **state)
{
	static const size_t pieces[][2] = {
		{ 0, efi_checksum_at },
		{ efi_checksum_at + 4, efi_certificates_at },
		{ efi_certificates_at + 8, two_len },
	};
	own_bytes struct bytes b = efi_make(two);
	char want[65];
	char hex[65];

	(void)state;
	efi_put(&b, row_1 + 20, 4, 1024);
	efi_put(&b, row_2 + 20, 4, 512);
	hash(&b, hex);
	hash_pieces(&b, pieces, array_size(pieces), want);
	assert_string_equal(hex, want);
}

/* With a gap of 256 bytes EDK2 hashes as many at the end once more. */
static void counts_gaps_as_edk2_does(void **state)
{
	static const size_t pieces[][2] = {
		{ 0, efi_checksum_at },
		{ efi_checksum_at + 4, efi_certificates_at },
		{ efi_certificates_at + 8, two_headers },
		{ 512, 768 },
		{ 1024, 1536 },
		{ 1280, 1536 },
	};
	own_bytes struct bytes b = efi_make(two);
	char want[65];
	char hex[65];

	(void)state;
	efi_put(&b, row_1 + 16, 4, 256);
	hash(&b, hex);
	hash_pieces(&b, pieces, array_size(pieces), want);
	assert_string_equal(hex, want);
}

static void without_a_directory_of_certificates(void **state)
{
	static const size_t pieces[][2] = {
		{ 0, efi_checksum_at },
		{ efi_checksum_at + 4, two_len },
	};
	own_bytes struct bytes b = efi_make(two);
	char want[65];
	char hex[65];

	(void)state;
	efi_put(&b, efi_optional_at + 108, 4, 4);
	efi_put(&b, efi_certificates_at + 4, 4, 24);
	hash(&b, hex);
	hash_pieces(&b, pieces, array_size(pieces), want);
	assert_string_equal(hex, want);
}

static void refuses_more_certificates_than_file(void **state)
{
	static const uint32_t sizes[] = { 1, 1024, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < array_size(sizes); i++) {
		own_bytes struct bytes b = efi_make(two);
		struct digest_set digest;
		struct pe pe;

		efi_put(&b, efi_certificates_at + 4, 4, sizes[i]);
		assert_int_equal(pe_read(b.data, b.len, &pe), 0);
		assert_int_equal(pe_authenticode(&pe, 1U << DIGEST_SHA256,
						 &digest),
				 -EINVAL);
	}
}

int main(void)
{
	const struct table tables[] = {
		CASE(reads),
		CASE(refuses_every_truncation),
		TABLE(judges_each_field, fields),
		CASE(takes_96_sections),
		CASE(hashes_as_others_do),
		CASE(leaves_out_signatures),
		CASE(every_other_byte_counts),
		CASE(counts_bytes_at_the_end),
		CASE(follows_the_file),
		CASE(counts_gaps_as_edk2_does),
		CASE(without_a_directory_of_certificates),
		CASE(refuses_more_certificates_than_file),
	};

	return table_run(tables, array_size(tables));
}
