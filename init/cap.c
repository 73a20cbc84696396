// SPDX-License-Identifier: MIT
/*
 * Closes PCR 14: one fixed event after the last, in every bank. From here on
 * no policy that was satisfied before can be satisfied again in this boot,
 * so neither the workload nor who breaks into it can unseal these keys.
 */
#include <errno.h>

#include "init/boot.h"

int stage_cap(struct boot *b, struct fail *f)
{
	int r = events_add_cap(&b->events, events_cap_ready, b->banks);

	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "log the cap event");
	return tpm_pcr_extend(b->tpm, pcr_apps,
			      &b->events.event[b->events.n - 1].digests, f);
}
