// SPDX-License-Identifier: MIT
/*
 * See sealed-key.h. The layout is that of Esys_TR_Serialize (tpm2-tss,
 * src/tss2-esys/esys_mu.c), which systemd stores in tpm2_srk.
 */
#include "seal/object/sealed-key.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "lib/own.h"
#include "seal/object/policy.h"

enum { resource_key = 1 }; /* IESYSC_KEY_RSRC, esys_types.h */

static int check_name(const struct srk_record *srk)
{
	struct unmarshal present = { srk->name, tpm_name_size };
	uint8_t name[tpm_name_size];
	int r;

	if (unmarshal_expect(&present, 2, tpm_alg_sha256) < 0)
		return -EINVAL;
	r = tpm_name(srk->public_area, srk->public_len, name);
	if (r < 0)
		return r;
	return CRYPTO_memcmp(srk->name, name, sizeof(name)) == 0 ? 0 : -EBADMSG;
}

int srk_record_parse(const struct bytes *record, struct srk_record *ret)
{
	struct unmarshal u = { record->data, record->len };
	struct unmarshal name;
	struct unmarshal public;
	struct srk_record srk = { 0 };
	uint32_t type;
	int r;

	if (record->len > srk_record_max)
		return -EINVAL;
	if (unmarshal_expect(&u, 4, tpm_srk_handle) < 0 ||
	    unmarshal_sized(&u, &name) < 0 || name.len != tpm_name_size ||
	    unmarshal_expect(&u, 4, resource_key) < 0 ||
	    unmarshal_sized(&u, &public) < 0 || u.len)
		return -EINVAL;
	srk.name = name.at;
	srk.public_area = public.at;
	srk.public_len = public.len;
	if (unmarshal_number(&public, 2, &type) < 0)
		return -EINVAL;
	srk.type = (uint16_t)type;
	r = check_name(&srk);
	if (r < 0)
		return r;
	*ret = srk;
	return 0;
}

void sealed_key_free(struct sealed_key *key)
{
	bytes_free(&key->signer);
	bytes_free(&key->blob);
	bytes_free(&key->srk);
	*key = (struct sealed_key){ 0 };
}

struct sealed_key take_sealed_key(struct sealed_key *key)
{
	struct sealed_key taken = *key;

	*key = (struct sealed_key){ 0 };
	return taken;
}

/* systemd's order: what is signed, then the literal values. */
static int add_assertions(const struct seal_policy *policy, struct policy *ret)
{
	own_release_key struct release_key signer = { 0 };
	int r = 0;

	if (policy->signed_mask) {
		r = release_key_parse(policy->signer, &signer);
		if (r == 0)
			r = policy_add_authorize(ret, signer.name);
	}
	if (r == 0 && policy->pcrs.mask)
		r = policy_add_pcrs(ret, &policy->pcrs);
	return r;
}

int sealed_key_begin(const struct seal_policy *policy, struct sealed_key *ret)
{
	own_sealed_key struct sealed_key key = {
		.pcr_mask = policy->pcrs.mask,
		.bank = policy->pcrs.bank,
		.signed_mask = policy->signed_mask,
		.expected = policy->pcrs,
	};
	struct policy digest = { 0 };
	int r;

	if (!(key.pcr_mask | key.signed_mask) ||
	    !key.signed_mask != !policy->signer)
		return -EINVAL;
	r = add_assertions(policy, &digest);
	if (r == 0 && policy->signer)
		r = bytes_copy(policy->signer->data, policy->signer->len,
			       &key.signer);
	if (r < 0)
		return r;
	memcpy(key.policy_digest, digest.digest, sizeof(key.policy_digest));
	*ret = take_sealed_key(&key);
	return 0;
}

/* The token's hint is the disk's to write: the policy digest vouches for it. */
static int check_expected(const struct sealed_key *key)
{
	struct seal_policy policy = {
		.pcrs = key->expected,
		.signed_mask = key->signed_mask,
		.signer = key->signed_mask ? &key->signer : NULL,
	};
	struct policy digest = { 0 };
	int r;

	if (key->expected.mask != key->pcr_mask ||
	    key->expected.bank != key->bank)
		return -ENODATA;
	r = add_assertions(&policy, &digest);
	if (r < 0)
		return r;
	return CRYPTO_memcmp(digest.digest, key->policy_digest,
			     sizeof(digest.digest)) == 0
		       ? 0
		       : -ENODATA;
}

int sealed_key_differs(const struct sealed_key *key,
		       const struct pcr_values *present, uint32_t *ret)
{
	size_t size = digest_size(key->bank);
	uint32_t differ = 0;
	int r;

	if (present->bank != key->bank ||
	    (present->mask & key->pcr_mask) != key->pcr_mask)
		return -EINVAL;
	r = check_expected(key);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < pcr_count; i++)
		if (key->pcr_mask & 1U << i &&
		    CRYPTO_memcmp(key->expected.value[i], present->value[i],
				  size) != 0)
			differ |= 1U << i;
	*ret = differ;
	return 0;
}

/* 1 if the key's policy is that of this signer, 0 if not, or -errno. */
static int is_signer(const struct sealed_key *key,
		     const struct pcr_values *present,
		     const struct release_key *signer)
{
	struct policy policy = { 0 };
	int r = policy_add_authorize(&policy, signer->name);

	if (r == 0 && key->pcr_mask)
		r = policy_add_pcrs(&policy, present);
	if (r < 0)
		return r;
	return CRYPTO_memcmp(policy.digest, key->policy_digest,
			     sizeof(policy.digest)) == 0;
}

int sealed_key_name_signer(const struct sealed_key *key,
			   const struct pcr_values *present,
			   struct release_key *signer)
{
	own_release_key struct release_key other = { 0 };
	int r = is_signer(key, present, signer);

	if (r || !signer->is_rsa)
		return r < 0 ? r : 0;
	r = release_key_parse(&key->signer, &other);
	if (r == 0)
		r = release_key_zero_exponent(&other);
	if (r == 0)
		r = is_signer(key, present, &other);
	if (r <= 0)
		return r;
	release_key_free(signer);
	*signer = other;
	other = (struct release_key){ 0 };
	return 0;
}
