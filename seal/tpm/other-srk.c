// SPDX-License-Identifier: MIT
/*
 * When 0x81000001 holds another storage root key than is wanted: whose the
 * wanted one is. A primary key comes from the TPM's seed and a template alone
 * (TCG Part 1, 14.3), so the TPM that once made a key makes it again, until it
 * is cleared. The answer chooses the words of a refusal and nothing else: that
 * nobody has authenticated it does no harm.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "lib/own.h"
#include "seal/tpm/internal.h"

static TSS2_RC make(struct tpm *t, bool rsa, uint8_t ret[static tpm_name_size])
{
	own_esys TPM2B_NAME *name = NULL;
	ESYS_TR primary = ESYS_TR_NONE;
	TSS2_RC rc = tpm_create_primary(t, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
					tpm_srk_template(rsa), &primary, NULL);

	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_TR_GetName(t->esys, primary, &name);
	tpm_flush(t, &primary);
	if (rc)
		return rc;
	if (name->size != tpm_name_size)
		return TSS2_ESYS_RC_MALFORMED_RESPONSE;
	memcpy(ret, name->name, tpm_name_size);
	return TSS2_RC_SUCCESS;
}

enum srk_owner tpm_srk_owner(struct tpm *t, bool rsa,
			     const uint8_t name[static tpm_name_size])
{
	struct srk_made *made = &t->srk_made[rsa];

	/* RSA takes a TPM seconds, and a volume may have many tokens */
	if (!made->asked)
		made->failed = make(t, rsa, made->name) != TSS2_RC_SUCCESS;
	made->asked = true;
	if (made->failed)
		return SRK_OWNER_UNKNOWN;
	return CRYPTO_memcmp(made->name, name, tpm_name_size) == 0
		       ? SRK_OWNER_THIS_TPM
		       : SRK_OWNER_ANOTHER;
}

const char *tpm_remedy_srk(bool rsa)
{
	/* what is missing there is made again, but P-256 where that goes */
	if (rsa)
		return "put the RSA key back there as init(8) says";
	return "remove the wrong key with tpm2_evictcontrol -C o -c 0x81000001";
}
