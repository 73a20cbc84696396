// SPDX-License-Identifier: MIT
/*
 * The pictures of chains that others may have written: of any size, with any
 * name, of any JSON.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "config/boot.h"
#include "cvmctl/show/chain-draw.h"
#include "cvmctl/show/chain-source.h"
#include "cvmctl/show/svg.h"
#include "lib/own.h"
#include "tests/picture.h"

static void assert_draws(struct chain *c)
{
	own_text struct text svg = { 0 };
	own_text struct text text = { 0 };

	assert_int_equal(chain_layout(c), 0);
	assert_int_equal(chain_draw_svg(c, &svg), 0);
	assert_int_equal(chain_draw_text(c, chain_width_min, false, &text), 0);
	assert_is_svg(&svg);
	assert_is_text(&text);
}

/* How many of each an image has, and what they are called. */
static const struct size {
	const char *name;
	unsigned apps, files, volumes;
	const char *title; /* JSON */
	const char *want;  /* in the text; NULL: nothing is looked for */
} sizes[] = {
	{ "nothing", 0, 0, 0, "", "cvm-init: ready" },
	{ "one", 1, 1, 1, "app", "  /app/" },
	{ "the most", 32, 32, 8, "app", "and 20 more applications" },
	{ "the most files", 1, 32, 0, "app", "and 29 more" },
	{ "too many volumes", 0, 0, 200, "v", "and 192 more" },
	{ "hostile names", 12, 4, 8, HOSTILE_NAME, "\\x1b[2J" },
	{ "blank names", 3, 3, 3, "                                ", NULL },
	{ "no names", 3, 3, 3, "", NULL },
};

static void add_event(struct json_object *events, const char *kind,
		      const char *app, const char *path)
{
	own_text struct text json = { 0 };

	text_add(&json,
		 "{\"pcr\":14,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":"
		 "\"%064d\"}],\"content\":{\"kind\":\"%s\",\"app\":\"%s\","
		 "\"path\":\"%s\"}}",
		 7, kind, app, path);
	assert_int_equal(json_append(events, json_tokener_parse(json.s)), 0);
}

/* An image as large and as badly named as the row says. */
static struct json_object *make_manifest(const struct size *size)
{
	struct json_object *o =
		json_tokener_parse("{\"apps\":{\"events\":[]},\"volumes\":[]}");
	struct json_object *events = json_get(json_get(o, "apps"), "events");
	own_text struct text text = { 0 };

	add_event(events, "apps.conf", "", "/etc/cvm-init/apps.conf");
	for (unsigned app = 0; app < size->apps; app++) {
		own_text struct text name = { 0 };

		text_add(&name, "%s%u", size->title, app);
		add_event(events, "exec", name.s, "/usr/bin/python3");
		for (unsigned i = 0; i < size->files; i++)
			add_event(events, "directory", name.s, "/app");
	}
	add_event(events, "cap", "", "cvm-init: ready");
	text_add(&text, "{\"name\":\"%s\",\"mount\":\"/%s\"}", size->title,
		 size->title);
	for (unsigned i = 0; i < size->volumes; i++)
		assert_int_equal(json_append(json_get(o, "volumes"),
					     json_tokener_parse(text.s)),
				 0);
	return o;
}

static void draws_any_size(void **state)
{
	static const struct chain_boot unknown = { .into = BOOT_MEASURE_TPM };
	static const struct chain_keys none = { .n = 0 };
	const struct size *size = *state;
	own_json struct json_object *o = make_manifest(size);
	own_chain struct chain c = { .title = "" };
	own_text struct text text = { 0 };

	chain_set_title(&c, "a note", "a title of %s", size->name);
	chain_from_manifest(o, &unknown, &none, &c);
	assert_draws(&c);
	assert_int_equal(c.end,
			 size->volumes ? CHAIN_END_KEYS : CHAIN_END_NONE);
	assert_int_equal(chain_draw_text(&c, chain_width_max, true, &text), 0);
	if (size->want)
		assert_non_null(strstr(text.s, size->want));
}

static const struct who {
	const char *volumes;
	bool broker, disk;
} who_cases[] = {
	{ "{\"key\":\"delivered\"}", true, false },
	{ "{\"key\":\"sealed\"}", false, true },
	{ "{\"key\":\"delivered\"},{\"key\":\"sealed\"}", true, true },
};

/* Whether a broker or the token of a disk says what a key is sealed to. */
static void draws_who_says(void **state)
{
	static const struct chain_boot unknown = { .into = BOOT_MEASURE_TPM };
	static const struct chain_keys none = { .n = 0 };
	const struct who *who = *state;
	own_text struct text json = { 0 };
	own_json struct json_object *o = NULL;
	own_chain struct chain c = { .title = "" };
	own_text struct text text = { 0 };

	text_add(&json, "{\"apps\":{\"events\":[]},\"volumes\":[%s]}",
		 who->volumes);
	o = json_tokener_parse(json.s);
	chain_from_manifest(o, &unknown, &none, &c);
	assert_draws(&c);
	assert_int_equal(chain_draw_text(&c, chain_width_max, true, &text), 0);
	assert_int_equal(strstr(text.s, "key: from a broker") != NULL,
			 who->broker);
	assert_int_equal(strstr(text.s, "a disk's token adds") != NULL,
			 who->disk);
}

/* The same path twice is told apart by what was measured of it. */
static void tells_kinds_apart(void **state)
{
	static const struct chain_boot unknown = { .into = BOOT_MEASURE_TPM };
	static const struct chain_keys none = { .n = 0 };
	own_json struct json_object *o =
		json_tokener_parse("{\"apps\":{\"events\":[]}}");
	struct json_object *events = json_get(json_get(o, "apps"), "events");
	own_chain struct chain c = { .title = "" };
	own_text struct text text = { 0 };

	(void)state;
	add_event(events, "apps.conf", "", "/etc/cvm-init/apps.conf");
	add_event(events, "exec", "a", "/bin/ping");
	add_event(events, "attributes", "a", "/bin/ping");
	add_event(events, "directory", "a", "/lib");
	add_event(events, "verity", "b", "/model");
	chain_set_title(&c, "a note", "a title");
	chain_from_manifest(o, &unknown, &none, &c);
	assert_draws(&c);
	assert_int_equal(chain_draw_text(&c, chain_width_max, true, &text), 0);
	assert_non_null(strstr(text.s, "/bin/ping: its rights"));
	assert_non_null(strstr(text.s, "/lib/"));
	assert_non_null(strstr(text.s, "/model: by the root hash"));
}

/* JSON of any form, as a manifest and as evidence. */
static const struct odd {
	const char *json;
} odd[] = {
	{ "{\"logs\":{\"firmware\":\"AAAA\",\"init\":{}}}" },
	{ "{}" },
	{ "{\"reports\":[{\"provider\":\"tdx_guest\",\"outblob\":1}],"
	  "\"rtmr\":[]}" },
	{ "{\"reports\":{},\"rtmr\":{\"mrtd\":\"zz\"},\"logs\":{\"ccel\":\"AAAA"
	  "\",\"init\":[1,{\"content\":{\"kind\":\"volume-key\"}}]}}" },
	{ "{\"tpm\":1,\"rtmr\":{},\"logs\":{\"ccel\":[],\"init\":[null]}}" },
	{ "{\"apps\":1,\"volumes\":{},\"kernel\":[],\"initramfs\":\"\"}" },
	{ "{\"apps\":{\"events\":[1,null,[],{\"content\":3}]},\"volumes\":"
	  "[1,null]}" },
	{ "{\"initramfs\":{\"files\":[null,{\"path\":\"init\",\"sha256\":7}]},"
	  "\"ima-policy\":{\"sha256\":\"short\"}}" },
	{ "{\"tpm\":{\"class\":\"<\",\"pcrs\":{\"sha256\":{\"4\":\"00\",\"9\":"
	  "\"zz\",\"14\":9}}},\"reports\":[1,2,3],\"rtmr\":{\"mrtd\":\"\\u0001"
	  "\"},\"logs\":{\"firmware\":1,\"init\":[{\"content\":{\"kind\":"
	  "\"volume-key\"}},{\"content\":{\"kind\":\"volume-key\",\"path\":"
	  "\"a:b:c:d\"}}]}}" },
	{ "{\"tpm\":{\"pcrs\":{\"sha1\":{\"11\":"
	  "\"1111111111111111111111111111111111111111\"}}}}" },
};

static void draws_any_json(void **state)
{
	static const struct chain_boot unknown = { .into = BOOT_MEASURE_TPM };
	static const struct chain_keys none = { .n = 0 };
	const struct odd *odd_one = *state;
	own_json struct json_object *o = json_tokener_parse(odd_one->json);
	own_chain struct chain image = { .title = "" };
	own_chain struct chain evidence = { .title = "" };

	assert_non_null(o);
	chain_from_manifest(o, &unknown, &none, &image);
	assert_draws(&image);
	chain_from_evidence(o, &evidence);
	assert_draws(&evidence);
}

static const struct shortened {
	const char *name;
	size_t max;
	const char *want;
} shortened[] = {
	{ "abcdefgh", 8, "abcdefgh" },
	{ "abcdefgh", 7, "abc\u2026fgh" },
	{ "abcdefgh", 6, "abc\u2026gh" },
	{ "abcdefgh", 2, "a\u2026" },
	{ "abcdefgh", 1, "a" },
	{ "abcdefgh", 0, "" },
	{ "", 0, "" },
};

static void shortens(void **state)
{
	const struct shortened *s = *state;
	char ret[32];

	chain_shorten(s->name, s->max, "\u2026", ret, sizeof(ret));
	assert_string_equal(ret, s->want);
}

static void svg_cuts_what_is_too_wide(void **state)
{
	static const struct svg_text as = { SVG_MONO, 10, "ink", SVG_START };
	own_text struct text svg = { 0 };

	(void)state;
	assert_int_equal(svg_text_width(&as, "0123456789"), 61);
	svg_text(&svg, &as, 1, 2, 60, "0<2345>789");
	assert_non_null(strstr(svg.s, ">0&lt;23\u2026&gt;789<"));
	svg_text(&svg, &as, 1, 2, 61, "\"0123&'789");
	assert_non_null(strstr(svg.s, ">&quot;0123&amp;&#39;789<"));
}

static void a_full_chain_is_refused(void **state)
{
	own_chain struct chain c = { .title = "" };
	struct chain_box *b;

	(void)state;
	b = chain_add_step(&c, "step", "");
	for (unsigned i = 0; i < chain_lines_max; i++)
		chain_add_line(b, CHAIN_ITEM, "", "%u", i);
	assert_int_equal(chain_layout(&c), 0);
	chain_add_line(b, CHAIN_ITEM, "", "one more");
	assert_int_equal(chain_layout(&c), -ENOMEM);
	b->failed = false;
	for (unsigned i = 1; i < chain_boxes_max; i++)
		(void)chain_add_step(&c, "step", "");
	assert_int_equal(chain_layout(&c), 0);
	(void)chain_add_step(&c, "one more", "");
	assert_int_equal(chain_layout(&c), -ENOMEM);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(draws_any_size, sizes),
		TABLE(draws_any_json, odd),
		TABLE(shortens, shortened),
		CASE(svg_cuts_what_is_too_wide),
		CASE(a_full_chain_is_refused),
		CASE(tells_kinds_apart),
		TABLE(draws_who_says, who_cases),
	};

	return table_run(tables, array_size(tables));
}
