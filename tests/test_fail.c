// SPDX-License-Identifier: MIT
/* The failure line, byte for byte. */
#include "lib/fail.h"

#include <errno.h>
#include <string.h>

#include "lib/own.h"
#include "tests/table.h"

static const struct line_case {
	const char *line;
	const char *program;
	const char *stage;
	struct fail fail;
} lines[] = {
	{ "init: root: cannot open verity device /dev/vdb: No such device; "
	  "check [root] device in boot.conf",
	  "init",
	  "root",
	  { "open verity device /dev/vdb", "No such device",
	    "check [root] device in boot.conf" } },
	{ "cvmctl: cannot read boot.conf: is empty; write it",
	  "cvmctl",
	  NULL,
	  { "read boot.conf", "is empty", "write it" } },
	{ "cvmctl: cannot a: b; c", "cvmctl", "", { "a", "b", "c" } },
	{ "init: cmdline: cannot accept word x\\x0ainit: ok\\x1b[2J: "
	  "unknown\\xc3\\xa4; remove \\\\ it",
	  "init",
	  "cmdline",
	  { "accept word x\ninit: ok\x1b[2J", "unknown\xc3\xa4",
	    "remove \\ it" } },
};

static void formats_one_line(void **state)
{
	const struct line_case *c = *state;
	char line[fail_line_max];

	fail_format(&c->fail, c->program, c->stage, line, sizeof(line));
	assert_string_equal(line, c->line);
}

static void cuts_at_the_buffer(void **state)
{
	static const struct fail f = { "open x", "it is gone", "find it" };
	own_free char *line = malloc(10); /* so ASan sees the end */

	(void)state;
	fail_format(&f, "init", "root", line, 10);
	assert_string_equal(line, "init: roo");
}

/* The longest parts, all escaped, still end in one terminated line. */
static void bounds_the_line(void **state)
{
	struct fail f = { 0 };
	own_free char *line = malloc(fail_line_max);

	(void)state;
	memset(f.what, '\n', sizeof(f.what) - 1);
	memset(f.reason, '\x80', sizeof(f.reason) - 1);
	memset(f.remedy, '\\', sizeof(f.remedy) - 1);
	fail_format(&f, "init", "root", line, fail_line_max);
	assert_in_range(strlen(line), fail_line_max - 5, fail_line_max - 1);
	assert_null(strchr(line, '\n'));
}

static const struct errno_case {
	const char *name;
	int err;
	int result;
	const char *reason;
} errnos[] = {
	{ "positive", ENODEV, -ENODEV, "No such device" },
	{ "negative", -ENODEV, -ENODEV, "No such device" },
	{ "never success", 0, -EIO, NULL },
};

static void fills_from_errno(void **state)
{
	const struct errno_case *c = *state;
	struct fail f = { 0 };

	assert_int_equal(fail_errno(&f, c->err, "plug it in", "open %s%d",
				    "/dev/x", 1),
			 c->result);
	assert_string_equal(f.what, "open /dev/x1");
	assert_string_equal(f.reason, c->reason ? c->reason : strerror(EIO));
	assert_string_equal(f.remedy, "plug it in");
}

static void fills_from_words(void **state)
{
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(fail_because(&f, "it is blue", "paint it", "take %s",
				      "x"),
			 -EINVAL);
	assert_string_equal(f.what, "take x");
	assert_string_equal(f.reason, "it is blue");
	assert_string_equal(f.remedy, "paint it");
	assert_int_equal(fail_reason(&f, "it is %s", "red"), -EINVAL);
	assert_string_equal(f.what, "take x");
	assert_string_equal(f.reason, "it is red");
	assert_string_equal(f.remedy, "paint it");
}

/* A reason that extends the former one reads it while it is written. */
static void reason_may_quote_itself(void **state)
{
	struct fail f = { 0 };

	(void)state;
	(void)fail_because(&f, "it is blue", "paint it", "take x");
	(void)fail_reason(&f, "%s today", f.reason);
	assert_string_equal(f.reason, "it is blue today");
}

static void cuts_long_parts(void **state)
{
	char longest[fail_text_max + 1];
	struct fail f = { 0 };

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[fail_text_max] = '\0';
	(void)fail_because(&f, longest, longest, "%s", longest);
	assert_int_equal(strlen(f.what), fail_text_max - 1);
	assert_int_equal(strlen(f.reason), fail_text_max - 1);
	assert_int_equal(strlen(f.remedy), fail_text_max - 1);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(formats_one_line, lines), CASE(cuts_at_the_buffer),
		CASE(bounds_the_line),		TABLE(fills_from_errno, errnos),
		CASE(fills_from_words),		CASE(reason_may_quote_itself),
		CASE(cuts_long_parts),
	};

	return table_run(tables, array_size(tables));
}
