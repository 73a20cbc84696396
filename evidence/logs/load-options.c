// SPDX-License-Identifier: MIT
/* See load-options.h. */
#include "evidence/logs/load-options.h"

#include <errno.h>

#include "lib/text.h"

int load_options_encode(const char *text, size_t len, struct bytes *ret)
{
	own_text struct text t = { 0 };

	if (len > load_options_max)
		return -EFBIG;
	for (size_t i = 0; i < len; i++) {
		const char unit[2] = { text[i], '\0' };

		if (text[i] < ' ' || text[i] > '~')
			return -EINVAL;
		text_add_bytes(&t, unit, sizeof(unit));
	}
	text_add_bytes(&t, "\0", 2);
	return text_failed(&t) ? -ENOMEM : bytes_copy(t.s, t.len, ret);
}
