// SPDX-License-Identifier: MIT
/* How cvmctl inspect prints what others wrote: no byte of it acts. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "lib/own.h"
#include "tests/cvmctl.h"
#include "tests/tmptree.h"

static const struct shown {
	const char *name;
	const char *member; /* of a manifest */
	const char *want;
} shown[] = {
	{ "a value", "\"a\":\"\\u001b[31m\\u00e9\"",
	  "a: \\x1b[31m\\xc3\\xa9\n" },
	{ "a listing keeps its lines", "\"a\":\"one\\ntwo\\n\"",
	  "a: one\n  two\n" },
	{ "an empty value", "\"a\":\"\"", "a: \n" },
	{ "a name", "\"a\\u001b\\nb: c\":1", "a\\x1b\\x0ab: c: 1\n" },
	{ "numbers", "\"a\":[4,9,14]", "a: 4,9,14\n" },
	{ "not all numbers", "\"a\":[1,\"\\u001b\"]",
	  "a:\n  - 1\n  - \\x1b\n" },
};

static void shows(void **state)
{
	const struct shown *want = *state;
	own_bytes struct bytes out = { 0 };
	char text[256], words[2100];
	const char *rest;
	struct tree t;

	(void)snprintf(text, sizeof(text),
		       "{\"type\":\"cvm-init image\",\"schema\":1,%s}",
		       want->member);
	tree_make(&t);
	tree_file(&t, "manifest.json", 0644, text);
	(void)snprintf(words, sizeof(words), "inspect %s/manifest.json",
		       t.path);
	cvmctl_capture(command_inspect, words, &out);
	tree_remove(&t);
	rest = strchr((const char *)out.data, '\n');
	rest = rest ? strchr(rest + 1, '\n') : NULL; /* type, schema */
	assert_non_null(rest);
	assert_string_equal(rest + 1, want->want);
}

int main(void)
{
	const struct table tables[] = { TABLE(shows, shown) };

	return table_run(tables, array_size(tables));
}
