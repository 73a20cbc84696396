// SPDX-License-Identifier: MIT
/* See signatures.h. Here: which signature is for the PCRs as they are. */
#include <errno.h>
#include <string.h>

#include "seal/object/signatures.h"

static bool same_policy(const struct policy *a, const struct policy *b)
{
	return memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

static bool is_by(const struct signature *e, const struct release_key *key)
{
	return memcmp(e->fingerprint, key->fingerprint,
		      sizeof(e->fingerprint)) == 0;
}

static bool is_about(const struct signature *e,
		     const struct signature_wanted *wanted)
{
	return is_by(e, wanted->key) && e->bank == wanted->bank &&
	       e->mask == wanted->mask;
}

/* The policy of an entry whose PCRs are *pcrs. 0 or -errno. */
static int policy_of(const struct signature *e, const struct policy *pcrs,
		     struct policy *ret)
{
	*ret = *pcrs;
	return e->release ? policy_add_release(ret, e->release) : 0;
}

int signatures_find(const struct signatures *s,
		    const struct signature_wanted *wanted,
		    const struct signature **ret)
{
	const struct signature *best = NULL;
	int why = -ENOKEY;

	for (size_t i = 0; i < s->n; i++) {
		const struct signature *e = &s->entry[i];
		struct policy policy;
		int r;

		if (is_by(e, wanted->key) && why == -ENOKEY)
			why = -ENODATA;
		if (!is_about(e, wanted))
			continue;
		why = -EPERM;
		r = policy_of(e, wanted->present, &policy);
		if (r < 0)
			return r;
		if (same_policy(&policy, &e->policy) &&
		    (!best || e->release > best->release))
			best = e;
	}
	if (!best)
		return why;
	*ret = best;
	return 0;
}

/* True when the entry says what it approved, and its policy is of that. */
static bool says_values(const struct signature *e)
{
	struct policy pcrs = { 0 };
	struct policy policy;

	return e->values.mask && policy_add_pcrs(&pcrs, &e->values) == 0 &&
	       policy_of(e, &pcrs, &policy) == 0 &&
	       same_policy(&policy, &e->policy);
}

static uint32_t differing(const struct pcr_values *a,
			  const struct pcr_values *b)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < pcr_count; i++)
		if (a->mask & 1U << i &&
		    memcmp(a->value[i], b->value[i], digest_size(a->bank)) != 0)
			mask |= 1U << i;
	return mask;
}

uint32_t signatures_differ(const struct signatures *s,
			   const struct signature_wanted *wanted,
			   const struct pcr_values *present)
{
	uint32_t fewest = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct signature *e = &s->entry[i];
		uint32_t mask;

		if (!is_about(e, wanted) || !says_values(e))
			continue;
		mask = differing(&e->values, present);
		if (!fewest ||
		    __builtin_popcount(mask) < __builtin_popcount(fewest))
			fewest = mask;
	}
	return fewest;
}
