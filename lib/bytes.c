// SPDX-License-Identifier: MIT
/* See bytes.h. */
#include "lib/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int bytes_copy(const void *data, size_t len, struct bytes *ret)
{
	uint8_t *copy;

	if (len == SIZE_MAX)
		return -ENOMEM;
	copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	*ret = (struct bytes){ copy, len };
	return 0;
}

void bytes_free(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ 0 };
}

struct bytes take_bytes(struct bytes *b)
{
	struct bytes taken = *b;

	*b = (struct bytes){ 0 };
	return taken;
}
