// SPDX-License-Identifier: MIT
/* See hex.h. Upper case is refused so that one value has one spelling. */
#include "lib/hex.h"

#include <errno.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";

void hex_encode(const uint8_t *data, size_t len, char *ret)
{
	for (size_t i = 0; i < len; i++) {
		*ret++ = digits[data[i] >> 4];
		*ret++ = digits[data[i] & 15];
	}
	*ret = '\0';
}

static int digit_value(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

int hex_decode(const char *hex, size_t max, uint8_t *ret, size_t *ret_len)
{
	size_t len = strlen(hex);

	if (len == 0 || len % 2)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (digit_value(hex[i]) < 0)
			return -EINVAL;
	if (len / 2 > max)
		return -ERANGE;
	for (size_t i = 0; i < len / 2; i++)
		ret[i] = (uint8_t)(digit_value(hex[2 * i]) << 4 |
				   digit_value(hex[2 * i + 1]));
	*ret_len = len / 2;
	return 0;
}
