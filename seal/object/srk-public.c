// SPDX-License-Identifier: MIT
/* See srk-public.h. Pure; numbers of sections are those of TCG Part 2. */
#include "seal/object/srk-public.h"

#include <errno.h>

static const char what[] = "use the storage root key";
static const char export_again[] = "export it with cvmctl srk";

enum {
	attr_required = tpm_attr_fixed_tpm | tpm_attr_fixed_parent |
			tpm_attr_sensitive_data_origin |
			tpm_attr_user_with_auth | tpm_attr_restricted |
			tpm_attr_decrypt,
	handle_key = 1, /* IESYSC_KEY_RSRC of tpm2-tss */
};

/* AES-128-CFB, no scheme, and RSA-2048, or P-256 without a KDF: 12.2.3.7 */
static const uint8_t rsa_parameters[] = { 0x00, 0x06, 0x00, 0x80, 0x00,
					  0x43, 0x00, 0x10, 0x08, 0x00 };
static const uint8_t ecc_parameters[] = { 0x00, 0x06, 0x00, 0x80, 0x00, 0x43,
					  0x00, 0x10, 0x00, 0x03, 0x00, 0x10 };

static bool has_our_parameters(const struct tpm_public *key)
{
	return key->type == tpm_alg_rsa
		       ? unmarshal_begins(&key->parameters, rsa_parameters,
					  sizeof(rsa_parameters))
		       : unmarshal_begins(&key->parameters, ecc_parameters,
					  sizeof(ecc_parameters));
}

/* NULL, or why this is no key to seal for. */
static const char *refuse(const struct tpm_public *key, enum public_extent e)
{
	if (e < PUBLIC_AREA)
		return "it is not one TPM2B_PUBLIC";
	if (e < PUBLIC_HEAD)
		return "it is not the public area of a key";
	if ((key->attributes & attr_required) != attr_required ||
	    key->attributes & tpm_attr_sign)
		return "it is not a storage root key";
	if (e < PUBLIC_WHOLE || !has_our_parameters(key))
		return "it is neither RSA-2048 nor P-256 with SHA-256 and "
		       "AES-128-CFB";
	return NULL;
}

int srk_public_parse(const struct bytes *file, struct srk_public *ret,
		     struct fail *f)
{
	struct tpm_public key;
	enum public_extent e = tpm_public_unmarshal(file, &key);
	const char *why =
		refuse(&key, file->len > srk_public_max ? PUBLIC_NONE : e);
	int r;

	if (why)
		return fail_because(f, why, export_again, "%s", what);
	r = tpm_name(key.area.at, key.area.len, key.name);
	if (r < 0)
		return fail_errno(f, r, "give the VM more memory", "%s", what);
	ret->key = key;
	return 0;
}

int srk_public_record(const struct srk_public *srk, struct bytes *ret)
{
	uint8_t record[srk_record_max];
	struct marshal m = { record, sizeof(record), 0, false };

	marshal_number(&m, 4, tpm_srk_handle);
	marshal_sized(&m, srk->key.name, sizeof(srk->key.name));
	marshal_number(&m, 4, handle_key);
	marshal_sized(&m, srk->key.area.at, srk->key.area.len);
	return m.failed ? -EINVAL : bytes_copy(record, m.len, ret);
}
