// SPDX-License-Identifier: MIT
/* See exchange.h. */
#include "tests/fuzz/exchange.h"

#include <string.h>

#include "seal/object/identity-public.h"
#include "tests/fuzz/promise.h"

/* Keys that pass are of the templates, and can be challenged. */
void fuzz_identity(const uint8_t *data, size_t len)
{
	static const uint8_t random[32];
	own_bytes struct bytes text = as_text(data, len);
	own_evidence_tpm struct evidence_tpm t = { 0 };
	own_challenge struct challenge c = { 0 };
	struct fail f = { 0 };

	if (identity_read_json(&text, &t, &f) < 0 ||
	    challenge_make(&t, random, &c, &f) < 0) {
		expect_failure(&f);
		return;
	}
	expect(t.ek.len == 316 && t.ak.len >= 60, "keys");
	expect(c.secret.len == 258 && c.id_object.len == 70, "a challenge");
}

/* What is accepted comes back the same when it is written and read again. */
void fuzz_challenge(const uint8_t *data, size_t len)
{
	own_bytes struct bytes text = as_text(data, len);
	own_bytes struct bytes again = { 0 };
	own_challenge struct challenge c = { 0 };
	own_challenge struct challenge d = { 0 };
	struct fail f = { 0 };

	if (challenge_read_json(&text, &c, &f) < 0) {
		expect_failure(&f);
		return;
	}
	expect(c.id_object.len && c.id_object.len <= challenge_part_max,
	       "a maximum");
	expect(challenge_write_json(&c, "fuzz", &again) == 0, "memory");
	expect(challenge_read_json(&again, &d, &f) == 0, "it is read again");
	expect(c.secret.len == d.secret.len &&
		       memcmp(c.secret.data, d.secret.data, c.secret.len) == 0,
	       "the same challenge");
}
