// SPDX-License-Identifier: MIT
/* See ima-replay.h. */
#include "evidence/logs/ima-replay.h"

#include <string.h>

static bool is_quoted(const struct ima_replay *r, enum digest_alg bank,
		      const struct digest_set *value)
{
	return memcmp(r->quoted[bank].value[ima_pcr], value->value[bank],
		      digest_size(bank)) == 0;
}

/* One quote is of one moment: all banks have to be there at once. */
static void compare(struct ima_replay *r)
{
	digest_algs own = 0;

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		if (!(r->banks & 1U << a))
			continue;
		if (is_quoted(r, a, &r->own))
			own |= 1U << a;
		else if (!is_quoted(r, a, &r->padded))
			return;
	}
	if (r->found || !r->banks)
		return;
	r->found = true;
	r->found_at = r->records;
	r->found_own = own;
}

void ima_replay_start(struct ima_replay *r,
		      const struct pcr_values quoted[static DIGEST_ALG_COUNT])
{
	*r = (struct ima_replay){ .quoted = quoted };
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (quoted[a].mask & 1U << ima_pcr)
			r->banks |= 1U << a;
	pcr_start_value(r->banks, &r->own);
	pcr_start_value(r->banks, &r->padded);
	compare(r);
}

int ima_replay_add(struct ima_replay *r, const struct ima_record *record,
		   const struct digest_set *digests)
{
	struct digest_set own = { .algs = r->banks };
	struct digest_set padded = { .algs = r->banks };
	int result;

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		memcpy(own.value[a], digests->value[a], digest_size(a));
		memcpy(padded.value[a], digests->value[DIGEST_SHA1],
		       ima_sha1_size);
	}
	/* ima_add_template_entry(): what nobody can vouch for */
	if (record->is_violation) {
		memset(own.value, 0xff, sizeof(own.value));
		memset(padded.value, 0xff, sizeof(padded.value));
	}
	result = pcr_extend_value(&r->own, &own);
	if (result == 0)
		result = pcr_extend_value(&r->padded, &padded);
	r->records++;
	compare(r);
	return result;
}
