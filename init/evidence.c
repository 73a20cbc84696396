// SPDX-License-Identifier: MIT
/*
 * What this VM shows of itself, for a workload to hand on: after PCR 14 is
 * closed, so that all is in it, and before anything of the root runs. The
 * nonce is our own, so the file says who and what, and not when. No secret is
 * left by then, and none is handled here.
 */
#include "evidence/collect/collect.h"
#include "init/boot.h"
#include "init/mounts.h"
#include "lib/io.h"

#define EVIDENCE_PATH RUN_PATH "/evidence.json"

int stage_evidence(struct boot *b, struct fail *f)
{
	const struct evidence_sources sources = {
		.root = "",
		.tpm = b->tpm,
		.chip = b->tpm ? b->chip.name : NULL,
		.pcrs = b->conf.evidence.pcrs ? b->conf.evidence.pcrs
					      : evidence_pcrs,
	};
	own_evidence struct evidence e = { 0 };
	own_bytes struct bytes nonce = { 0 };
	own_bytes struct bytes text = { 0 };
	int r;

	if (!b->conf.evidence.write)
		return 0;
	mounts_try_configfs();
	r = evidence_make_nonce(&nonce, f);
	if (r == 0)
		r = evidence_collect(&sources, &nonce, &e, f);
	if (r == 0)
		r = evidence_write(&e, "init " CVM_VERSION, &text, f);
	if (r < 0)
		return r;
	r = io_replace_file(EVIDENCE_PATH, text.data, text.len, 0644);
	return r < 0 ? fail_errno(f, r, "give the VM more memory", "write %s",
				  EVIDENCE_PATH)
		     : 0;
}
