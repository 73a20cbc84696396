// SPDX-License-Identifier: MIT
/* See marshal.h. Pure; what is read may come from a disk of the host's. */
#include "seal/object/marshal.h"

#include <errno.h>
#include <string.h>

#include "lib/digest.h"

int tpm_name(const void *area, size_t len, uint8_t ret[static tpm_name_size])
{
	struct marshal m = { ret, tpm_name_size, 0, false };
	struct digest_set digest;
	int r = digest_data(1U << DIGEST_SHA256, area, len, &digest);

	if (r < 0)
		return r;
	marshal_number(&m, 2, tpm_alg_sha256);
	marshal_bytes(&m, digest.value[DIGEST_SHA256],
		      digest_size(DIGEST_SHA256));
	return 0;
}

int unmarshal_number(struct unmarshal *u, size_t size, uint32_t *ret)
{
	uint32_t v = 0;

	if (u->len < size)
		return -EINVAL;
	for (size_t i = 0; i < size; i++)
		v = v << 8 | u->at[i];
	u->at += size;
	u->len -= size;
	*ret = v;
	return 0;
}

int unmarshal_expect(struct unmarshal *u, size_t size, uint32_t expected)
{
	uint32_t v;

	return unmarshal_number(u, size, &v) < 0 || v != expected ? -EINVAL : 0;
}

int unmarshal_sized(struct unmarshal *u, struct unmarshal *ret)
{
	uint32_t size;

	if (unmarshal_number(u, 2, &size) < 0 || u->len < size)
		return -EINVAL;
	*ret = (struct unmarshal){ u->at, size };
	u->at += size;
	u->len -= size;
	return 0;
}

bool unmarshal_begins(const struct unmarshal *u, const void *bytes, size_t len)
{
	return u->len >= len && memcmp(u->at, bytes, len) == 0;
}

void marshal_bytes(struct marshal *m, const void *data, size_t len)
{
	if (m->failed || len > m->size - m->len) {
		m->failed = true;
		return;
	}
	if (len)
		memcpy(m->data + m->len, data, len);
	m->len += len;
}

void marshal_number(struct marshal *m, size_t size, uint32_t number)
{
	for (size_t i = size; i > 0; i--) {
		uint8_t byte = (uint8_t)(number >> 8 * (i - 1));

		marshal_bytes(m, &byte, 1);
	}
}

void marshal_sized(struct marshal *m, const void *data, size_t len)
{
	if (len > UINT16_MAX)
		m->failed = true;
	marshal_number(m, 2, (uint32_t)len);
	marshal_bytes(m, data, len);
}
