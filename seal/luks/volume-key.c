// SPDX-License-Identifier: MIT
/* See volume-key.h. */
#include "seal/luks/volume-key.h"

#include <errno.h>
#include <string.h>

#include "lib/own.h"
#include "seal/luks/token.h"
#include "seal/luks/volume-secret.h"
#include "seal/object/sealed-object.h"

/* How far a token came; 0 for a failure that the next one would meet too. */
static int distance(int r)
{
	switch (r) {
	case -EINVAL: return 1;	 /* it is not one that we can use */
	case -ENXIO: return 2;	 /* it is another TPM's */
	case -EUCLEAN: return 3; /* it is this TPM's, and damaged */
	case -EPERM: return 4;	 /* the PCRs differ */
	case -EXDEV: return 5;	 /* it is released, and another volume's */
	default: return 0;
	}
}

/*
 * The header was found by its UUID and read again since, and a UUID is as easy
 * to write as the rest of it: only the key says which volume it opens.
 */
static int check_volume(const struct volume_key_request *q,
			const struct secret *unsealed, struct fail *f)
{
	char uuid[volume_uuid_len + 1];

	volume_secret_uuid(unsealed, uuid);
	if (*uuid && (!q->uuid || strcmp(uuid, q->uuid) == 0))
		return 0;
	if (!*uuid && !q->bound)
		return 0;
	if (!*uuid)
		(void)fail_because(f, "its key names no volume",
				   "seal it again with cvmctl seal, or set "
				   "bound = no in its [volume]",
				   "use volume %s", q->volume);
	else {
		(void)fail_because(f, "",
				   "attach its own disk, or seal its key again "
				   "with cvmctl seal",
				   "use volume %s", q->volume);
		(void)fail_reason(f, "its key is for the volume with UUID %s",
				  uuid);
	}
	return -EXDEV;
}

static int unseal(const struct volume_key_request *q,
		  const struct sealed_key *key, struct secret *ret,
		  struct fail *f)
{
	own_secret struct secret unsealed = { 0 };
	int r = tpm_unseal(q->tpm, key, q->signatures, &unsealed, f);

	if (r < 0) {
		fail_what(f, "unseal the key of volume %s", q->volume);
		return r;
	}
	r = check_volume(q, &unsealed, f);
	if (r < 0)
		return r;
	r = token_passphrase(&unsealed, ret);
	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "prepare the keyslot's passphrase");
	return 0;
}

/*
 * To seal away from a TPM takes the public part of its storage root key and a
 * policy, and every token tells both: who can read the disk can make a key for
 * a volume of his own. A blob that is none is left to tpm_unseal.
 */
static int check_origin(const struct volume_key_request *q,
			const struct sealed_key *key, struct fail *f)
{
	struct sealed_object o;

	if (q->import || sealed_object_parse(key, &o) || !o.seed.at)
		return 0;
	return fail_because(f, "its key was sealed away from this TPM",
			    "seal it on this TPM, or set import = yes in its "
			    "[volume]",
			    "use volume %s", q->volume);
}

/* What holds for every key, wherever its token is from. */
static int use_key(const struct volume_key_request *q,
		   const struct sealed_key *key, struct secret *ret,
		   struct fail *f)
{
	int r = check_origin(q, key, f);

	if (r == 0 && q->check)
		r = q->check(key, q->context, f);
	return r < 0 ? r : unseal(q, key, ret, f);
}

static int try_token(const struct volume_key_request *q, int token,
		     struct secret *ret, int *ret_keyslot, struct fail *f)
{
	own_sealed_key struct sealed_key key = { 0 };
	int keyslot;
	int r = luks_read_token(q->luks, token, &key, &keyslot, f);

	if (r == 0)
		r = use_key(q, &key, ret, f);
	if (r == 0)
		*ret_keyslot = keyslot;
	return r;
}

int volume_key_unseal_delivered(const struct volume_key_request *q,
				const char *token, struct secret *ret,
				int *ret_keyslot, struct fail *f)
{
	own_sealed_key struct sealed_key key = { 0 };
	int keyslot;
	int r = luks_read_delivered(q->luks, token, &key, &keyslot, f);

	if (r == 0)
		r = use_key(q, &key, ret, f);
	if (r == 0)
		*ret_keyslot = keyslot;
	return r;
}

int volume_key_unseal(const struct volume_key_request *q, struct secret *ret,
		      int *ret_keyslot, struct fail *f)
{
	int token = luks_next_token(q->luks, -1);
	struct fail failure = { 0 };
	int best = 0;

	if (token < 0)
		return fail_because(f, "its header has no systemd-tpm2 token",
				    "seal its key again with cvmctl seal",
				    "use volume %s", q->volume);
	for (; token >= 0; token = luks_next_token(q->luks, token)) {
		int r = try_token(q, token, ret, ret_keyslot, &failure);

		if (r == 0)
			return 0;
		if (!distance(r)) {
			*f = failure;
			return r;
		}
		if (distance(r) > distance(best)) {
			best = r;
			*f = failure;
		}
	}
	return best;
}
