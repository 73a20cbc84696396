/* SPDX-License-Identifier: MIT */
/*
 * What the JSON of a LUKS2 header asks for, judged before libcryptsetup acts
 * on it. Pure: the header is the host's to write, and asks for hours of
 * PBKDF2 or for no encryption in the same form as for what we format.
 */
#ifndef SEAL_LUKS_HEADER_H
#define SEAL_LUKS_HEADER_H

#include "lib/json.h"

enum {
	luks_json_max = 128 * 1024,
	/* some seconds in PID 1, which would spend hours on 32 bits of them */
	luks_iterations_max = 10 * 1000 * 1000,
};

/* Parses it; the caller releases *ret. 0, -EFBIG, -EINVAL or -ENOMEM. */
int luks_header_parse(const char *json, struct json_object **ret);

/*
 * NULL when the header has one segment of aes-xts-plain64 from its offset to
 * the end of the disk, one digest for it, and neither flags nor requirements;
 * or else why not, in words: "its header sets activation flags".
 */
const char *luks_header_refusal(struct json_object *header);

/*
 * The same for one keyslot, which is to hold the volume key in the form that
 * cvmctl and systemd-cryptenroll write. Others are not judged: a rescue key
 * may cost what its owner likes.
 */
const char *luks_header_keyslot_refusal(struct json_object *header,
					int keyslot);

/*
 * The same for every keyslot, of whatever KDF, before a key is tried in all
 * of them: with a null cipher any key opens one, to a volume key of the
 * host's choice.
 */
const char *luks_header_keyslots_refusal(struct json_object *header);

#endif
