// SPDX-License-Identifier: MIT
/*
 * From a token into the TPM. The sealed object comes from a disk that the
 * host may have written, so it is held against its token before it is used,
 * and it is loaded only where the session's salt went to the key that is to
 * be its parent, or to an SRK that the caller has pinned.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "lib/own.h"
#include "seal/object/sealed-object.h"
#include "seal/tpm/internal.h"

static const char what_unseal[] = "unseal the key";
static const char seal_again[] = "seal it again on this TPM with cvmctl seal";
static const char damaged[] = "its blob is damaged";
static const char restore[] =
	"restore the volume's header from a copy, or seal "
	"it again with cvmctl seal";

/* An object in the structures of the commands that take it. */
struct object {
	TPM2B_PRIVATE private;
	TPM2B_PUBLIC public;
	TPM2B_ENCRYPTED_SECRET seed; /* size 0 unless it is to be imported */
};

static bool copy(const struct unmarshal *from, void *ret, size_t size,
		 UINT16 *ret_size)
{
	if (from->len > size)
		return false;
	if (from->len)
		memcpy(ret, from->at, from->len);
	*ret_size = (UINT16)from->len;
	return true;
}

static int unpack(const struct sealed_key *key, struct object *ret,
		  struct fail *f)
{
	struct sealed_object o;
	const char *why = sealed_object_parse(key, &o);
	size_t at = 0;

	if (!why &&
	    (!copy(&o.private, ret->private.buffer, sizeof(ret->private.buffer),
		   &ret->private.size) ||
	     !copy(&o.seed, ret->seed.secret, sizeof(ret->seed.secret),
		   &ret->seed.size) ||
	     Tss2_MU_TPMT_PUBLIC_Unmarshal(o.public.at, o.public.len, &at,
					   &ret->public.publicArea)))
		why = damaged;
	return why ? fail_because(f, why, restore, what_unseal) : 0;
}

static int fail_srk(struct tpm *t, const struct srk_record *wanted,
		    struct fail *f)
{
	bool rsa = wanted->type == TPM2_ALG_RSA;

	switch (tpm_srk_owner(t, rsa, wanted->name)) {
	case SRK_OWNER_THIS_TPM:
		(void)fail_because(f,
				   "it was sealed by this TPM, but 0x81000001 "
				   "holds another key now",
				   tpm_remedy_srk(rsa), what_unseal);
		break;
	case SRK_OWNER_ANOTHER:
		(void)fail_because(f,
				   "it was sealed by another TPM, or before "
				   "this one was cleared",
				   seal_again, what_unseal);
		break;
	case SRK_OWNER_UNKNOWN:
		(void)fail_because(f, "it was sealed by another TPM or SRK",
				   seal_again, what_unseal);
	}
	return -ENXIO;
}

/*
 * This is where the session becomes one with the pinned SRK: see the top of
 * session.c.
 */
static int check_srk(struct tpm *t, const struct sealed_key *key,
		     struct fail *f)
{
	struct srk_record pinned;
	struct srk_record present;

	if (srk_record_parse(&key->srk, &pinned) < 0)
		return fail_because(f,
				    "its token does not name the storage "
				    "root key 0x81000001",
				    seal_again, what_unseal);
	if (srk_record_parse(&t->srk_record, &present) < 0 ||
	    CRYPTO_memcmp(pinned.name, present.name, tpm_name_size) != 0)
		return fail_srk(t, &pinned, f);
	return 0;
}

/*
 * The key below which the object is. *ret_made is to be flushed: that of old
 * tokens. They say nothing of the key that our session is salted to, so that
 * has to be known from elsewhere.
 */
static int find_parent(struct tpm *t, const struct sealed_key *key,
		       ESYS_TR *ret_parent, ESYS_TR *ret_made, struct fail *f)
{
	int r;

	if (key->srk.len) {
		*ret_parent = t->srk;
		return check_srk(t, key, f);
	}
	if (!t->srk_pinned) {
		(void)fail_because(f,
				   "its token does not name the storage root "
				   "key, and nothing else does",
				   "set [tpm] srk in boot.conf, or seal it "
				   "again with cvmctl seal",
				   what_unseal);
		return -ENXIO;
	}
	r = tpm_create_legacy_primary(t, key->rsa_primary, ret_made, f);
	*ret_parent = *ret_made;
	return r;
}

/* The private part as if the object had been made here. */
static TSS2_RC import(struct tpm *t, ESYS_TR parent, struct object *o)
{
	static const TPM2B_DATA no_key = { 0 };
	static const TPMT_SYM_DEF_OBJECT none = { .algorithm = TPM2_ALG_NULL };
	own_esys TPM2B_PRIVATE *private = NULL;
	TSS2_RC rc =
		Esys_Import(t->esys, parent, tpm_session(t, 0), ESYS_TR_NONE,
			    ESYS_TR_NONE, &no_key, &o->public, &o->private,
			    &o->seed, &none, &private);

	if (rc == TSS2_RC_SUCCESS)
		o->private = *private;
	return rc;
}

/* Below an SRK that is the right one, only the blob can be wrong. */
static int fail_load(struct tpm *t, TSS2_RC rc, const struct sealed_key *key,
		     struct fail *f)
{
	if (!key->srk.len || tpm_rc_base(rc) != TPM2_RC_INTEGRITY)
		return tpm_fail(t, rc, f, what_unseal);
	(void)fail_because(f, damaged, restore, what_unseal);
	return -EUCLEAN;
}

int tpm_load(struct tpm *t, const struct sealed_key *key, ESYS_TR *ret,
	     struct fail *f)
{
	struct object o = { 0 };
	ESYS_TR parent = ESYS_TR_NONE;
	ESYS_TR made = ESYS_TR_NONE;
	TSS2_RC rc = TSS2_RC_SUCCESS;
	int r = unpack(key, &o, f);

	if (r == 0)
		r = find_parent(t, key, &parent, &made, f);
	if (r == 0 && o.seed.size)
		rc = import(t, parent, &o);
	if (r == 0 && rc == TSS2_RC_SUCCESS)
		rc = Esys_Load(t->esys, parent, tpm_session(t, 0), ESYS_TR_NONE,
			       ESYS_TR_NONE, &o.private, &o.public, ret);
	/* the blob is all that these commands get of the token */
	if (tpm_rc_is_parameter(rc))
		rc = TPM2_RC_INTEGRITY;
	if (rc)
		r = fail_load(t, rc, key, f);
	tpm_flush(t, &made);
	return r;
}
