// SPDX-License-Identifier: MIT
/* See volume-secret.h. */
#include "seal/luks/volume-secret.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

static const char mark[] = "cvm-init volume ";

enum { mark_at = volume_secret_random, mark_len = sizeof(mark) - 1 };

_Static_assert(mark_at + mark_len + (int)volume_uuid_len ==
		       (int)volume_secret_size,
	       "the parts of a secret are all of it");

int volume_secret_make(const char *uuid, struct secret *ret)
{
	struct secret s = { 0 };
	int r = strlen(uuid) == volume_uuid_len
			? secret_alloc(volume_secret_size, &s)
			: -EINVAL;

	if (r < 0)
		return r;
	if (getrandom(s.data, volume_secret_random, 0) !=
	    volume_secret_random) {
		r = -errno;
		secret_free(&s);
		return r;
	}
	memcpy(s.data + mark_at, mark, mark_len);
	memcpy(s.data + mark_at + mark_len, uuid, volume_uuid_len);
	*ret = s;
	return 0;
}

void volume_secret_uuid(const struct secret *secret,
			char ret[static volume_uuid_len + 1])
{
	ret[0] = '\0';
	if (secret->len != volume_secret_size ||
	    memcmp(secret->data + mark_at, mark, mark_len) != 0)
		return;
	memcpy(ret, secret->data + mark_at + mark_len, volume_uuid_len);
	ret[volume_uuid_len] = '\0';
}
