// SPDX-License-Identifier: MIT
/*
 * The least release number that a TPM still opens keys for: an NV counter.
 * It only goes up, also when somebody deletes and defines it again, since a
 * TPM starts a new counter above every one it ever had.
 */
#include <errno.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "lib/own.h"
#include "seal/object/policy.h"
#include "seal/tpm/internal.h"

static const char what_raise[] = "raise the TPM's minimum release";

enum {
	counter_size = 8,
	increments_max = 1000, /* each is a write to the TPM's flash */
};

/* The counter as it is before its first increment, then with the bit. */
static int is_counter(const TPM2B_NAME *name, TPMA_NV written, bool *ret)
{
	uint8_t public[policy_release_public_size];
	TPMS_NV_PUBLIC area = { 0 };
	uint8_t wanted[tpm_name_size];
	size_t at = 0;
	size_t len = 0;
	int r;

	policy_release_public(public);
	if (Tss2_MU_TPMS_NV_PUBLIC_Unmarshal(public, sizeof(public), &at,
					     &area))
		return -EINVAL;
	area.attributes &= ~TPMA_NV_WRITTEN;
	area.attributes |= written;
	if (Tss2_MU_TPMS_NV_PUBLIC_Marshal(&area, public, sizeof(public), &len))
		return -EINVAL;
	r = tpm_name(public, len, wanted);
	if (r < 0)
		return r;
	*ret = name->size == sizeof(wanted) &&
	       memcmp(name->name, wanted, sizeof(wanted)) == 0;
	return 0;
}

/*
 * The counter: 0 and *ret, -ENOENT without *f when the TPM has none or it was
 * never raised (*ret is it then, or ESYS_TR_NONE).
 */
static int find_counter(struct tpm *t, ESYS_TR *ret, struct fail *f)
{
	static const char what[] = "find the TPM's minimum release";
	own_esys TPM2B_NAME *name = NULL;
	TSS2_RC rc = Esys_TR_FromTPMPublic(t->esys, policy_release_index,
					   ESYS_TR_NONE, ESYS_TR_NONE,
					   ESYS_TR_NONE, ret);
	bool is_ours = false;
	int r;

	if (tpm_rc_base(rc) == TPM2_RC_HANDLE)
		return -ENOENT;
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_TR_GetName(t->esys, *ret, &name);
	if (rc)
		return tpm_fail(t, rc, f, what);
	r = is_counter(name, TPMA_NV_WRITTEN, &is_ours);
	if (r == 0 && is_ours)
		return 0;
	if (r == 0)
		r = is_counter(name, 0, &is_ours);
	if (r < 0)
		return fail_errno(f, r, "give the VM more memory", what);
	if (is_ours)
		return -ENOENT;
	return fail_because(f, "index 0x01800e14 is something else",
			    "remove it with tpm2_nvundefine 0x01800e14", what);
}

static int read_counter(struct tpm *t, ESYS_TR counter, uint64_t *ret,
			struct fail *f)
{
	own_esys TPM2B_MAX_NV_BUFFER *data = NULL;
	TSS2_RC rc = Esys_NV_Read(t->esys, counter, counter, tpm_session(t, 0),
				  ESYS_TR_NONE, ESYS_TR_NONE, counter_size, 0,
				  &data);

	if (rc == TSS2_RC_SUCCESS && data->size != counter_size)
		rc = TSS2_ESYS_RC_MALFORMED_RESPONSE;
	if (rc)
		return tpm_fail(t, rc, f, "read the TPM's minimum release");
	*ret = 0;
	for (int i = 0; i < counter_size; i++)
		*ret = *ret << 8 | data->buffer[i];
	return 0;
}

/* "the TPM opens keys from release 4 on, and this is signed as 3" */
static int fail_old(struct tpm *t, ESYS_TR counter, uint64_t release,
		    struct fail *f)
{
	uint64_t least;
	int r = read_counter(t, counter, &least, f);

	if (r < 0)
		return r;
	(void)fail_because(f, "",
			   "boot a later release, or sign this one with a "
			   "higher number",
			   "unseal the key");
	(void)fail_reason(f,
			  "the TPM opens keys from release %llu on, and this "
			  "one is %llu",
			  (unsigned long long)least,
			  (unsigned long long)release);
	return -EPERM;
}

int tpm_assert_release(struct tpm *t, ESYS_TR session, uint64_t release,
		       struct fail *f)
{
	TPM2B_OPERAND operand = { .size = counter_size };
	ESYS_TR counter = ESYS_TR_NONE;
	TSS2_RC rc;
	int r = find_counter(t, &counter, f);

	if (r == -ENOENT)
		r = fail_because(f, "the TPM keeps no minimum release",
				 "set [tpm] minimum-release in boot.conf",
				 "unseal the key");
	if (r < 0)
		return r;
	policy_release_operand(release, operand.buffer);
	rc = Esys_PolicyNV(t->esys, counter, counter, session,
			   tpm_session(t, 0), ESYS_TR_NONE, ESYS_TR_NONE,
			   &operand, 0, TPM2_EO_UNSIGNED_LE);
	if (tpm_rc_base(rc) == TPM2_RC_POLICY)
		return fail_old(t, counter, release, f);
	return rc ? tpm_fail(t, rc, f, "unseal the key") : 0;
}

/* With an empty password, as what anybody may raise needs none. */
static int define_counter(struct tpm *t, ESYS_TR *ret, struct fail *f)
{
	static const TPM2B_AUTH no_auth = { 0 };
	uint8_t packed[policy_release_public_size];
	TPM2B_NV_PUBLIC public = { 0 };
	size_t at = 0;
	TSS2_RC rc;

	policy_release_public(packed);
	rc = Tss2_MU_TPMS_NV_PUBLIC_Unmarshal(packed, sizeof(packed), &at,
					      &public.nvPublic);
	public.nvPublic.attributes &= ~TPMA_NV_WRITTEN;
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_NV_DefineSpace(t->esys, ESYS_TR_RH_OWNER,
					 tpm_session(t, 0), ESYS_TR_NONE,
					 ESYS_TR_NONE, &no_auth, &public, ret);
	return rc ? tpm_fail(t, rc, f, "define the TPM's minimum release") : 0;
}

static int increment(struct tpm *t, ESYS_TR counter, struct fail *f)
{
	TSS2_RC rc =
		Esys_NV_Increment(t->esys, counter, counter, tpm_session(t, 0),
				  ESYS_TR_NONE, ESYS_TR_NONE);

	return rc ? tpm_fail(t, rc, f, what_raise) : 0;
}

static int raise_to(struct tpm *t, ESYS_TR counter, uint64_t least,
		    struct fail *f)
{
	uint64_t present;
	int r = read_counter(t, counter, &present, f);

	if (r == 0 && present < least && least - present > increments_max) {
		r = fail_because(f, "",
				 "choose numbers in steps of at most 1000",
				 what_raise);
		(void)fail_reason(f, "from %llu to %llu is too far",
				  (unsigned long long)present,
				  (unsigned long long)least);
	}
	for (; r == 0 && present < least; present++)
		r = increment(t, counter, f);
	return r;
}

/* This release would open its volumes once, and then never again. */
static int check_own(const struct tpm *t, uint64_t least, struct fail *f)
{
	if (!t->least_opened || least <= t->least_opened)
		return 0;
	return fail_because(f,
			    "this image is signed with a lower release number",
			    "sign it with at least [tpm] minimum-release",
			    what_raise);
}

int tpm_raise_release(struct tpm *t, uint64_t least, struct fail *f)
{
	ESYS_TR counter = ESYS_TR_NONE;
	int r = check_own(t, least, f);

	if (r == 0)
		r = tpm_need_session(t, f);
	if (r == 0)
		r = find_counter(t, &counter, f);
	if (r == -ENOENT) {
		r = counter == ESYS_TR_NONE ? define_counter(t, &counter, f)
					    : 0;
		if (r == 0)
			r = increment(t, counter, f);
	}
	return r < 0 ? r : raise_to(t, counter, least, f);
}
