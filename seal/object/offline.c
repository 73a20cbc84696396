// SPDX-License-Identifier: MIT
/*
 * See offline.h. What TPM2_Duplicate would give for a KEYEDHASH object with
 * an outer wrapper and no inner one: TCG Part 1, 23.3. systemd-cryptenroll
 * --tpm2-device-key= writes the same.
 */
#include "seal/object/offline.h"

#include <errno.h>
#include <openssl/rand.h>
#include <string.h>

#include "lib/own.h"
#include "seal/object/marshal.h"
#include "seal/object/outer-wrap.h"
#include "seal/object/seed.h"

static const char what[] = "seal the key";

enum {
	/*
	 * TPMA_OBJECT: 8.3. No lockout after wrong passwords, since there is
	 * none; not fixed to a TPM or a parent, or it could not be imported.
	 */
	object_attributes = 1 << 10,
	public_size = 78,
	obfuscation_size = 32, /* seedValue, of the nameAlg's size: 12.3.3 */
	sensitive_max = 2 + 2 + 2 + 2 + obfuscation_size + 2 + tpm_secret_max,
	private_max = outer_wrap_overhead + sensitive_max,
	blob_max = 2 + private_max + 2 + public_size + 2 + 256,
};

struct object {
	uint8_t public[public_size]; /* TPMT_PUBLIC */
	uint8_t name[tpm_name_size];
	uint8_t private[private_max]; /* the wrapped TPMT_SENSITIVE */
	size_t private_len;
};

/* The public area, whose last part commits to the secret. */
static int make_public(const uint8_t policy[32], const struct secret *secret,
		       const uint8_t *obfuscation, struct object *o)
{
	struct marshal m = { o->public, sizeof(o->public), 0, false };
	uint8_t unique[32];
	int r = digest_pair(DIGEST_SHA256, obfuscation, obfuscation_size,
			    secret->data, secret->len, unique);

	marshal_number(&m, 2, tpm_alg_keyedhash);
	marshal_number(&m, 2, tpm_alg_sha256);
	marshal_number(&m, 4, object_attributes);
	marshal_sized(&m, policy, 32);
	marshal_number(&m, 2, tpm_alg_null);
	marshal_sized(&m, unique, sizeof(unique));
	if (r == 0)
		r = tpm_name(o->public, m.len, o->name);
	return r;
}

/* TPM2B_SENSITIVE, still readable: TCG Part 2, 12.3.2.4. */
static int make_sensitive(const struct secret *secret,
			  const uint8_t *obfuscation, struct secret *ret)
{
	struct marshal m = { 0 };
	int r = secret_alloc(sensitive_max, ret);

	if (r < 0)
		return r;
	ret->len = sensitive_max - tpm_secret_max + secret->len;
	m = (struct marshal){ ret->data, ret->len, 0, false };
	marshal_number(&m, 2, (uint32_t)ret->len - 2);
	marshal_number(&m, 2, tpm_alg_keyedhash);
	marshal_number(&m, 2, 0); /* no password */
	marshal_sized(&m, obfuscation, obfuscation_size);
	marshal_sized(&m, secret->data, secret->len);
	return m.failed ? -EINVAL : 0;
}

static int make_object(const uint8_t policy[32], const struct secret *secret,
		       const struct secret *seed, struct object *o)
{
	own_secret struct secret obfuscation = { 0 };
	own_secret struct secret sensitive = { 0 };
	struct marshal m = { o->private, sizeof(o->private), 0, false };
	int r = secret_alloc(obfuscation_size, &obfuscation);

	if (r == 0 && RAND_bytes(obfuscation.data, obfuscation_size) != 1)
		r = -EIO;
	if (r == 0)
		r = make_public(policy, secret, obfuscation.data, o);
	if (r == 0)
		r = make_sensitive(secret, obfuscation.data, &sensitive);
	if (r == 0)
		r = outer_wrap(seed, o->name, &sensitive, &m);
	o->private_len = m.len;
	return r;
}

static int pack(const struct object *o, const struct bytes *encrypted,
		struct bytes *ret)
{
	uint8_t blob[blob_max];
	struct marshal m = { blob, sizeof(blob), 0, false };

	marshal_sized(&m, o->private, o->private_len);
	marshal_sized(&m, o->public, sizeof(o->public));
	marshal_sized(&m, encrypted->data, encrypted->len);
	return m.failed ? -EINVAL : bytes_copy(blob, m.len, ret);
}

int offline_seal(const struct srk_public *srk, const struct secret *secret,
		 struct sealed_key *key, struct fail *f)
{
	own_secret struct secret seed = { 0 };
	own_bytes struct bytes encrypted = { 0 };
	struct object object = { 0 };
	int r;

	if (secret->len > tpm_secret_max)
		return fail_because(f, "it is longer than a TPM can hold",
				    "seal at most 128 bytes", "%s", what);
	r = seed_make(srk, SEED_IMPORT, &seed, &encrypted, f);
	if (r < 0)
		return r;
	bytes_free(&key->blob);
	bytes_free(&key->srk);
	r = make_object(key->policy_digest, secret, &seed, &object);
	if (r == 0)
		r = pack(&object, &encrypted, &key->blob);
	if (r == 0)
		r = srk_public_record(srk, &key->srk);
	return r < 0 ? fail_errno(f, r, "give the VM more memory", "%s", what)
		     : 0;
}
