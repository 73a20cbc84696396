// SPDX-License-Identifier: MIT
/* What guards a key, and which PCR keeps it from being released. */
#include <errno.h>
#include <string.h>

#include "tests/table.h"

#include "lib/own.h"
#include "seal/object/sealed-key.h"

enum { pcr_4 = 1U << 4, pcr_9 = 1U << 9, pcr_14 = 1U << 14 };

/* Each PCR holds its number and a byte that a row may change. */
static void fill(uint32_t mask, enum digest_alg bank, struct pcr_values *ret)
{
	*ret = (struct pcr_values){ .bank = bank, .mask = mask };
	for (unsigned i = 0; i < pcr_count; i++)
		memset(ret->value[i], (int)i, digest_size(bank));
}

static const struct differ_case {
	const char *name;
	uint32_t sealed;
	uint32_t present;
	uint32_t changed; /* PCRs whose last byte is another now */
	enum digest_alg bank;
	int result;
} cases[] = {
	{ "none", pcr_14, pcr_14, 0, DIGEST_SHA256, 0 },
	{ "one", pcr_14, pcr_14, pcr_14, DIGEST_SHA256, 0 },
	{ "one of several", pcr_4 | pcr_14, pcr_4 | pcr_14, pcr_4,
	  DIGEST_SHA256, 0 },
	{ "all of several", pcr_4 | pcr_14, pcr_4 | pcr_14, pcr_4 | pcr_14,
	  DIGEST_SHA256, 0 },
	{ "a PCR that is not there", pcr_4 | pcr_14, pcr_9 | pcr_14, 0,
	  DIGEST_SHA256, -EINVAL },
	{ "another bank", pcr_14, pcr_14, 0, DIGEST_SHA384, -EINVAL },
};

static void says_which_pcrs_differ(void **state)
{
	const struct differ_case *c = *state;
	own_sealed_key struct sealed_key key = { 0 };
	struct seal_policy policy = { 0 };
	struct pcr_values present;
	uint32_t differ = 0;

	fill(c->sealed, DIGEST_SHA256, &policy.pcrs);
	assert_int_equal(sealed_key_begin(&policy, &key), 0);
	fill(c->present, c->bank, &present);
	for (unsigned i = 0; i < pcr_count; i++)
		if (c->changed & 1U << i)
			present.value[i][digest_size(c->bank) - 1] ^= 1;
	assert_int_equal(sealed_key_differs(&key, &present, &differ),
			 c->result);
	if (c->result == 0)
		assert_int_equal(differ, c->changed);
}

/* The host may write into a token what it likes: only true values count. */
static void believes_no_token(void **state)
{
	own_sealed_key struct sealed_key key = { 0 };
	struct seal_policy policy = { 0 };
	uint32_t differ = 0;

	(void)state;
	fill(pcr_4 | pcr_14, DIGEST_SHA256, &policy.pcrs);
	assert_int_equal(sealed_key_begin(&policy, &key), 0);
	key.expected.value[4][0] ^= 1;
	assert_int_equal(sealed_key_differs(&key, &policy.pcrs, &differ),
			 -ENODATA);
	key.expected.value[4][0] ^= 1;
	key.expected.mask = pcr_14;
	assert_int_equal(sealed_key_differs(&key, &policy.pcrs, &differ),
			 -ENODATA);
	key.expected = (struct pcr_values){ 0 };
	assert_int_equal(sealed_key_differs(&key, &policy.pcrs, &differ),
			 -ENODATA);
}

static void needs_a_guard(void **state)
{
	struct bytes signer = { (uint8_t *)(char[]){ "no key" }, 6 };
	struct seal_policy policy = { .pcrs.bank = DIGEST_SHA256 };
	struct sealed_key key = { 0 };

	(void)state;
	assert_int_equal(sealed_key_begin(&policy, &key), -EINVAL);
	policy.signed_mask = pcr_14; /* by whom? */
	assert_int_equal(sealed_key_begin(&policy, &key), -EINVAL);
	policy.signer = &signer;
	assert_int_equal(sealed_key_begin(&policy, &key), -EINVAL);
	policy.signed_mask = 0;
	policy.pcrs.mask = pcr_14;
	assert_int_equal(sealed_key_begin(&policy, &key), -EINVAL);
	assert_null(key.signer.data);
}

static void taking_empties(void **state)
{
	own_sealed_key struct sealed_key key = { .pcr_mask = pcr_14 };
	own_sealed_key struct sealed_key taken = { 0 };

	(void)state;
	assert_int_equal(bytes_copy("blob", 4, &key.blob), 0);
	taken = take_sealed_key(&key);
	assert_int_equal(taken.pcr_mask, pcr_14);
	assert_memory_equal(taken.blob.data, "blob", 4);
	assert_null(key.blob.data);
	assert_int_equal(key.pcr_mask, 0);
}

int main(void)
{
	const struct table tables[] = { TABLE(says_which_pcrs_differ, cases),
					CASE(believes_no_token),
					CASE(needs_a_guard),
					CASE(taking_empties) };

	return table_run(tables, array_size(tables));
}
