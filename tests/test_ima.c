// SPDX-License-Identifier: MIT
/* IMA policies: lines, grammar, and the loader against a plain file. */
#include "ima-policy/loader.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "ima-policy/rules.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"
#include "tests/line.h"
#include "tests/table.h"

static void steps_over_lines(void **state)
{
	static const char text[] = "# comment\n\n  \t\nmeasure\n  # x\n"
				   "dont_measure fsmagic=1\nlast";
	struct ima_line line;
	unsigned number = 0;
	size_t at = 0;

	(void)state;
	assert_int_equal(ima_next_rule(text, strlen(text), &at, &number, &line),
			 1);
	assert_int_equal(line.number, 4);
	assert_int_equal(line.len, strlen("measure"));
	assert_int_equal(ima_next_rule(text, strlen(text), &at, &number, &line),
			 1);
	assert_int_equal(line.number, 6);
	assert_int_equal(ima_next_rule(text, strlen(text), &at, &number, &line),
			 1);
	assert_int_equal(line.number, 7);
	assert_memory_equal(line.text, "last", 4);
	assert_int_equal(ima_next_rule(text, strlen(text), &at, &number, &line),
			 0);
}

static void bounded_line(void **state)
{
	own_text struct text text = { 0 };
	struct ima_line line;
	unsigned number = 0;
	size_t at = 0;

	(void)state;
	text_add(&text, "measure ");
	while (text.len < ima_line_max - 1)
		text_add(&text, "x");
	assert_int_equal(ima_next_rule(text.s, text.len, &at, &number, &line),
			 1);
	text_add(&text, "x");
	at = 0;
	assert_true(ima_next_rule(text.s, text.len, &at, &number, &line) < 0);
}

static void accepts_own_policy(void **state)
{
	own_bytes struct bytes text = { 0 };
	struct fail f = { 0 };
	int r;

	(void)state;
	r = io_read_file(AT_FDCWD, "ima-policy/default.policy", ima_policy_max,
			 &text);
	assert_int_equal(r, 0);
	r = ima_check_policy("p", (char *)text.data, text.len, &f);
	assert_ok(r, &f);
}

#define SEE "see Documentation/ABI/testing/ima_policy of Linux 6.1"

static const struct bad {
	const char *text;
	const char *want;
} bads[] = {
	{ "", "cannot use IMA policy p: it holds no rule; add a rule, or set "
	      "[ima] policy = none" },
	{ "# only\n\n", "cannot use IMA policy p: it holds no rule; add a "
			"rule, or set [ima] policy = none" },
	{ "measure\nmeasur func=BPRM_CHECK\n",
	  "cannot accept line 2 of p: unknown word measur; " SEE },
	{ "measure func=BPRM\n",
	  "cannot accept line 1 of p: unknown word func=BPRM; " SEE },
	{ "measure mask=^^MAY_EXEC\n",
	  "cannot accept line 1 of p: unknown word mask=^^MAY_EXEC; " SEE },
	{ "measure uid\n",
	  "cannot accept line 1 of p: unknown word uid; " SEE },
	{ "measure uid=\n",
	  "cannot accept line 1 of p: unknown word uid=; " SEE },
	{ "measure fsmagic=\n",
	  "cannot accept line 1 of p: unknown word fsmagic=; " SEE },
	{ "measure \x1b[2J\n",
	  "cannot read line 1 of p: it holds control bytes; write one plain "
	  "rule in each line" },
};

static void refuses(void **state)
{
	const struct bad *b = *state;
	struct fail f = { 0 };
	int r = ima_check_policy("p", b->text, strlen(b->text), &f);

	assert_refusal(r, &f, b->want);
}

static const struct good {
	const char *text;
} goods[] = {
	{ "measure" },
	{ "measure func=FILE_CHECK mask=^MAY_READ euid=0" },
	{ "dont_measure fsmagic=0x9fa0" },
	{ "appraise fowner>10 appraise_type=imasig permit_directio" },
};

static void accepts(void **state)
{
	const struct good *g = *state;
	struct fail f = { 0 };
	int r = ima_check_policy("p", g->text, strlen(g->text), &f);

	assert_ok(r, &f);
}

/* A plain file keeps what was written, so the loader must not believe it. */
static void needs_proof(void **state)
{
	char path[] = "/tmp/ima-XXXXXX";
	own_bytes struct bytes got = { 0 };
	struct fail f = { 0 };
	int fd = mkstemp(path);
	int r;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	r = ima_load_policy(path, "p", "# c\nmeasure\n\naudit", 18, &f);
	assert_refusal(r, &f,
		       "cannot load IMA policy p: the kernel did not put it in "
		       "force; use a kernel without CONFIG_IMA_WRITE_POLICY "
		       "and check the rules");
	assert_int_equal(io_read_file(AT_FDCWD, path, 100, &got), 0);
	assert_string_equal((char *)got.data, "measure\naudit\n");
	assert_int_equal(unlink(path), 0);
	r = ima_load_policy(path, "p", "measure\n", 8, &f);
	assert_true(r < 0);
	assert_string_equal(f.reason,
			    "the kernel offers no policy file: a policy is in "
			    "force already, or IMA is off");
}

static void takes_whole_rules(void **state)
{
	struct fail f = { 0 };

	(void)state;
	assert_refusal(ima_load_policy("/dev/full", "p", "\nmeasure\n", 9, &f),
		       &f,
		       "cannot load line 2 of p: No space left on device; "
		       "check the IMA policy");
}

int main(void)
{
	const struct table tables[] = {
		CASE(steps_over_lines),	  CASE(bounded_line),
		CASE(accepts_own_policy), TABLE(refuses, bads),
		TABLE(accepts, goods),	  CASE(needs_proof),
		CASE(takes_whole_rules),
	};

	return table_run(tables, array_size(tables));
}
