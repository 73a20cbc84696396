// SPDX-License-Identifier: MIT
/* See kdf.h. Both count rounds from 1, and one round is all we need. */
#include "seal/object/kdf.h"

#include <errno.h>
#include <openssl/hmac.h>
#include <string.h>

#include "lib/digest.h"
#include "lib/own.h"
#include "lib/secret.h"
#include "seal/object/marshal.h"

static void add_context(struct marshal *m, const struct kdf_context *c)
{
	marshal_bytes(m, c->label, strlen(c->label) + 1);
	marshal_bytes(m, c->u, c->u_len);
	marshal_bytes(m, c->v, c->v_len);
}

int kdf_a(const uint8_t *key, size_t key_len, const struct kdf_context *context,
	  uint8_t *ret, size_t size)
{
	uint8_t round[kdf_context_max];
	uint8_t output[kdf_size_max];
	struct marshal m = { round, sizeof(round), 0, false };

	marshal_number(&m, 4, 1);
	add_context(&m, context);
	marshal_number(&m, 4, (uint32_t)size * 8);
	if (m.failed || size > sizeof(output))
		return -EINVAL;
	/* OpenSSL takes a key of NULL for the one of the call before */
	if (!HMAC(EVP_sha256(), key_len ? key : round, (int)key_len, round,
		  m.len, output, NULL))
		return -ENOMEM;
	memcpy(ret, output, size);
	secret_wipe(output, sizeof(output));
	return 0;
}

int kdf_e(const uint8_t *z, size_t z_len, const struct kdf_context *context,
	  uint8_t ret[static 32])
{
	own_secret struct secret round = { 0 };
	struct digest_set digest;
	struct marshal m = { 0 };
	int r = secret_alloc(kdf_context_max, &round);

	if (r < 0)
		return r;
	m = (struct marshal){ round.data, round.len, 0, false };
	marshal_number(&m, 4, 1);
	marshal_bytes(&m, z, z_len);
	add_context(&m, context);
	if (m.failed)
		return -EINVAL;
	r = digest_data(1U << DIGEST_SHA256, round.data, m.len, &digest);
	if (r == 0)
		memcpy(ret, digest.value[DIGEST_SHA256], 32);
	secret_wipe(&digest, sizeof(digest));
	return r;
}
