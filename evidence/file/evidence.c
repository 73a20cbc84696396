// SPDX-License-Identifier: MIT
/* See evidence.h. */
#include "evidence/file/evidence.h"

static void free_signed(struct evidence_signed *s)
{
	bytes_free(&s->attest);
	bytes_free(&s->signature);
}

void evidence_tpm_free(struct evidence_tpm *t)
{
	bytes_free(&t->ek);
	bytes_free(&t->ek_certificate);
	bytes_free(&t->ak);
	bytes_free(&t->srk);
	free_signed(&t->srk_certification);
	free_signed(&t->quote);
	*t = (struct evidence_tpm){ 0 };
}

void evidence_report_free(struct evidence_report *r)
{
	bytes_free(&r->inblob);
	bytes_free(&r->outblob);
	bytes_free(&r->auxblob);
	bytes_free(&r->manifestblob);
	*r = (struct evidence_report){ 0 };
}

void evidence_free(struct evidence *e)
{
	bytes_free(&e->nonce);
	evidence_tpm_free(&e->tpm);
	bytes_free(&e->firmware);
	bytes_free(&e->ccel);
	json_release(&e->init);
	bytes_free(&e->ima);
	bytes_free(&e->systemd);
	for (size_t i = 0; i < e->reports; i++)
		evidence_report_free(&e->report[i]);
	*e = (struct evidence){ 0 };
}
