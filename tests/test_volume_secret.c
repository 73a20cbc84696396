// SPDX-License-Identifier: MIT
/* What is sealed for a volume, and which volume it says it is for. */
#include "seal/luks/volume-secret.h"

#include <errno.h>
#include <string.h>

#include "lib/own.h"
#include "tests/table.h"

#define UUID "463005b7-d095-436a-92c2-281eb1d07041"

static void names_its_volume(void **state)
{
	own_secret struct secret s = { 0 };
	own_secret struct secret other = { 0 };
	char uuid[volume_uuid_len + 1];

	(void)state;
	assert_int_equal(volume_secret_make(UUID, &s), 0);
	assert_int_equal(s.len, volume_secret_size);
	/* the form of docs/formats.md */
	assert_memory_equal(s.data + 32, "cvm-init volume " UUID, 16 + 36);
	volume_secret_uuid(&s, uuid);
	assert_string_equal(uuid, UUID);
	assert_int_equal(volume_secret_make(UUID, &other), 0);
	assert_memory_not_equal(s.data, other.data, volume_secret_random);
}

static void takes_only_a_uuid(void **state)
{
	own_secret struct secret s = { 0 };

	(void)state;
	assert_int_equal(volume_secret_make("", &s), -EINVAL);
	assert_int_equal(volume_secret_make(UUID "0", &s), -EINVAL);
	assert_null(s.data);
}

/* Others' secrets: of any size that a TPM can hold, and of ours without it. */
static void others_name_none(void **state)
{
	char uuid[volume_uuid_len + 1];

	(void)state;
	for (size_t len = 1; len <= 128; len++) {
		own_secret struct secret s = { 0 };

		assert_int_equal(secret_alloc(len, &s), 0);
		volume_secret_uuid(&s, uuid);
		assert_string_equal(uuid, "");
	}
	for (size_t at = 32; at < 48; at++) {
		own_secret struct secret s = { 0 };

		assert_int_equal(volume_secret_make(UUID, &s), 0);
		s.data[at] ^= 1;
		volume_secret_uuid(&s, uuid);
		assert_string_equal(uuid, "");
	}
}

int main(void)
{
	const struct table tables[] = { CASE(names_its_volume),
					CASE(takes_only_a_uuid),
					CASE(others_name_none) };

	return table_run(tables, array_size(tables));
}
