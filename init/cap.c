// SPDX-License-Identifier: MIT
/*
 * Closes PCR 14: one fixed event after the last, in every bank. From here on
 * no policy that was satisfied before can be satisfied again in this boot,
 * so neither the workload nor who breaks into it can unseal these keys.
 */
#include "init/cap.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

/* The log and the register tell the same story, in every bank. */
static int check_log(struct boot *b, struct fail *f)
{
	struct digest_set logged = b->pcr_before;
	struct digest_set present;
	int r = tpm_pcr_read(b->tpm, pcr_apps, b->banks, &present, f);

	if (r == 0)
		r = events_replay(&b->events, pcr_apps, &logged);
	if (r < 0)
		return r;
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (b->banks & 1U << a &&
		    CRYPTO_memcmp(present.value[a], logged.value[a],
				  digest_size(a)) != 0)
			return fail_because(
				f, "something else has extended it",
				"let nothing but init extend PCR 14",
				"close PCR 14, bank %s", digest_name(a));
	return 0;
}

int stage_cap(struct boot *b, struct fail *f)
{
	int r = events_add_cap(&b->events, events_cap_ready, b->banks);

	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "log the cap event");
	r = tpm_pcr_extend(b->tpm, pcr_apps,
			   &b->events.event[b->events.n - 1].digests, f);
	return r < 0 ? r : check_log(b, f);
}

static void spoil(struct tpm *t, digest_algs banks)
{
	struct digest_set digests;

	if (digest_data(banks, events_cap_failed, strlen(events_cap_failed),
			&digests) == 0)
		tpm_pcr_spoil(t, pcr_apps, &digests);
}

/* Without the log, which may be full, or be the reason of the failure. */
void cap_failed(struct boot *b)
{
	/* One by one: a TPM takes none of a command with one it lacks. */
	for (enum digest_alg a = 0; b->tpm && a < DIGEST_ALG_COUNT; a++)
		if (!b->banks)
			spoil(b->tpm, 1U << a);
	if (b->tpm && b->banks)
		spoil(b->tpm, b->banks);
	tpm_close(&b->tpm);
}
