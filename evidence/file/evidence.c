// SPDX-License-Identifier: MIT
/* See evidence.h. */
#include "evidence/file/evidence.h"

#include <string.h>

#include "lib/digest.h"
#include "lib/own.h"
#include "seal/object/marshal.h"

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

/*
 * Two texts, neither the beginning of the other: a nonce that ends like the
 * name of a key is not taken for a shorter one with a key.
 */
int evidence_inblob(const struct bytes *nonce, const uint8_t *ak_name,
		    uint8_t ret[static evidence_inblob_size])
{
	static const char with_tpm[] = "cvm-init evidence of a TPM";
	static const char without[] = "cvm-init evidence without a TPM";
	const struct digest_span spans[] = {
		{ ak_name ? with_tpm : without,
		  ak_name ? sizeof(with_tpm) - 1 : sizeof(without) - 1 },
		{ nonce->data, nonce->len },
		{ ak_name, ak_name ? tpm_name_size : 0 },
	};
	struct digest_set digest;
	int r = digest_spans(1U << DIGEST_SHA512, spans, array_size(spans),
			     &digest);

	if (r == 0)
		memcpy(ret, digest.value[DIGEST_SHA512], evidence_inblob_size);
	return r;
}
