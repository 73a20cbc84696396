// SPDX-License-Identifier: MIT
/* See pictures.h. */
#include "tests/fuzz/pictures.h"

#include <string.h>

#include "cvmctl/show/chain-draw.h"
#include "cvmctl/show/chain-source.h"
#include "cvmctl/show/timeline.h"
#include "lib/own.h"
#include "lib/strict-json.h"
#include "tests/fuzz/promise.h"

/* Both pictures of a chain are printable, whatever it is made of. */
static void expect_pictures(struct chain *c)
{
	own_text struct text text = { 0 };
	own_text struct text svg = { 0 };

	expect(chain_layout(c) == 0, "a chain that fits");
	expect(chain_draw_text(c, chain_width_min, false, &text) == 0 &&
		       chain_draw_svg(c, &svg) == 0,
	       "memory");
	for (size_t i = 0; i < text.len; i++)
		expect(text.s[i] == '\n' ||
			       (text.s[i] >= 0x20 && text.s[i] < 0x7f),
		       "printable text");
	expect(!memchr(svg.s, '\x1b', svg.len), "a printable SVG");
}

void fuzz_chain(const uint8_t *data, size_t len)
{
	static const struct chain_boot unknown = { .is_known = false };
	static const struct chain_keys none = { .n = 0 };
	own_bytes struct bytes b = as_text(data, len);
	own_json struct json_object *o = NULL;
	own_chain struct chain image = { .title = "" };
	own_chain struct chain evidence = { .title = "" };

	if (strict_json_parse((char *)b.data, len, 16, &o) < 0)
		return;
	chain_from_manifest(o, &unknown, &none, &image);
	expect_pictures(&image);
	chain_from_evidence(o, &evidence);
	expect_pictures(&evidence);
}

void fuzz_report(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = as_text(data, len);
	own_text struct text text = { 0 };
	own_text struct text svg = { 0 };
	struct timeline t;
	struct fail f = { 0 };

	if (timeline_parse("report", (char *)b.data, b.len, &t, &f) < 0) {
		expect_failure(&f);
		return;
	}
	expect(t.n >= 1 && t.n <= timeline_stages_max, "stages");
	expect(timeline_draw_text(&t, timeline_width_min, false, &text) == 0 &&
		       timeline_draw_svg(&t, &svg) == 0,
	       "memory");
}
