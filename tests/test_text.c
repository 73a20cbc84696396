// SPDX-License-Identifier: MIT
/* Numbers, names, paths, word lists, escapes and the string that grows. */
#include "lib/text.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/own.h"
#include "tests/table.h"

enum { untouched = 4711 };

struct number_case {
	const char *text;
	uint64_t max;
	int result;
	uint64_t value;
};

static const struct number_case numbers[] = {
	{ "0", 10, 0, 0 },
	{ "10", 10, 0, 10 },
	{ "11", 10, -ERANGE, 0 },
	{ "007", 10, 0, 7 },
	{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
	{ "184467440737095516150", UINT64_MAX, -ERANGE, 0 },
	{ "99999999999999999999999x", UINT64_MAX, -EINVAL, 0 },
	{ "", 10, -EINVAL, 0 },
	{ " 1", 10, -EINVAL, 0 },
	{ "1 ", 10, -EINVAL, 0 },
	{ "+1", 10, -EINVAL, 0 },
	{ "-1", UINT64_MAX, -EINVAL, 0 },
	{ "0x1", 10, -EINVAL, 0 },
	{ "1\n", 10, -EINVAL, 0 },
	{ "\xd9\xa3", 10, -EINVAL, 0 }, /* a digit, but not ASCII's */
};

static void parses_u64(void **state)
{
	const struct number_case *c = *state;
	uint64_t value = untouched;

	assert_int_equal(text_parse_u64(c->text, c->max, &value), c->result);
	assert_int_equal(value, c->result ? untouched : c->value);
}

static const struct number_case sizes[] = {
	{ "0", UINT64_MAX, 0, 0 },
	{ "0G", UINT64_MAX, 0, 0 },
	{ "512", UINT64_MAX, 0, 512 },
	{ "1K", UINT64_MAX, 0, 1024 },
	{ "512M", UINT64_MAX, 0, UINT64_C(512) << 20 },
	{ "3G", UINT64_MAX, 0, UINT64_C(3) << 30 },
	{ "4K", 4096, 0, 4096 },
	{ "4097", 4096, -ERANGE, 0 },
	{ "5K", 4096, -ERANGE, 0 },
	{ "17179869183G", UINT64_MAX, 0, UINT64_C(17179869183) << 30 },
	{ "17179869184G", UINT64_MAX, -ERANGE, 0 },
	{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
	{ "18446744073709551615K", UINT64_MAX, -ERANGE, 0 },
	{ "100000000000000000000000000000", UINT64_MAX, -ERANGE, 0 },
	{ "000000000000000000000000000001K", UINT64_MAX, 0, 1024 },
	{ "", UINT64_MAX, -EINVAL, 0 },
	{ "K", UINT64_MAX, -EINVAL, 0 },
	{ "1k", UINT64_MAX, -EINVAL, 0 },
	{ "1T", UINT64_MAX, -EINVAL, 0 },
	{ "1KK", UINT64_MAX, -EINVAL, 0 },
	{ "1KiB", UINT64_MAX, -EINVAL, 0 },
	{ "1.5G", UINT64_MAX, -EINVAL, 0 },
	{ "1 K", UINT64_MAX, -EINVAL, 0 },
	{ "-1K", UINT64_MAX, -EINVAL, 0 },
};

static void parses_size(void **state)
{
	const struct number_case *c = *state;
	uint64_t value = untouched;

	assert_int_equal(text_parse_size(c->text, c->max, &value), c->result);
	assert_int_equal(value, c->result ? untouched : c->value);
}

static const struct bool_case {
	const char *text;
	int result;
	bool value;
} bools[] = {
	{ "yes", 0, true },	{ "no", 0, false },	{ "", -EINVAL, 0 },
	{ "Yes", -EINVAL, 0 },	{ "true", -EINVAL, 0 }, { "1", -EINVAL, 0 },
	{ "yes ", -EINVAL, 0 }, { "ye", -EINVAL, 0 },
};

static void parses_bool(void **state)
{
	const struct bool_case *c = *state;
	bool value = !c->value;

	assert_int_equal(text_parse_bool(c->text, &value), c->result);
	assert_int_equal(value, c->result ? !c->value : c->value);
}

static const struct name_case {
	const char *text;
	bool is;
} names[] = {
	{ "a", true },	      { "0", true },	      { "web-1_b", true },
	{ "12345678", true }, { "123456789", false }, /* the maximum here is 8
						       */
	{ "", false },	      { "-a", false },	      { "_a", false },
	{ "Web", false },     { "a b", false },	      { "a/b", false },
	{ "..", false },      { "a\n", false },	      { "\xc3\xa4", false },
};

static void knows_names(void **state)
{
	const struct name_case *c = *state;

	assert_int_equal(text_is_name(c->text, 8), c->is);
}

static const struct name_case paths[] = {
	{ "/", true },	     { "/a", true },	    { "/usr/lib/x y", true },
	{ "/...", true },    { "/.a/..b", true },   { "/\xc3\xa4", true },
	{ "", false },	     { "a", false },	    { "./a", false },
	{ "//", false },     { "/a/", false },	    { "/a//b", false },
	{ "/.", false },     { "/a/./b", false },   { "/..", false },
	{ "/a/..", false },  { "/a/../b", false },  { "/a\n", false },
	{ "/a\x7f", false }, { "/a\x1f/b", false },
};

static void knows_paths(void **state)
{
	const struct name_case *c = *state;

	assert_int_equal(text_is_path(c->text), c->is);
}

static void bounds_paths(void **state)
{
	char path[PATH_MAX + 1];

	(void)state;
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[PATH_MAX - 1] = '\0';
	assert_true(text_is_path(path));
	path[PATH_MAX - 1] = 'a';
	path[PATH_MAX] = '\0';
	assert_false(text_is_path(path));
}

static const struct escape_case {
	const char *want;
	const char *text;
	size_t len;
	size_t size;
} escapes[] = {
	{ "", "", 0, 1 },
	{ "abc ~", "abc ~", 5, 32 },
	{ "\\x00\\x1f\\x7f\\x80\\xff", "\0\x1f\x7f\x80\xff", 5, 32 },
	{ "\\x1b[2J\\x0d\\x0a", "\x1b[2J\r\n", 6, 32 },
	{ "a\\\\x41", "a\\x41", 5, 32 },
	{ "abc", "abcdef", 6, 4 },
	{ "a\\x0a", "a\nb", 3, 6 },
	{ "a", "a\nb", 3, 5 }, /* half an escape would lie */
	{ "", "\\", 1, 2 },
	{ "", "abc", 3, 1 },
};

static void escapes_text(void **state)
{
	const struct escape_case *c = *state;
	own_free char *ret = malloc(c->size); /* so ASan sees the end */

	text_escape(c->text, c->len, ret, c->size);
	assert_string_equal(ret, c->want);
}

static const struct trim_case {
	const char *text;
	const char *want;
} trims[] = {
	{ "", "" },	 { "a", "a" },
	{ "a\n", "a" },	 { " a b \t\r\n", " a b" },
	{ " \n\n", "" },
};

static void trims_the_end(void **state)
{
	const struct trim_case *c = *state;
	char buf[32];

	strcpy(buf, c->text);
	text_trim_end(buf);
	assert_string_equal(buf, c->want);
}

static const struct words_case {
	const char *text;
	int result;
	const char *words[5];
} word_lists[] = {
	{ "", 0, { NULL } },
	{ " \t ", 0, { NULL } },
	{ "a", 1, { "a" } },
	{ " a\t b ", 2, { "a", "b" } },
	{ "a b c d", 4, { "a", "b", "c", "d" } },
	{ "a b c d ", 4, { "a", "b", "c", "d" } },
	{ "a b c d e", -E2BIG, { NULL } },
	{ "\"a b\" c", 2, { "a b", "c" } },
	{ "a\"b c\"d", 1, { "ab cd" } },
	{ "\"\"", 1, { "" } },
	{ "\"\" \"\"", 2, { "", "" } },
	{ "\"a\\\"b\\\\\"", 1, { "a\"b\\" } },
	{ "a\\b", 1, { "a\\b" } },
	{ "'a b'", 2, { "'a", "b'" } },
	{ "\"a", -EINVAL, { NULL } },
	{ "a\"", -EINVAL, { NULL } },
	{ "\"a\\\"", -EINVAL, { NULL } },
	{ "\"a\\", -EINVAL, { NULL } },
};

static void splits_words(void **state)
{
	const struct words_case *c = *state;
	own_free char *buf = strdup(c->text);
	char *words[5];

	assert_int_equal(text_split_words(buf, words, 4), c->result);
	for (int i = 0; i < c->result; i++)
		assert_string_equal(words[i], c->words[i]);
	if (c->result >= 0)
		assert_null(words[c->result]);
}

static void text_grows(void **state)
{
	own_text struct text t = { 0 };

	(void)state;
	assert_null(t.s);
	text_add_bytes(&t, "", 0);
	assert_string_equal(t.s, "");
	for (int i = 0; i < 1000; i++)
		text_add(&t, "%d,", i % 10);
	text_add_bytes(&t, "a\0b", 3);
	assert_int_equal(t.len, 2003);
	assert_memory_equal(t.s, "0,1,2,", 6);
	assert_memory_equal(t.s + 2000, "a\0b", 4);
	assert_false(text_failed(&t));
}

static void text_remembers_failure(void **state)
{
	own_text struct text t = { 0 };

	(void)state;
	text_add(&t, "kept");
	text_add_bytes(&t, "", SIZE_MAX / 2);
	assert_true(text_failed(&t));
	text_add(&t, "ignored");
	assert_string_equal(t.s, "kept");
	assert_true(text_failed(&t));
}

static void text_is_handed_on(void **state)
{
	own_text struct text t = { 0 };
	own_bytes struct bytes b = { 0 };

	(void)state;
	assert_null(take_text(&t).data);
	text_add(&t, "text");
	b = take_text(&t);
	assert_int_equal(b.len, 4);
	assert_string_equal((char *)b.data, "text");
	assert_null(t.s);
	text_add(&t, "another");
	assert_string_equal(t.s, "another");
}

int main(void)
{
	const struct table tables[] = {
		TABLE(parses_u64, numbers),	 TABLE(parses_size, sizes),
		TABLE(parses_bool, bools),	 TABLE(knows_names, names),
		TABLE(knows_paths, paths),	 CASE(bounds_paths),
		TABLE(escapes_text, escapes),	 TABLE(trims_the_end, trims),
		TABLE(splits_words, word_lists), CASE(text_grows),
		CASE(text_remembers_failure),	 CASE(text_is_handed_on),
	};

	return table_run(tables, array_size(tables));
}
