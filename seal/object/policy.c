// SPDX-License-Identifier: MIT
/*
 * See policy.h. Pure: cvmctl seals and signs by it, and init compares what
 * a TPM's session holds with it, so a mistake would show as a key that no
 * TPM releases.
 */
#include "seal/object/policy.h"

#include <string.h>

#include "lib/bytes.h"

enum {
	/* TCG Part 2, 6.5.2 */
	cc_policy_nv = 0x0149,
	cc_policy_authorize = 0x016a,
	cc_policy_pcr = 0x017f,
	unsigned_le = 0x0009, /* TPM_EO: TCG Part 2, 6.8 */
	counter_size = 8,
	step_max = 128,
};

/* Big-endian bytes, as a TPM marshals what it hashes. */
struct step {
	uint8_t data[step_max];
	size_t len;
};

static void add_number(struct step *s, size_t size, uint64_t v)
{
	for (size_t i = size; i-- > 0;)
		s->data[s->len++] = (uint8_t)(v >> 8 * i);
}

static void add_bytes(struct step *s, const uint8_t *data, size_t len)
{
	memcpy(s->data + s->len, data, len);
	s->len += len;
}

static int hash(const uint8_t *data, size_t len, uint8_t ret[static 32])
{
	struct digest_set digest;
	int r = digest_data(1U << DIGEST_SHA256, data, len, &digest);

	if (r == 0)
		memcpy(ret, digest.value[DIGEST_SHA256], 32);
	return r;
}

/* digest = H(digest || what is asserted) */
static int extend(struct policy *p, const struct step *s)
{
	return digest_pair(DIGEST_SHA256, p->digest, sizeof(p->digest), s->data,
			   s->len, p->digest);
}

/* H(the selected values, lowest PCR first), whatever the bank's algorithm. */
static int hash_values(const struct pcr_values *values, uint8_t ret[static 32])
{
	uint8_t all[pcr_count * digest_size_max];
	size_t size = digest_size(values->bank);
	size_t len = 0;

	for (unsigned i = 0; i < pcr_count; i++) {
		if (!(values->mask & 1U << i))
			continue;
		memcpy(all + len, values->value[i], size);
		len += size;
	}
	return hash(all, len, ret);
}

int policy_add_pcrs(struct policy *p, const struct pcr_values *values)
{
	uint8_t selection[pcr_selection_size];
	uint8_t present[32];
	struct step s = { 0 };
	int r = hash_values(values, present);

	if (r < 0)
		return r;
	pcr_selection_marshal(values->bank, values->mask, selection);
	add_number(&s, 4, cc_policy_pcr);
	add_bytes(&s, selection, sizeof(selection));
	add_bytes(&s, present, sizeof(present));
	return extend(p, &s);
}

int policy_add_authorize(struct policy *p,
			 const uint8_t key_name[static tpm_name_size])
{
	static const struct step no_reference = { 0 };
	struct policy authorized = { 0 };
	struct step s = { 0 };
	int r;

	add_number(&s, 4, cc_policy_authorize);
	add_bytes(&s, key_name, tpm_name_size);
	r = extend(&authorized, &s);
	if (r == 0)
		r = extend(&authorized, &no_reference);
	if (r == 0)
		*p = authorized;
	return r;
}

void policy_release_operand(uint64_t release, uint8_t ret[static 8])
{
	for (int i = 0; i < 8; i++)
		ret[i] = (uint8_t)(release >> 8 * (7 - i));
}

void policy_release_public(uint8_t ret[static policy_release_public_size])
{
	struct step s = { 0 };

	add_number(&s, 4, policy_release_index);
	add_number(&s, 2, tpm_alg_sha256);
	add_number(&s, 4, policy_release_attributes);
	add_number(&s, 2, 0); /* no authPolicy */
	add_number(&s, 2, counter_size);
	memcpy(ret, s.data, s.len);
}

int policy_add_release(struct policy *p, uint64_t release)
{
	uint8_t public[policy_release_public_size];
	uint8_t args[32];
	uint8_t name[tpm_name_size];
	struct step s = { 0 };
	int r;

	add_number(&s, counter_size, release);
	add_number(&s, 2, 0); /* offset */
	add_number(&s, 2, unsigned_le);
	r = hash(s.data, s.len, args);
	policy_release_public(public);
	if (r == 0)
		r = tpm_name(public, sizeof(public), name);
	if (r < 0)
		return r;
	s = (struct step){ 0 };
	add_number(&s, 4, cc_policy_nv);
	add_bytes(&s, args, sizeof(args));
	add_bytes(&s, name, sizeof(name));
	return extend(p, &s);
}
