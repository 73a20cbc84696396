/* SPDX-License-Identifier: MIT */
/* What every picture of cvmctl has to be. Include cmocka.h first. */
#ifndef TESTS_PICTURE_H
#define TESTS_PICTURE_H

#include <stdio.h>
#include <string.h>

#include "lib/text.h"

/* Columns, of the narrowest terminal. */
enum { picture_width = 80 };

/* JSON of a name that would act, were it not escaped. */
#define HOSTILE_NAME "<a href=\\\"x\\\">&amp;'\\u001b[2J\\u202e\\n\\u0000\\\\"

/* For an XML parser of others it has elements of ours alone, and no link. */
static inline void assert_is_svg(const struct text *svg)
{
	static const char parse[] =
		"python3 -c 'import sys, xml.etree.ElementTree as tree\n"
		"for e in tree.parse(sys.stdin).iter():\n"
		" assert e.tag.split(\"}\")[1] in \"svg title desc style rect "
		"path text\".split(), e.tag\n"
		" assert set(e.keys()) <= set(\"width height viewBox role "
		"aria-labelledby id class x y rx d font-size text-anchor\""
		".split()), e.attrib\n'";
	FILE *pipe = popen(parse, "w");

	assert_non_null(pipe);
	assert_int_equal(fwrite(svg->s, 1, svg->len, pipe), svg->len);
	assert_int_equal(pclose(pipe), 0);
	assert_null(strstr(svg->s, "url("));
}

/* Printable ASCII, and of lines that are not too wide. */
static inline void assert_is_text(const struct text *text)
{
	size_t column = 0;

	for (size_t i = 0; i < text->len; i++) {
		char c = text->s[i];

		column = c == '\n' ? 0 : column + 1;
		assert_true(c == '\n' || (c >= ' ' && c < 127));
		assert_true(column <= picture_width);
	}
}

#endif
