// SPDX-License-Identifier: MIT
/* See credential.h. */
#include "seal/object/credential.h"

#include <errno.h>

#include "lib/own.h"
#include "seal/object/outer-wrap.h"
#include "seal/object/seed.h"

enum {
	encrypted_max = 256, /* RSA 2048 */
	id_object_max = outer_wrap_overhead + 2 + credential_max,
};

/* The secret as a TPM2B_DIGEST. */
static int make_plain(const struct secret *secret, struct secret *ret)
{
	struct marshal m = { 0 };
	int r = secret_alloc(2 + secret->len, ret);

	if (r < 0)
		return r;
	m = (struct marshal){ ret->data, ret->len, 0, false };
	marshal_sized(&m, secret->data, secret->len);
	return m.failed ? -EINVAL : 0;
}

static int copy_sized(const void *data, size_t len, struct bytes *ret)
{
	uint8_t sized[2 + encrypted_max];
	struct marshal m = { sized, sizeof(sized), 0, false };

	marshal_sized(&m, data, len);
	return m.failed ? -EINVAL : bytes_copy(sized, m.len, ret);
}

int credential_make(const struct srk_public *ek,
		    const uint8_t name[static tpm_name_size],
		    const struct secret *secret, struct bytes *ret_id_object,
		    struct bytes *ret_secret, struct fail *f)
{
	own_secret struct secret seed = { 0 };
	own_secret struct secret plain = { 0 };
	own_bytes struct bytes encrypted = { 0 };
	own_bytes struct bytes id_object = { 0 };
	uint8_t object[id_object_max];
	struct marshal m = { object, sizeof(object), 0, false };
	int r = seed_make(ek, SEED_ACTIVATE, &seed, &encrypted, f);

	if (r < 0)
		return r;
	r = make_plain(secret, &plain);
	if (r == 0)
		r = outer_wrap(&seed, name, &plain, &m);
	if (r == 0)
		r = copy_sized(object, m.len, &id_object);
	if (r == 0)
		r = copy_sized(encrypted.data, encrypted.len, ret_secret);
	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "make a challenge");
	*ret_id_object = take_bytes(&id_object);
	return 0;
}
