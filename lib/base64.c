// SPDX-License-Identifier: MIT
/*
 * See base64.h. OpenSSL's decoder skips blanks and takes any padding, so
 * strictness is had by encoding the result again.
 */
#include "lib/base64.h"

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/own.h"

size_t base64_length(size_t len)
{
	return (len + 2) / 3 * 4;
}

char *base64_encode(const struct bytes *data)
{
	char *s;

	if (data->len > INT_MAX / 2)
		return NULL;
	s = malloc(base64_length(data->len) + 1);
	if (!s)
		return NULL;
	s[0] = '\0';
	if (data->len)
		(void)EVP_EncodeBlock((uint8_t *)s, data->data,
				      (int)data->len); /* returns the length */
	return s;
}

int base64_decode(const char *s, size_t max, struct bytes *ret)
{
	size_t len = strnlen(s, max + 1);
	own_bytes struct bytes data = { 0 };
	own_free char *again = NULL;
	int n;

	if (len == 0 || len > max || len > INT_MAX / 2 || len % 4)
		return -EINVAL;
	if (bytes_copy(s, len, &data) < 0)
		return -ENOMEM;
	n = EVP_DecodeBlock(data.data, (const uint8_t *)s, (int)len);
	if (n < 3)
		return -EINVAL;
	data.len = (size_t)n - (s[len - 1] == '=') - (s[len - 2] == '=');
	data.data[data.len] = '\0';
	again = base64_encode(&data);
	if (!again)
		return -ENOMEM;
	if (strcmp(again, s) != 0)
		return -EINVAL;
	*ret = take_bytes(&data);
	return 0;
}
