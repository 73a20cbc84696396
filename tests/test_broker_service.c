// SPDX-License-Identifier: MIT
/*
 * The words of cvm-broker.service are those of cvmctl broker. That it starts:
 * qemu-test/test_service.py.
 */
#include <stdio.h>
#include <string.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "tests/cvmctl.h"

enum { unit_max = 64 * 1024 };

#define TRUST                                                                 \
	"--listen unix:s --without-hardware --apps-only "                     \
	"--ek 000b0123456789abcdef0123456789abcdef0123456789abcdef0123456789" \
	"abcdef"

static const struct options_case {
	const char *options; /* BROKER_OPTIONS */
	int result;	     /* -1 for a failure that is not of usage */
	const char *reason;
} cases[] = {
	/* all is there but the files */
	{ TRUST, -1, "No such file or directory" },
	{ "", COMMAND_USAGE, "--listen WHERE is missing" },
	{ "--store d " TRUST, COMMAND_USAGE, "--store is repeated" },
	{ "--key k " TRUST, COMMAND_USAGE, "--key is repeated" },
	{ "--audit a " TRUST, COMMAND_USAGE, "--audit is repeated" },
	{ "image " TRUST, COMMAND_USAGE, "/etc/cvm-broker/image is too much" },
};

/* As systemd would, but for its own variables, which are a word each. */
static void runs(void **state)
{
	static const char begin[] = "\nExecStart=/usr/bin/cvmctl ";
	static const char variable[] = "$BROKER_OPTIONS";
	const struct options_case *c = *state;
	own_bytes struct bytes unit = { 0 };
	struct fail f = { 0 };
	char *words;
	char *options;
	int r;

	assert_int_equal(io_read_file(AT_FDCWD, "cvmctl/cvm-broker.service",
				      unit_max, &unit),
			 0);
	words = strstr((char *)unit.data, begin);
	assert_non_null(words);
	words += sizeof(begin) - 1;
	words[strcspn(words, "\n")] = '\0';
	options = strstr(words, variable);
	assert_non_null(options);
	*options = '\0';
	r = cvmctl_run(command_broker, &f, "%s%s%s", words, c->options,
		       options + sizeof(variable) - 1);
	assert_int_equal(r < 0 ? -1 : r, c->result);
	assert_string_equal(f.reason, c->reason);
}

int main(void)
{
	static const struct table tables[] = { TABLE(runs, cases) };

	return table_run(tables, array_size(tables));
}
