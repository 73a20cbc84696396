// SPDX-License-Identifier: MIT
/* See sealed-object.h. */
#include "seal/object/sealed-object.h"

#include <errno.h>
#include <openssl/crypto.h>

static const char damaged[] = "its blob is damaged";

static int split(const struct bytes *blob, struct sealed_object *ret)
{
	struct unmarshal u = { blob->data, blob->len };

	if (unmarshal_sized(&u, &ret->private) < 0 ||
	    unmarshal_sized(&u, &ret->public) < 0)
		return -EINVAL;
	if (!u.len)
		return 0;
	/* without a seed TPM2_Import would take a secret that lies open */
	if (unmarshal_sized(&u, &ret->seed) < 0 || !ret->seed.len)
		return -EINVAL;
	return u.len ? -EINVAL : 0;
}

/* All but unique, by which the TPM tells whether private belongs to it. */
static const char *check_public(struct unmarshal u,
				const struct sealed_key *key, bool imported)
{
	uint32_t expected =
		imported ? 0 : tpm_attr_fixed_tpm | tpm_attr_fixed_parent;
	uint32_t attributes;
	struct unmarshal policy;
	struct unmarshal unique;

	if (unmarshal_expect(&u, 2, tpm_alg_keyedhash) < 0 ||
	    unmarshal_expect(&u, 2, tpm_alg_sha256) < 0 ||
	    unmarshal_number(&u, 4, &attributes) < 0 ||
	    unmarshal_sized(&u, &policy) < 0 ||
	    unmarshal_expect(&u, 2, tpm_alg_null) < 0 ||
	    unmarshal_sized(&u, &unique) < 0 || u.len)
		return damaged;
	/* systemd 255 and earlier leave noDA out */
	if ((attributes & ~(uint32_t)tpm_attr_no_da) != expected)
		return "its object has other attributes than systemd gives it";
	if (policy.len != sizeof(key->policy_digest) ||
	    CRYPTO_memcmp(policy.at, key->policy_digest, policy.len) != 0)
		return "its blob has another policy than its token says";
	return NULL;
}

const char *sealed_object_parse(const struct sealed_key *key,
				struct sealed_object *ret)
{
	struct sealed_object o = { 0 };
	const char *why;

	if (split(&key->blob, &o) < 0)
		return damaged;
	why = check_public(o.public, key, o.seed.at);
	if (!why)
		*ret = o;
	return why;
}
