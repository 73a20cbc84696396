/* SPDX-License-Identifier: MIT */
/*
 * A volume's key from a broker outside: this boot's evidence goes out, a key
 * sealed for this boot's TPM comes back. docs/broker.md has the messages.
 */
#ifndef INIT_DELIVER_H
#define INIT_DELIVER_H

#include "init/boot.h"
#include "lib/bytes.h"
#include "lib/fail.h"

/*
 * Asks the broker of boot.conf for the key of the volume whose LUKS2 header has
 * this UUID. 0 and the token, which the broker has signed for this boot, which
 * a NUL follows, and which the caller frees; or -errno.
 */
int deliver_key(const struct boot *b, const struct boot_volume *v,
		const char *uuid, struct bytes *ret, struct fail *f);

#endif
