// SPDX-License-Identifier: MIT
/* See challenge.h. */
#include "evidence/signed/challenge.h"

#include <string.h>

#include "lib/digest.h"

int challenge_nonce(const uint8_t random[static challenge_size],
		    const struct bytes *ek, const struct bytes *ak,
		    uint8_t ret[static challenge_size])
{
	static const char context[] = "cvm-init challenge";
	const struct digest_span spans[] = {
		{ context, sizeof(context) - 1 },
		{ random, challenge_size },
		{ ek->data, ek->len },
		{ ak->data, ak->len },
	};
	struct digest_set digest;
	int r = digest_spans(1U << DIGEST_SHA256, spans,
			     sizeof(spans) / sizeof(*spans), &digest);

	if (r == 0)
		memcpy(ret, digest.value[DIGEST_SHA256], challenge_size);
	return r;
}
