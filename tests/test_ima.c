// SPDX-License-Identifier: MIT
/* IMA policies: lines, grammar, and the loader against a plain file. */
#include "ima-policy/loader.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "ima-policy/pcr.h"
#include "ima-policy/rules.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"
#include "tests/line.h"
#include "tests/table.h"
#include "tests/tmptree.h"

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
	{ "measure func=BPRM_CHECK pcr=14\n",
	  "cannot accept line 1 of p: PCR 14 is init's; name another pcr=" },
	{ "measure\nmeasure pcr=11\nmeasure pcr=014\n",
	  "cannot accept line 3 of p: PCR 14 is init's; name another pcr=" },
	{ "measure pcr=+14\n",
	  "cannot accept line 1 of p: unknown word pcr=+14; " SEE },
	{ "measure pcr=24\n",
	  "cannot accept line 1 of p: unknown word pcr=24; " SEE },
	{ "measure pcr=\n",
	  "cannot accept line 1 of p: unknown word pcr=; " SEE },
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
	{ "measure pcr=11" },
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

#define OTHER_KERNEL "; use a kernel whose IMA measures into PCR 10"
#define NO_PCR	     "cannot read log: its first line names no PCR" OTHER_KERNEL

static const struct log_case {
	const char *name;
	const char *text;
	const char *line; /* NULL: accepted */
} logs[] = {
	{ "as usual", "10 0f3a ima-sig sha256:00 boot_aggregate\n", NULL },
	{ "one digit", " 8 0f3a ima-sig sha256:00 boot_aggregate\n", NULL },
	{ "only the first line counts", "10 00 ima-ng\n14 00 ima-ng\n", NULL },
	{ "into ours", "14 0f3a ima-sig sha256:00 boot_aggregate\n",
	  "cannot measure into PCR 14: IMA was built to use it too" OTHER_KERNEL },
	{ "empty", "", NO_PCR },
	{ "no number", "ima 14\n", NO_PCR },
	{ "no such PCR", "24 00\n", NO_PCR },
	{ "no end", "10", NO_PCR },
	{ "a line's end", "10\n10 00\n", NO_PCR },
	{ "a long number", "0000000000014 00\n", NO_PCR },
	{ "blanks", "              14 00\n", NO_PCR },
};

static void reads_imas_pcr(void **state)
{
	const struct log_case *c = *state;
	own_fd int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tree t = { 0 };
	struct fail f = { 0 };
	int r;

	tree_make(&t);
	tree_file(&t, "log", 0644, c->text);
	tree_check(fchdir(t.fd) == 0, t.path);
	r = ima_check_pcr("log", &f);
	tree_check(fchdir(here) == 0, "back");
	tree_remove(&t);
	if (c->line)
		assert_refusal(r, &f, c->line);
	else
		assert_ok(r, &f);
}

/* Without a log there is no IMA. */
static void needs_no_ima(void **state)
{
	struct fail f = { 0 };

	(void)state;
	assert_ok(ima_check_pcr("/nowhere/log", &f), &f);
	assert_refusal(ima_check_pcr("/proc/self", &f), &f,
		       "cannot read /proc/self: Is a directory" OTHER_KERNEL);
}

int main(void)
{
	const struct table tables[] = {
		CASE(steps_over_lines),	  CASE(bounded_line),
		CASE(accepts_own_policy), TABLE(refuses, bads),
		TABLE(accepts, goods),	  TABLE(reads_imas_pcr, logs),
		CASE(needs_no_ima),	  CASE(needs_proof),
		CASE(takes_whole_rules),
	};

	return table_run(tables, array_size(tables));
}
