// SPDX-License-Identifier: MIT
/* Blobs as a host could write them: every part changed, every end cut off. */
#include <stdbool.h>
#include <string.h>

#include "tests/table.h"

#include "lib/bytes.h"
#include "lib/own.h"
#include "seal/object/marshal.h"
#include "seal/object/sealed-object.h"

enum { blob_max = 1024, no_da = 0x400, online = 0x12 };

static const struct object_case {
	const char *name;
	uint32_t type;
	uint32_t name_alg;
	uint32_t attributes;
	uint32_t scheme;
	size_t policy_len;
	int seed_len; /* -1: none */
	const char *why;
} objects[] = {
	{ "as systemd 252 seals", 8, 0x0b, online, 0x10, 32, -1, NULL },
	{ "as systemd 257 seals", 8, 0x0b, online | no_da, 0x10, 32, -1, NULL },
	{ "away from the TPM", 8, 0x0b, 0, 0x10, 32, 68, NULL },
	{ "away from it by cvmctl", 8, 0x0b, no_da, 0x10, 32, 256, NULL },
	{ "a key", 1, 0x0b, online, 0x10, 32, -1, "its blob is damaged" },
	{ "another nameAlg", 8, 0x0c, online, 0x10, 32, -1,
	  "its blob is damaged" },
	{ "an HMAC key", 8, 0x0b, online, 5, 32, -1, "its blob is damaged" },
	{ "userWithAuth", 8, 0x0b, online | 0x40, 0x10, 32, -1,
	  "its object has other attributes than systemd gives it" },
	{ "userWithAuth, to import", 8, 0x0b, 0x40, 0x10, 32, 68,
	  "its object has other attributes than systemd gives it" },
	{ "adminWithPolicy", 8, 0x0b, online | 0x80, 0x10, 32, -1,
	  "its object has other attributes than systemd gives it" },
	{ "not fixed, without a seed", 8, 0x0b, 0, 0x10, 32, -1,
	  "its object has other attributes than systemd gives it" },
	{ "fixed to half", 8, 0x0b, 0x10, 0x10, 32, -1,
	  "its object has other attributes than systemd gives it" },
	{ "fixed, with a seed", 8, 0x0b, online, 0x10, 32, 68,
	  "its object has other attributes than systemd gives it" },
	{ "an empty seed", 8, 0x0b, 0, 0x10, 32, 0, "its blob is damaged" },
	{ "no policy", 8, 0x0b, online, 0x10, 0, -1,
	  "its blob has another policy than its token says" },
	{ "part of the policy", 8, 0x0b, online, 0x10, 31, -1,
	  "its blob has another policy than its token says" },
};

static void make_blob(const struct object_case *c, const struct sealed_key *key,
		      struct marshal *blob)
{
	static const uint8_t bytes[256] = { 1, 2, 3 };
	uint8_t data[256];
	struct marshal public = { data, sizeof(data), 0, false };

	marshal_number(&public, 2, c->type);
	marshal_number(&public, 2, c->name_alg);
	marshal_number(&public, 4, c->attributes);
	marshal_sized(&public, key->policy_digest, c->policy_len);
	marshal_number(&public, 2, c->scheme);
	marshal_sized(&public, bytes, 32);
	marshal_sized(blob, bytes, 158);
	marshal_sized(blob, public.data, public.len);
	if (c->seed_len >= 0)
		marshal_sized(blob, bytes, (size_t)c->seed_len);
	assert_false(public.failed || blob->failed);
}

static void judges_object(void **state)
{
	const struct object_case *c = *state;
	uint8_t data[blob_max];
	struct marshal blob = { data, sizeof(data), 0, false };
	struct sealed_key key = { .policy_digest = "a policy" };
	struct sealed_object o = { 0 };
	const char *why;

	make_blob(c, &key, &blob);
	key.blob = (struct bytes){ data, blob.len };
	why = sealed_object_parse(&key, &o);
	if (c->why) {
		assert_non_null(why);
		assert_string_equal(why, c->why);
		assert_null(o.private.at);
		return;
	}
	assert_null(why);
	assert_int_equal(o.private.len, 158);
	assert_int_equal(o.public.len, 78);
	assert_int_equal(o.seed.len, c->seed_len < 0 ? 0 : c->seed_len);
	key.policy_digest[31] ^= 1;
	assert_string_equal(sealed_object_parse(&key, &o),
			    "its blob has another policy than its token says");
}

/* In memory of exactly that size, so that ASan sees what is read beyond. */
static void refuses_every_cut(void **state)
{
	static const struct object_case forms[] = {
		{ "", 8, 0x0b, online, 0x10, 32, -1, NULL },
		{ "", 8, 0x0b, 0, 0x10, 32, 68, NULL },
	};

	(void)state;
	for (size_t i = 0; i < array_size(forms); i++) {
		uint8_t data[blob_max] = { 0 };
		struct marshal blob = { data, sizeof(data), 0, false };
		struct sealed_key key = { .policy_digest = "a policy" };
		struct sealed_object o = { 0 };

		make_blob(&forms[i], &key, &blob);
		for (size_t len = 0; len < blob.len + 3; len++) {
			uint8_t *exact = malloc(len ? len : 1);
			const char *why;

			assert_non_null(exact);
			memcpy(exact, data, len);
			key.blob = (struct bytes){ exact, len };
			why = sealed_object_parse(&key, &o);
			/* cut between two parts it is another form */
			if (len == blob.len)
				assert_null(why);
			else
				assert_non_null(why);
			free(exact);
		}
	}
}

int main(void)
{
	const struct table tables[] = { TABLE(judges_object, objects),
					CASE(refuses_every_cut) };

	return table_run(tables, array_size(tables));
}
