// SPDX-License-Identifier: MIT
/*
 * See pcr.h. Pure: init measures by it and cvmctl predicts by it, so a
 * mistake here would show as a PCR that differs from the TPM's own.
 */
#include "seal/object/pcr.h"

#include <errno.h>
#include <string.h>

#include "lib/own.h"

static const struct {
	enum digest_alg bank;
	uint16_t tpm_alg;
} banks[] = {
	/* TCG Part 2, 6.3, table 9 */
	{ DIGEST_SHA1, 0x0004 },
	{ DIGEST_SHA256, 0x000b },
	{ DIGEST_SHA384, 0x000c },
	{ DIGEST_SHA512, 0x000d },
};

uint16_t pcr_bank_tpm_alg(enum digest_alg bank)
{
	for (size_t i = 0; i < array_size(banks); i++)
		if (banks[i].bank == bank)
			return banks[i].tpm_alg;
	return 0x0010; /* TPM_ALG_NULL: no TPM has such a bank */
}

int pcr_bank_from_tpm_alg(uint16_t tpm_alg)
{
	for (size_t i = 0; i < array_size(banks); i++)
		if (banks[i].tpm_alg == tpm_alg)
			return (int)banks[i].bank;
	return -EINVAL;
}

int pcr_extend_value(struct digest_set *value, const struct digest_set *digest)
{
	struct digest_set extended = *value;

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		int r;

		if (!(value->algs & digest->algs & 1U << a))
			continue;
		r = digest_pair(a, value->value[a], digest_size(a),
				digest->value[a], digest_size(a),
				extended.value[a]);
		if (r < 0)
			return r;
	}
	*value = extended;
	return 0;
}

void pcr_start_value(digest_algs algs, struct digest_set *ret)
{
	*ret = (struct digest_set){ .algs = algs };
}

void pcr_list_write(uint32_t mask, struct text *ret)
{
	const char *separator = "";

	for (unsigned i = 0; i < pcr_count; i++) {
		if (!(mask & 1U << i))
			continue;
		text_add(ret, "%s%u", separator, i);
		separator = ",";
	}
}

void pcr_names_write(uint32_t mask, struct text *ret)
{
	int left = __builtin_popcount(mask);
	const char *separator = left > 1 ? "s " : " ";

	text_add(ret, left ? "PCR" : "no PCR");
	for (unsigned i = 0; i < pcr_count; i++) {
		if (!(mask & 1U << i))
			continue;
		text_add(ret, "%s%u", separator, i);
		separator = --left > 1 ? ", " : " and ";
	}
}

static void put_be16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

void pcr_selection_marshal(enum digest_alg bank, uint32_t mask,
			   uint8_t ret[static pcr_selection_size])
{
	put_be16(ret, 0);
	put_be16(ret + 2, 1); /* one bank, so the count's upper half is 0 */
	put_be16(ret + 4, pcr_bank_tpm_alg(bank));
	ret[6] = pcr_count / 8;
	ret[7] = (uint8_t)mask;
	ret[8] = (uint8_t)(mask >> 8);
	ret[9] = (uint8_t)(mask >> 16);
}
