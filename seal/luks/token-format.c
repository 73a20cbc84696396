// SPDX-License-Identifier: MIT
/*
 * Writes the token that token.c reads: what systemd-cryptenroll would write,
 * and the values of the literal PCRs, which systemd leaves alone.
 */
#include <errno.h>

#include "lib/base64.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/luks/token.h"

static const char what_write[] = "write the TPM token";

static void add_pcrs(struct text *t, const char *name, uint32_t mask)
{
	text_add(t, ",\"%s\":[", name);
	pcr_list_write(mask, t);
	text_add(t, "]");
}

static int add_signer(struct text *t, const struct sealed_key *key)
{
	own_free char *signer = NULL;

	if (!key->signed_mask)
		return 0;
	signer = base64_encode(&key->signer);
	if (!signer)
		return -ENOMEM;
	add_pcrs(t, "tpm2_pubkey_pcrs", key->signed_mask);
	text_add(t, ",\"tpm2_pubkey\":\"%s\"", signer);
	return 0;
}

/* So that init can say which of several PCRs differs. */
static void add_expected(struct text *t, const struct pcr_values *expected)
{
	const char *separator = "";
	char hex[2 * digest_size_max + 1];

	if (!expected->mask)
		return;
	text_add(t, ",\"cvm-init-pcrs\":{");
	for (unsigned i = 0; i < pcr_count; i++) {
		if (!(expected->mask & 1U << i))
			continue;
		hex_encode(expected->value[i], digest_size(expected->bank),
			   hex);
		text_add(t, "%s\"%u\":\"%s\"", separator, i, hex);
		separator = ",";
	}
	text_add(t, "}");
}

/* "ecc", "rsa"; NULL when the SRK is neither. */
static const char *primary_alg(const struct sealed_key *key)
{
	struct srk_record record;

	if (!key->srk.len)
		return key->rsa_primary ? "rsa" : "ecc";
	if (srk_record_parse(&key->srk, &record) < 0)
		return NULL;
	if (record.type == tpm_alg_rsa)
		return "rsa";
	return record.type == tpm_alg_ecc ? "ecc" : NULL;
}

/* The values are digits, hex and base64: none needs quoting in JSON. */
int token_format(const struct sealed_key *key, int keyslot, char **ret,
		 struct fail *f)
{
	own_free char *blob = base64_encode(&key->blob);
	own_free char *srk = base64_encode(&key->srk);
	own_text struct text t = { 0 };
	const char *alg = primary_alg(key);
	char policy[2 * sizeof(key->policy_digest) + 1];
	int r;

	if (!alg)
		return fail_because(f, "its SRK is neither ECC nor RSA",
				    "seal the key with cvmctl seal", "%s",
				    what_write);
	hex_encode(key->policy_digest, sizeof(key->policy_digest), policy);
	text_add(&t, "{\"type\":\"" TOKEN_TYPE "\",\"keyslots\":[\"%d\"]",
		 keyslot);
	text_add(&t, ",\"tpm2-blob\":\"%s\"", blob ? blob : "");
	add_pcrs(&t, "tpm2-pcrs", key->pcr_mask);
	text_add(&t, ",\"tpm2-pcr-bank\":\"%s\"", digest_name(key->bank));
	text_add(&t, ",\"tpm2-primary-alg\":\"%s\"", alg);
	r = add_signer(&t, key);
	text_add(&t, ",\"tpm2-policy-hash\":\"%s\"", policy);
	if (key->srk.len)
		text_add(&t, ",\"tpm2_srk\":\"%s\"", srk ? srk : "");
	add_expected(&t, &key->expected);
	text_add(&t, "}");
	if (!blob || !srk || r < 0 || text_failed(&t))
		return fail_errno(f, ENOMEM, "give the VM more memory", "%s",
				  what_write);
	*ret = take_ptr(t.s);
	return 0;
}
