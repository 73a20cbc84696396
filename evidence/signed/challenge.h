/* SPDX-License-Identifier: MIT */
/* The nonce that a challenge asks a TPM to release. */
#ifndef EVIDENCE_SIGNED_CHALLENGE_H
#define EVIDENCE_SIGNED_CHALLENGE_H

#include <stdint.h>

#include "lib/bytes.h"

enum { challenge_size = 32 };

/*
 * What goes into the credential, and so into the quote: SHA-256 of a fixed
 * text, the verifier's random bytes, and both keys as TPM2B_PUBLIC. The random
 * bytes never leave the verifier, so who was challenged as another key than
 * the one shown later has another nonce. 0, -ENOMEM or -EIO.
 */
int challenge_nonce(const uint8_t random[static challenge_size],
		    const struct bytes *ek, const struct bytes *ak,
		    uint8_t ret[static challenge_size]);

#endif
