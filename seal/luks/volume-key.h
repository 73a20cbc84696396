/* SPDX-License-Identifier: MIT */
/*
 * The key of a volume that may have several systemd-tpm2 tokens: for more
 * than one TPM, or for applications of now and of next week.
 */
#ifndef SEAL_LUKS_VOLUME_KEY_H
#define SEAL_LUKS_VOLUME_KEY_H

#include <stdbool.h>

#include "lib/fail.h"
#include "lib/secret.h"
#include "seal/luks/luks.h"
#include "seal/tpm/tpm.h"

struct volume_key_request {
	struct luks *luks;
	struct tpm *tpm;
	const char *volume;		     /* its name, for failures */
	const struct signatures *signatures; /* for tpm_unseal; or NULL */
	bool import; /* also a key that was sealed away from the TPM */
	/*
	 * What the volume is called in the measured configuration: a key that
	 * names another one is passed over; NULL: whatever it names.
	 */
	const char *uuid;
	bool bound; /* pass over a key that names none, too */
	/*
	 * 0 when a key may be used, -EINVAL with *f when it is to be passed
	 * over; NULL: any may. It may change what signatures points to.
	 */
	int (*check)(const struct sealed_key *key, void *context,
		     struct fail *f);
	void *context;
};

/*
 * Goes through the tokens in the order of their numbers. A token that cannot
 * be read, that import or check refuses, that is another TPM's or damaged,
 * whose policy the PCRs do not meet, or whose key is another volume's, is
 * passed over; the key of the first one that the TPM releases for this volume
 * is taken, whether it fits its keyslot or not.
 * Every token is judged as if it were the only one: who can write the header
 * can prevent that the volume opens, and no more.
 *
 * *ret is the passphrase of keyslot *ret_keyslot; the caller frees it. When
 * nothing is released, the failure is that of the token that came furthest.
 * Any other failure of a token ends it at once.
 */
int volume_key_unseal(const struct volume_key_request *q, struct secret *ret,
		      int *ret_keyslot, struct fail *f);

/*
 * The same by one token that is not in the header, which is judged as one that
 * is: by check, by the TPM, and by the keyslot that it names. It was sealed
 * away from the TPM, so q->import has to be true.
 */
int volume_key_unseal_delivered(const struct volume_key_request *q,
				const char *token, struct secret *ret,
				int *ret_keyslot, struct fail *f);

#endif
