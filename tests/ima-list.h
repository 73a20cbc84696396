/* SPDX-License-Identifier: MIT */
/* Writing a list as IMA does. Include cmocka.h first. */
#ifndef TESTS_IMA_LIST_H
#define TESTS_IMA_LIST_H

#include <string.h>

#include "lib/digest.h"
#include "lib/hex.h"
#include "lib/text.h"

static inline void put_le32(struct text *t, uint32_t n)
{
	const uint8_t le[4] = { (uint8_t)n, (uint8_t)(n >> 8),
				(uint8_t)(n >> 16), (uint8_t)(n >> 24) };

	text_add_bytes(t, le, sizeof(le));
}

static inline void put_sized(struct text *t, const void *data, size_t len)
{
	put_le32(t, (uint32_t)len);
	text_add_bytes(t, data, len);
}

/*
 * A record of template ima-ng, or of ima-buf with a third field; a violation
 * without a digest. *ret: what PCR 10 is extended with.
 */
static inline void ima_list_add(struct text *list, const char *path,
				const uint8_t *digest, const char *buffer,
				struct digest_set *ret)
{
	own_text struct text data = { 0 };
	uint8_t field[8 + 32] = "sha256:";
	static const uint8_t zeros[20];

	if (digest)
		memcpy(field + 8, digest, 32);
	put_sized(&data, field, sizeof(field));
	put_sized(&data, path, strlen(path) + 1);
	if (buffer)
		put_sized(&data, buffer, strlen(buffer));
	assert_int_equal(digest_data((1 << DIGEST_ALG_COUNT) - 1, data.s,
				     data.len, ret),
			 0);
	put_le32(list, 10);
	text_add_bytes(list, digest ? ret->value[DIGEST_SHA1] : zeros, 20);
	put_sized(list, buffer ? "ima-buf" : "ima-ng", buffer ? 7 : 6);
	put_sized(list, data.s, data.len);
	if (!digest)
		memset(ret->value, 0xff, sizeof(ret->value));
	assert_false(text_failed(list) || text_failed(&data));
}

/* A table that dm-verity is given. */
#define IMA_LIST_ROOT "target_name=verity,root_digest=sha256:00ff00ff;"

/* A volume of a manifest, and the table with which it is opened. */
#define IMA_LIST_VOLUMES       \
	"[{\"name\":\"data\"," \
	"\"uuid\":\"6f0a8d1e-3b6c-4c0e-9d58-1f2b3c4d5e6f\"}]"
#define IMA_LIST_VOLUME                                 \
	"dm_version=4.45.0;name=data,uuid=CRYPT-LUKS2-" \
	"6f0a8d1e3b6c4c0e9d581f2b3c4d5e6f-data,major=253;target_name=crypt;"

/* What the device mapper says of a table. */
static inline void ima_list_load(struct text *list, const char *table,
				 struct digest_set *ret)
{
	struct digest_set hash;

	assert_int_equal(digest_data(1U << DIGEST_SHA256, table, strlen(table),
				     &hash),
			 0);
	ima_list_add(list, "dm_table_load", hash.value[DIGEST_SHA256], table,
		     ret);
}

/* And when it begins to use it. */
static inline void ima_list_resume(struct text *list, const char *table,
				   struct digest_set *ret)
{
	own_text struct text buffer = { 0 };
	char hex[2 * digest_size_max + 1];
	struct digest_set hash;

	assert_int_equal(digest_data(1U << DIGEST_SHA256, table, strlen(table),
				     &hash),
			 0);
	hex_encode(hash.value[DIGEST_SHA256], 32, hex);
	text_add(&buffer, "dm_version=4.45.0;active_table_hash=sha256:%s;",
		 hex);
	assert_false(text_failed(&buffer));
	ima_list_add(list, "dm_device_resume", hash.value[DIGEST_SHA256],
		     buffer.s, ret);
}

#endif
