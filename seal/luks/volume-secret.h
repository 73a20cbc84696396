/* SPDX-License-Identifier: MIT */
/*
 * The secret that is sealed for a volume: random bytes, and behind them which
 * volume it is for. Who has the disk can write any UUID to its header, and
 * the token of one volume to another; what a TPM releases he cannot change.
 * systemd, whose own secrets name no volume, takes it like any other.
 */
#ifndef SEAL_LUKS_VOLUME_SECRET_H
#define SEAL_LUKS_VOLUME_SECRET_H

#include "lib/secret.h"

enum {
	volume_uuid_len = 36, /* as text, RFC 9562, 4 */
	volume_secret_random = 32,
	/* the random bytes, "cvm-init volume ", the UUID in lower case */
	volume_secret_size = volume_secret_random + 16 + volume_uuid_len,
};

/*
 * A fresh one for the volume with that UUID. -EINVAL when that has another
 * length than a UUID's; -errno. The caller frees *ret.
 */
int volume_secret_make(const char *uuid, struct secret *ret);

/* The UUID that it names; empty when it names none. */
void volume_secret_uuid(const struct secret *secret,
			char ret[static volume_uuid_len + 1]);

#endif
