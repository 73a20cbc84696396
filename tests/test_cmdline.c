// SPDX-License-Identifier: MIT
/* The gate on the kernel command line. */
#include "config/cmdline.h"

#include <string.h>

#include "lib/own.h"
#include "lib/text.h"
#include "tests/line.h"
#include "tests/table.h"

static const struct boot_words builders = {
	.word = { "nosmt", "lsm=ima,yama", "init=/bin/sh", "net.x-y=1",
		  "net.x_y=2" },
	.n = 5,
};

static int check(const char *line, struct fail *f)
{
	return cmdline_check(line, strlen(line), &builders, f);
}

static const struct good {
	const char *line;
} goods[] = {
	{ "" },
	{ "\n" },
	{ "console=ttyS0 panic=-1 quiet\n" },
	{ "console=tty0 console=ttyS0,115200n8 loglevel=3" },
	{ "initrd=initrd console=ttyS0" },
	{ "console=ttyS0 initrd=initrd" },
	{ "nosmt lsm=ima,yama" },
};

static void accepts(void **state)
{
	const struct good *g = *state;
	struct fail f = { 0 };
	int r = check(g->line, &f);

	assert_ok(r, &f);
}

#define REMEDY "boot with the command line that cvmctl build wrote"
#define UNKNOWN(word)                                                     \
	"cannot accept the command line word " word ": it is not on the " \
	"list of boot.conf(5), [boot] allow-cmdline; " REMEDY
#define NEVER(word)                                               \
	"cannot accept the command line word " word ": it would " \
	"replace what was measured; " REMEDY
#define REPEATED(word) \
	"cannot accept the command line word " word ": it is repeated; " REMEDY

static const struct bad {
	const char *line;
	const char *want;
} bads[] = {
	{ "quiet debug", UNKNOWN("debug") },
	{ "init=/bin/sh", NEVER("init=/bin/sh") },
	{ "rdinit=/evil", NEVER("rdinit=/evil") },
	{ "root=/dev/vda", NEVER("root=/dev/vda") },
	{ "quiet quiet", REPEATED("quiet") },
	{ "panic=1 panic=2", REPEATED("panic=2") },
	{ "console=ttyS0 console=ttyS0", REPEATED("console=ttyS0") },
	{ "nosmt nosmt", REPEATED("nosmt") },
	{ "initrd=initrd initrd=initrd", REPEATED("initrd=initrd") },
	{ "initrd=other", UNKNOWN("initrd=other") },
	{ "panic=x", UNKNOWN("panic=x") },
	{ "panic=", UNKNOWN("panic=") },
	{ "panic", UNKNOWN("panic") },
	{ "quietly", UNKNOWN("quietly") },
	{ "quiet=1", UNKNOWN("quiet=1") },
	{ "console=\"a b\"", UNKNOWN("console=\"a") },
	{ "net.x-y=1 net.x_y=2", REPEATED("net.x_y=2") },
	{ "console=../x", UNKNOWN("console=../x") },
	{ "lsm=ima", UNKNOWN("lsm=ima") },
	{ "--", UNKNOWN("--") },
	{ "ima_policy=tcb", UNKNOWN("ima_policy=tcb") },
};

static void refuses(void **state)
{
	const struct bad *b = *state;
	struct fail f = { 0 };
	int r = check(b->line, &f);

	assert_refusal(r, &f, b->want);
}

/* console= may repeat with other values: 128 words pass, 129 do not. */
static void bounded_words(void **state)
{
	own_text struct text line = { 0 };
	struct fail f = { 0 };
	int r;

	(void)state;
	for (int i = 0; i < 128; i++)
		text_add(&line, "console=c%d ", i);
	r = check(line.s, &f);
	assert_ok(r, &f);
	text_add(&line, "console=last");
	r = check(line.s, &f);
	assert_refusal(r, &f,
		       "cannot accept the command line word console=last: "
		       "there are over 128 words; " REMEDY);
}

static void bounded_line(void **state)
{
	char line[cmdline_max + 2];
	struct fail f = { 0 };

	(void)state;
	memset(line, ' ', sizeof(line));
	assert_int_equal(cmdline_check(line, cmdline_max, &builders, &f), 0);
	assert_refusal(
		cmdline_check(line, cmdline_max + 1, &builders, &f), &f,
		"cannot accept the command line: it is over 4096 bytes; " REMEDY);
	assert_refusal(
		cmdline_check("quiet\0x", 7, &builders, &f), &f,
		"cannot accept the command line: it holds a NUL byte; " REMEDY);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(accepts, goods),
		TABLE(refuses, bads),
		CASE(bounded_words),
		CASE(bounded_line),
	};

	return table_run(tables, array_size(tables));
}
