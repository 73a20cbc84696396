// SPDX-License-Identifier: MIT
/* LoadOptions: UTF-16LE, with a NUL. */
#include <errno.h>
#include <string.h>

#include "tests/table.h"

#include "evidence/logs/load-options.h"
#include "lib/own.h"

static const struct text_case {
	const char *text;
	size_t len;
	int want;
	const char *encoded; /* two bytes more than 2 * len */
} texts[] = {
	{ "", 0, 0, "\0" },
	{ "a", 1, 0, "a\0\0" },
	{ "q =~", 4, 0, "q\0 \0=\0~\0\0" },
	{ "\x1f", 1, -EINVAL, NULL },
	{ "\x7f", 1, -EINVAL, NULL },
	{ "a\nb", 3, -EINVAL, NULL },
	{ "a\0b", 3, -EINVAL, NULL },
	{ "\xc3\xa4", 2, -EINVAL, NULL },
};

static void encodes(void **state)
{
	const struct text_case *c = *state;
	own_bytes struct bytes b = { 0 };

	assert_int_equal(load_options_encode(c->text, c->len, &b), c->want);
	if (c->want < 0) {
		assert_null(b.data);
		return;
	}
	assert_int_equal(b.len, 2 * c->len + 2);
	assert_memory_equal(b.data, c->encoded, b.len);
}

static void is_bounded(void **state)
{
	char text[load_options_max + 1];
	own_bytes struct bytes b = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(load_options_encode(text, load_options_max + 1, &b),
			 -EFBIG);
	assert_int_equal(load_options_encode(text, load_options_max, &b), 0);
	assert_int_equal(b.len, 2 * load_options_max + 2);
}

int main(void)
{
	const struct table tables[] = { TABLE(encodes, texts),
					CASE(is_bounded) };

	return table_run(tables, array_size(tables));
}
