// SPDX-License-Identifier: MIT
/* In what two listings differ, hostile ones included. */
#include "evidence/judge/difference.h"

#include <string.h>

#include "tests/table.h"

#include "lib/own.h"

#define HEAD "cvm-init listing 2\n"
#define TOP  "d\t0755\t0\t0\t-\t.\n"
#define MAIN "f\t0644\t0\t0\taa\tmain.py\n"
#define USER "x\tuser.a\t01\tmain.py\n"
#define BASE HEAD TOP MAIN USER

/* Each is compared with BASE, in both directions. */
static const struct difference_case {
	const char *name;
	const char *other;
	const char *found;    /* said of the other in the log */
	const char *expected; /* said of the other in the manifest */
} cases[] = {
	{ "equal", BASE, "", "" },
	{ "content", HEAD TOP "f\t0644\t0\t0\tab\tmain.py\n" USER,
	  "; 1 of its entries differs, by content: main.py",
	  "; 1 of its entries differs, by content: main.py" },
	{ "mode", HEAD TOP "f\t4755\t0\t0\taa\tmain.py\n" USER,
	  "; 1 of its entries differs, by mode (4755, not 0644): main.py",
	  "; 1 of its entries differs, by mode (0644, not 4755): main.py" },
	{ "all fields",
	  HEAD TOP "f\t0600\t1\t2\tab\tmain.py\nx\tuser.a\t02\tmain.py\n",
	  "; 1 of its entries differs, by mode (0600, not 0644), owner (1, not "
	  "0), group (2, not 0), content and attribute user.a: main.py",
	  "; 1 of its entries differs, by mode (0644, not 0600), owner (0, not "
	  "1), group (0, not 2), content and attribute user.a: main.py" },
	{ "type", HEAD TOP "l\t0777\t0\t0\t/bin/sh\tmain.py\n" USER,
	  "; 1 of its entries differs, by type (l, not f): main.py",
	  "; 1 of its entries differs, by type (f, not l): main.py" },
	{ "an attribute removed", HEAD TOP MAIN,
	  "; 1 of its entries differs, by attribute user.a: main.py",
	  "; 1 of its entries differs, by attribute user.a: main.py" },
	{ "an attribute before it", HEAD TOP MAIN "x\ta\t-\tmain.py\n" USER,
	  "; 1 of its entries differs, by attribute a: main.py",
	  "; 1 of its entries differs, by attribute a: main.py" },
	{ "the directory itself, and what is in it",
	  HEAD "d\t0700\t0\t0\t-\t.\n" MAIN,
	  "; 2 of its entries differ, the first by mode (0700, not 0755): .",
	  "; 2 of its entries differ, the first by mode (0755, not 0700): ." },
	{ "an entry before it", HEAD TOP "f\t0644\t0\t0\taa\ta\n" MAIN USER,
	  "; 1 of its entries differs, added: a",
	  "; 1 of its entries differs, missing: a" },
	{ "entries behind it",
	  BASE "d\t0755\t0\t0\t-\tz\nf\t0644\t0\t0\taa\tz/a\n",
	  "; 2 of its entries differ, the first added: z",
	  "; 2 of its entries differ, the first missing: z" },
	/* 0x01 and 0x2d sort before 0x2e, and 0x5c behind them */
	{ "names that sort before the directory's own",
	  HEAD TOP "f\t0644\t0\t0\taa\t\\x01\nf\t0644\t0\t0\taa\t-\n"
		   "f\t0644\t0\t0\taa\t\\\\\n" MAIN USER,
	  "; 3 of its entries differ, the first added: \x01",
	  "; 3 of its entries differ, the first missing: \x01" },
	{ "a name in Latin 1", BASE "f\t0644\t0\t0\taa\t\\xe9\\\\\n",
	  "; 1 of its entries differs, added: \xe9\\",
	  "; 1 of its entries differs, missing: \xe9\\" },
	{ "the first line", "cvm-init listing 1\n" TOP MAIN USER,
	  "; its first lines differ", "; its first lines differ" },
	{ "a line more in the head, and an entry less",
	  HEAD "root\tsha256\t00\n" TOP,
	  "; its first lines differ, and 1 of its entries",
	  "; its first lines differ, and 1 of its entries" },
};

static void assert_said(const char *expected, const char *found,
			const char *want)
{
	own_difference struct difference d = { .kind = DIFFERENCE_NONE };
	own_text struct text words = { 0 };

	assert_int_equal(difference_find(expected, found, &d), 0);
	difference_describe(&d, &words);
	assert_string_equal(words.s ? words.s : "", want);
}

static void tells(void **state)
{
	const struct difference_case *c = *state;

	assert_said(BASE, c->other, c->found);
	assert_said(c->other, BASE, c->expected);
}

static void compares_targets(void **state)
{
	(void)state;
	assert_said(HEAD "l\t0777\t0\t0\ta\tx\n", HEAD "l\t0777\t0\t0\tb\tx\n",
		    "; 1 of its entries differs, by target: x");
}

static const struct broken_case {
	const char *name;
	const char *text;
} broken[] = {
	{ "nothing", "" },
	{ "no line", "cvm-init listing 2" },
	{ "no entries", HEAD },
	{ "no head", TOP MAIN },
	{ "cut off in a line", HEAD TOP "f\t0644\t0\t0\taa\tmain" },
	{ "cut off in a field", HEAD TOP "f\t0644\t0" },
	{ "cut off in a type", HEAD TOP "f" },
	{ "cut off in an attribute", HEAD TOP MAIN "x\tuser.a\t" },
	{ "an empty line", HEAD TOP "\n" },
	{ "a line of another kind", HEAD TOP "p\t0644\t0\t0\taa\tmain.py\n" },
	{ "five fields", HEAD TOP "f\t0644\t0\t0\tmain.py\n" },
	{ "seven fields", HEAD TOP "f\t0644\t0\t0\taa\tmain.py\t\n" },
	{ "an attribute of five fields", BASE "x\tuser.b\t-\tmain.py\t\n" },
	{ "an attribute of another", BASE "x\tuser.b\t-\tmain.pz\n" },
	{ "an attribute twice", BASE USER },
	{ "attributes not sorted", BASE "x\ta\t-\tmain.py\n" },
	{ "an attribute without a name", HEAD TOP MAIN "x\t\t-\tmain.py\n" },
	{ "an attribute of nothing", HEAD USER TOP "x\tuser.a\t" },
	{ "no path", HEAD "d\t0755\t0\t0\t-\t\n" },
	{ "a path twice", HEAD TOP MAIN MAIN },
	{ "paths not sorted", BASE "f\t0644\t0\t0\taa\ta\n" },
	{ "the directory in the middle", HEAD MAIN TOP },
	{ "a byte that is not escaped", BASE "f\t0644\t0\t0\taa\t\xe9\n" },
	{ "a NUL", BASE "f\t0644\t0\t0\taa\t\\x00\n" },
	{ "a letter that is escaped", BASE "f\t0644\t0\t0\taa\t\\x61\n" },
	{ "an escape that is cut off", BASE "f\t0644\t0\t0\taa\t\\xe\n" },
	{ "an escape that is none", BASE "f\t0644\t0\t0\taa\t\\y00\n" },
	{ "an escape in capitals", BASE "f\t0644\t0\t0\taa\t\\xE9\n" },
	{ "a lone backslash", BASE "f\t0644\t0\t0\taa\tz\\\n" },
};

static void says_what_is_none(void **state)
{
	static const char want[] =
		"; what differs cannot be told, since one of the two listings "
		"is cut off or none";
	const struct broken_case *c = *state;

	assert_said(BASE, c->text, want);
	assert_said(c->text, BASE, want);
	assert_said(c->text, c->text, want);
}

/* A value as long as an attribute can have it, in hexadecimal. */
static void cuts_what_is_long(void **state)
{
	enum { longer = 2 * 65536 };
	own_difference struct difference d = { .kind = DIFFERENCE_NONE };
	own_text struct text found = { 0 };

	(void)state;
	text_add(&found, HEAD TOP MAIN "x\tuser.a\t");
	for (size_t i = 0; i < longer; i++)
		text_add_bytes(&found, "a", 1);
	text_add(&found, "\tmain.py\n");
	assert_false(text_failed(&found));
	assert_int_equal(difference_find(BASE, found.s, &d), 0);
	assert_int_equal(d.fields, 1);
	assert_string_equal(d.field[0].attribute, "user.a");
	assert_string_equal(d.field[0].expected, "01");
	assert_int_equal(strlen(d.field[0].found), difference_value_max);
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(tells, cases),
		CASE(compares_targets),
		TABLE(says_what_is_none, broken),
		CASE(cuts_what_is_long),
	};

	return table_run(tables, array_size(tables));
}
