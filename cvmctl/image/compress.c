// SPDX-License-Identifier: MIT
/* See compress.h. The work is libzstd's. */
#include "cvmctl/image/compress.h"

#include <errno.h>
#include <string.h>
#include <zstd.h>

#include "lib/own.h"
#include "lib/text.h"

enum { level = 19 };

static void stream_free(ZSTD_DStream **s)
{
	(void)ZSTD_freeDStream(*s); /* always 0 */
}

#define own_stream __attribute__((cleanup(stream_free)))

int compress_zstd(const struct bytes *in, struct bytes *ret)
{
	size_t bound = ZSTD_compressBound(in->len);
	own_free uint8_t *out = malloc(bound);
	size_t n;

	if (!out)
		return -ENOMEM;
	n = ZSTD_compress(out, bound, in->data, in->len, level);
	return ZSTD_isError(n) ? -EIO : bytes_copy(out, n, ret);
}

bool compress_is_zstd(const uint8_t *data, size_t len)
{
	static const uint8_t magic[4] = { 0x28, 0xb5, 0x2f, 0xfd };

	return len >= sizeof(magic) && memcmp(data, magic, sizeof(magic)) == 0;
}

int compress_unpack_zstd(const struct bytes *in, size_t max, struct bytes *ret)
{
	own_stream ZSTD_DStream *stream = ZSTD_createDStream();
	own_free uint8_t *block = malloc(ZSTD_DStreamOutSize());
	own_text struct text out = { 0 };
	ZSTD_inBuffer from = { in->data, in->len, 0 };
	size_t left = 1;

	if (!stream || !block)
		return -ENOMEM;
	while (left) {
		ZSTD_outBuffer to = { block, ZSTD_DStreamOutSize(), 0 };
		size_t before = from.pos;

		left = ZSTD_decompressStream(stream, &to, &from);
		/* neither reads nor writes: the frame is cut off */
		if (ZSTD_isError(left) || (from.pos == before && !to.pos))
			return -EINVAL;
		if (to.pos > max - out.len)
			return -EFBIG;
		text_add_bytes(&out, block, to.pos);
	}
	if (from.pos != from.size)
		return -EINVAL;
	return text_failed(&out) ? -ENOMEM : bytes_copy(out.s, out.len, ret);
}
