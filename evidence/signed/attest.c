// SPDX-License-Identifier: MIT
/* See attest.h. Pure; all of it may be made up by the host. */
#include "evidence/signed/attest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "lib/text.h"

enum {
	generated = (int)0xff544347U, /* TPM_GENERATED_VALUE: TCG Part 2, 6.2 */
	/* clock 8, resetCount 4, restartCount 4, safe 1, firmwareVersion 8 */
	clock_size = 25,
};

static int skip(struct unmarshal *u, size_t len)
{
	if (u->len < len)
		return -EINVAL;
	u->at += len;
	u->len -= len;
	return 0;
}

/* The bits of one bank. PCRs above 23 are none that we know. */
static int read_mask(struct unmarshal *u, uint32_t *ret)
{
	uint32_t size;
	uint32_t mask = 0;

	if (unmarshal_number(u, 1, &size) < 0 || u->len < size)
		return -EINVAL;
	for (size_t i = 0; i < size; i++) {
		if (i >= pcr_count / 8 && u->at[i])
			return -EINVAL;
		if (i < pcr_count / 8)
			mask |= (uint32_t)u->at[i] << 8 * i;
	}
	*ret = mask;
	return skip(u, size);
}

static int read_selection(struct unmarshal *u, struct attest *a)
{
	uint32_t count;
	unsigned seen = 0;

	if (unmarshal_number(u, 4, &count) < 0 || count > attest_banks_max)
		return -EINVAL;
	for (; a->banks < count; a->banks++) {
		uint32_t alg;
		int bank;

		if (unmarshal_number(u, 2, &alg) < 0 ||
		    read_mask(u, &a->mask[a->banks]) < 0)
			return -EINVAL;
		bank = pcr_bank_from_tpm_alg((uint16_t)alg);
		if (bank < 0 || seen & 1U << bank)
			return -EINVAL;
		seen |= 1U << bank;
		a->bank[a->banks] = (enum digest_alg)bank;
	}
	return 0;
}

static int read_body(struct unmarshal *u, struct attest *a)
{
	struct unmarshal qualified;

	if (a->type == ATTEST_QUOTE)
		return read_selection(u, a) < 0
			       ? -EINVAL
			       : unmarshal_sized(u, &a->pcr_digest);
	return unmarshal_sized(u, &a->name) < 0
		       ? -EINVAL
		       : unmarshal_sized(u, &qualified);
}

int attest_read(const struct bytes *b, enum attest_type type,
		struct attest *ret, struct fail *f)
{
	struct unmarshal u = { b->data, b->len };
	struct attest a = { .type = type };
	uint32_t magic;

	if (b->len > attest_max || unmarshal_number(&u, 4, &magic) < 0)
		return fail_reason(f, "it is no TPMS_ATTEST");
	if (magic != (uint32_t)generated)
		return fail_reason(f, "it was not made by a TPM: another magic "
				      "number");
	if (unmarshal_expect(&u, 2, type) < 0)
		return fail_reason(f, "it is of another type");
	if (unmarshal_sized(&u, &a.signer) < 0 ||
	    unmarshal_sized(&u, &a.nonce) < 0 || skip(&u, clock_size) < 0 ||
	    read_body(&u, &a) < 0 || u.len)
		return fail_reason(f, "it is no TPMS_ATTEST over banks that "
				      "are known");
	*ret = a;
	return 0;
}

static void add_values(struct text *t, enum digest_alg bank, uint32_t mask,
		       const struct pcr_values *values)
{
	for (unsigned i = 0; i < pcr_count; i++)
		if (mask & 1U << i)
			text_add_bytes(t, values->value[i], digest_size(bank));
}

int attest_check_pcrs(const struct attest *quote, enum digest_alg alg,
		      const struct pcr_values values[static DIGEST_ALG_COUNT],
		      struct fail *f)
{
	own_text struct text all = { 0 };
	uint32_t quoted[DIGEST_ALG_COUNT] = { 0 };
	struct digest_set digest;
	int r;

	for (size_t i = 0; i < quote->banks; i++) {
		enum digest_alg bank = quote->bank[i];

		quoted[bank] = quote->mask[i];
		add_values(&all, bank, quoted[bank], &values[bank]);
	}
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (quoted[a] != values[a].mask)
			return fail_reason(f,
					   "it is over other PCRs of bank "
					   "%s than those that are given",
					   digest_name(a));
	if (text_failed(&all))
		return -ENOMEM;
	r = digest_data(1U << alg, all.s, all.len, &digest);
	if (r < 0)
		return r;
	if (quote->pcr_digest.len != digest_size(alg) ||
	    CRYPTO_memcmp(quote->pcr_digest.at, digest.value[alg],
			  digest_size(alg)) != 0)
		return fail_reason(f, "the PCR values that are given are not "
				      "those that it is over");
	return 0;
}
