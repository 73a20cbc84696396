// SPDX-License-Identifier: MIT
/* Which PCR values release a key: the policy's own, and no others. */
#include <errno.h>
#include <string.h>

#include "tests/table.h"

#include "lib/own.h"
#include "seal/sealed-key.h"

enum { pcr_4 = 1U << 4, pcr_9 = 1U << 9, pcr_14 = 1U << 14 };

/* Each PCR holds its number and a byte that a row may change. */
static void fill(uint32_t mask, enum digest_alg bank, struct pcr_values *ret)
{
	*ret = (struct pcr_values){ .bank = bank, .mask = mask };
	for (unsigned i = 0; i < pcr_count; i++)
		memset(ret->value[i], (int)i, digest_size(bank));
}

static const struct policy_case {
	const char *name;
	uint32_t sealed;
	uint32_t present;
	unsigned changed; /* PCR whose last byte is another now */
	enum digest_alg bank;
	int result;
} policies[] = {
	{ "the same values", pcr_14, pcr_14, 0, DIGEST_SHA256, 0 },
	{ "several PCRs", pcr_4 | pcr_14, pcr_4 | pcr_14, 0, DIGEST_SHA256, 0 },
	{ "more PCRs than asked for", pcr_14, pcr_4 | pcr_14, 4, DIGEST_SHA256,
	  0 },
	{ "another value", pcr_14, pcr_14, 14, DIGEST_SHA256, -EPERM },
	{ "one of two values", pcr_4 | pcr_14, pcr_4 | pcr_14, 4, DIGEST_SHA256,
	  -EPERM },
	{ "a PCR that is not there", pcr_4 | pcr_14, pcr_9 | pcr_14, 0,
	  DIGEST_SHA256, -EINVAL },
	{ "no PCR is there", pcr_14, 0, 0, DIGEST_SHA256, -EINVAL },
	{ "sealed under none", 0, pcr_14, 0, DIGEST_SHA256, -EINVAL },
	{ "another bank", pcr_14, pcr_14, 0, DIGEST_SHA384, -EINVAL },
};

static void checks_pcrs(void **state)
{
	const struct policy_case *c = *state;
	struct sealed_key key = { .pcr_mask = c->sealed,
				  .bank = DIGEST_SHA256 };
	struct pcr_values values;

	fill(c->sealed, DIGEST_SHA256, &values);
	assert_int_equal(pcr_policy_digest(&values, key.policy_digest), 0);
	fill(c->present, c->bank, &values);
	values.value[c->changed][digest_size(c->bank) - 1] ^=
		c->changed ? 1 : 0;
	assert_int_equal(sealed_key_check_pcrs(&key, &values), c->result);
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
	const struct table tables[] = { TABLE(checks_pcrs, policies),
					CASE(taking_empties) };

	return table_run(tables, array_size(tables));
}
