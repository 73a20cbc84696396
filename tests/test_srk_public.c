// SPDX-License-Identifier: MIT
/* Public areas that are no storage root key to seal for. */
#include <stdbool.h>
#include <string.h>

#include "tests/table.h"

#include "lib/own.h"
#include "seal/object/offline.h"
#include "seal/object/seed.h"
#include "tests/line.h"

enum { ecc_attributes = 0x00030472, file_max = 1024 };

/* What the fields hold; the rest of the area depends on the type. */
static const struct area_case {
	const char *name;
	uint32_t type;
	uint32_t name_alg;
	uint32_t attributes;
	uint32_t key_bits; /* AES */
	uint32_t mode;
	uint32_t scheme;
	uint32_t curve; /* or RSA bits */
	uint32_t kdf;	/* or RSA exponent */
	size_t x_len;	/* or of the modulus */
	const char *why;
} areas[] = {
#define ECC 0x23, 0x0b, ecc_attributes
#define CFB 128, 0x43, 0x10
	{ "ECC", ECC, CFB, 3, 0x10, 32, NULL },
	{ "ECC without noDA", 0x23, 0x0b, 0x00030072, CFB, 3, 0x10, 32, NULL },
	{ "ECC, a short x", ECC, CFB, 3, 0x10, 31, NULL },
	{ "RSA", 1, 0x0b, ecc_attributes, CFB, 2048, 0, 256, NULL },
	{ "RSA, 65537", 1, 0x0b, ecc_attributes, CFB, 2048, 65537, 256, NULL },
#define NO_SRK "it is not a storage root key"
	{ "a signing key", 0x23, 0x0b, 0x00050072, CFB, 3, 0x10, 32, NO_SRK },
	{ "signs as well", 0x23, 0x0b, 0x00070472, CFB, 3, 0x10, 32, NO_SRK },
	{ "not restricted", 0x23, 0x0b, 0x00020472, CFB, 3, 0x10, 32, NO_SRK },
	{ "for no decryption", 0x23, 0x0b, 0x00010472, CFB, 3, 0x10, 32,
	  NO_SRK },
	{ "not fixed to the TPM", 0x23, 0x0b, 0x00030470, CFB, 3, 0x10, 32,
	  NO_SRK },
	{ "not fixed to the parent", 0x23, 0x0b, 0x00030462, CFB, 3, 0x10, 32,
	  NO_SRK },
	{ "made elsewhere", 0x23, 0x0b, 0x00030452, CFB, 3, 0x10, 32, NO_SRK },
	{ "for a policy only", 0x23, 0x0b, 0x00030432, CFB, 3, 0x10, 32,
	  NO_SRK },
#define NEITHER "it is neither RSA-2048 nor P-256 with SHA-256 and AES-128-CFB"
	{ "P-384", ECC, CFB, 4, 0x10, 48, NEITHER },
	{ "P-256, a long x", ECC, CFB, 3, 0x10, 33, NEITHER },
	{ "P-256, no x", ECC, CFB, 3, 0x10, 0, NEITHER },
	{ "another KDF", ECC, CFB, 3, 0x22, 32, NEITHER },
	{ "SHA-384", 0x23, 0x0c, ecc_attributes, CFB, 3, 0x10, 32, NEITHER },
	{ "AES-256", ECC, 256, 0x43, 0x10, 3, 0x10, 32, NEITHER },
	{ "AES-CBC", ECC, 128, 0x42, 0x10, 3, 0x10, 32, NEITHER },
	{ "with a scheme", ECC, 128, 0x43, 0x18, 3, 0x10, 32, NEITHER },
	{ "a symmetric key", 0x25, 0x0b, ecc_attributes, CFB, 3, 0x10, 32,
	  NEITHER },
	{ "RSA-3072", 1, 0x0b, ecc_attributes, CFB, 3072, 0, 384, NEITHER },
	{ "RSA, another exponent", 1, 0x0b, ecc_attributes, CFB, 2048, 3, 256,
	  NEITHER },
	{ "RSA, a short modulus", 1, 0x0b, ecc_attributes, CFB, 2048, 0, 255,
	  NEITHER },
};

static void make_file(const struct area_case *c, struct marshal *file)
{
	static const uint8_t number[512] = { 0x80, 1, 2 };
	uint8_t data[file_max];
	struct marshal area = { data, sizeof(data), 0, false };

	marshal_number(&area, 2, c->type);
	marshal_number(&area, 2, c->name_alg);
	marshal_number(&area, 4, c->attributes);
	marshal_number(&area, 2, 0); /* no policy */
	marshal_number(&area, 2, 6); /* AES */
	marshal_number(&area, 2, c->key_bits);
	marshal_number(&area, 2, c->mode);
	marshal_number(&area, 2, c->scheme);
	marshal_number(&area, 2, c->curve);
	marshal_number(&area, c->type == 1 ? 4 : 2, c->kdf);
	marshal_sized(&area, number, c->x_len);
	if (c->type != 1)
		marshal_sized(&area, number, 32);
	marshal_sized(file, area.data, area.len);
	assert_false(area.failed || file->failed);
}

static void judges_area(void **state)
{
	const struct area_case *c = *state;
	uint8_t data[file_max];
	struct marshal m = { data, sizeof(data), 0, false };
	struct srk_public srk = { 0 };
	struct srk_record record;
	struct fail f = { 0 };
	struct bytes file;
	char line[fail_line_max];

	make_file(c, &m);
	file = (struct bytes){ data, m.len };
	(void)snprintf(line, sizeof(line),
		       "cannot use the storage root key: %s; export it with "
		       "cvmctl srk",
		       c->why);
	if (c->why) {
		assert_refusal(srk_public_parse(&file, &srk, &f), &f, line);
		assert_null(srk.key.area.at);
		return;
	}
	assert_ok(srk_public_parse(&file, &srk, &f), &f);
	assert_int_equal(srk.key.type, c->type);
	{
		own_bytes struct bytes b = { 0 };

		/* its name is computed anew there */
		assert_int_equal(srk_public_record(&srk, &b), 0);
		assert_int_equal(srk_record_parse(&b, &record), 0);
		assert_memory_equal(record.name, srk.key.name, tpm_name_size);
		assert_int_equal(record.type, c->type);
	}
}

static void refuses_every_cut(void **state)
{
	uint8_t data[file_max] = { 0 };
	struct marshal m = { data, sizeof(data), 0, false };

	(void)state;
	make_file(&areas[0], &m);
	for (size_t len = 0; len < m.len + 3; len++) {
		uint8_t *exact = malloc(len ? len : 1);
		const struct bytes file = { exact, len };
		struct srk_public srk;
		struct fail f = { 0 };

		assert_non_null(exact);
		memcpy(exact, data, len);
		if (len == m.len)
			assert_ok(srk_public_parse(&file, &srk, &f), &f);
		else
			assert_refusal(srk_public_parse(&file, &srk, &f), &f,
				       "cannot use the storage root key: it is "
				       "not one TPM2B_PUBLIC; export it with "
				       "cvmctl srk");
		free(exact);
	}
}

static void refuses_parts_cut_short(void **state)
{
	static const uint8_t attributes[] = { 0, 6, 0, 0x23, 0, 0x0b, 0, 3 };
	const struct bytes file = { (uint8_t *)(uintptr_t)attributes,
				    sizeof(attributes) };
	struct srk_public srk;
	struct fail f = { 0 };

	(void)state;
	assert_refusal(srk_public_parse(&file, &srk, &f), &f,
		       "cannot use the storage root key: it is not the public "
		       "area of a key; export it with cvmctl srk");
}

/* A maximum of bytes is read, more than any key has. */
static void bounds_the_file(void **state)
{
	static uint8_t data[srk_public_max + 1] = {
		(srk_public_max - 1) >> 8, (srk_public_max - 1) & 0xff
	};
	const struct bytes file = { data, sizeof(data) };
	struct srk_public srk;
	struct fail f = { 0 };

	(void)state;
	assert_refusal(srk_public_parse(&file, &srk, &f), &f,
		       "cannot use the storage root key: it is not one "
		       "TPM2B_PUBLIC; export it with cvmctl srk");
}

/* A seed for it would say something of our own key: OpenSSL looks. */
static void refuses_a_point_off_the_curve(void **state)
{
	uint8_t data[file_max];
	struct marshal m = { data, sizeof(data), 0, false };
	own_secret struct secret seed = { 0 };
	own_bytes struct bytes encrypted = { 0 };
	struct srk_public srk;
	struct fail f = { 0 };

	(void)state;
	make_file(&areas[0], &m);
	assert_ok(srk_public_parse(&(struct bytes){ data, m.len }, &srk, &f),
		  &f);
	assert_refusal(seed_make(&srk, SEED_IMPORT, &seed, &encrypted, &f), &f,
		       "cannot make a seed for the storage root key: its point "
		       "is not on the curve; export it with cvmctl srk");
	assert_null(seed.data);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(judges_area, areas),	     CASE(refuses_every_cut),
		CASE(refuses_parts_cut_short),	     CASE(bounds_the_file),
		CASE(refuses_a_point_off_the_curve),
	};

	return table_run(tables, array_size(tables));
}
