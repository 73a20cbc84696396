// SPDX-License-Identifier: MIT
/* cvmctl broker: how it starts. What it does for a VM: test_delivery.c. */
#include <stdio.h>
#include <string.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "tests/cvmctl.h"

#define EK \
	"000b0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LAUNCH                                                               \
	"--snp-measurement 0123456789abcdef0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef0123456789abcdef"

#define NO_TPM                                                             \
	"cannot trust any VM: no TPM is believed; give --ek, --ek-ca, or " \
	"--snp-certs with --snp-measurement"
#define NO_PROCESSOR                                                    \
	"cannot trust any VM: the processor is believed nothing; give " \
	"--snp-certs with --snp-measurement, or --without-hardware"

static const struct refusal {
	const char *words; /* behind what every broker needs */
	int result;	   /* COMMAND_USAGE, or -1 for any failure */
	const char *line;
} refusals[] = {
	{ "--without-hardware", COMMAND_USAGE, NO_TPM },
	{ "--snp-certs d", COMMAND_USAGE, NO_TPM },
	{ LAUNCH, COMMAND_USAGE, NO_TPM },
	{ "--ek " EK, COMMAND_USAGE, NO_PROCESSOR },
	{ "--ek-ca ca --snp-certs d", COMMAND_USAGE, NO_PROCESSOR },
	{ "--ek-ca ca " LAUNCH, COMMAND_USAGE, NO_PROCESSOR },
	{ "--ek-ca /dev/null --without-hardware", -1,
	  "cannot use /dev/null: it is not 1 to 64 certificates in PEM; check "
	  "--ek-ca" },
	{ "--snp-certs /dev " LAUNCH, -1,
	  "cannot read /dev/ark.pem: No such file or directory; check "
	  "--snp-certs" },
};

static void refuses(void **state)
{
	const struct refusal *c = *state;
	char line[fail_line_max];
	struct fail f = { 0 };
	int r = cvmctl_run(command_broker, &f,
			   "broker --listen unix:s --store d --key k "
			   "--audit a %s image",
			   c->words);

	(void)snprintf(line, sizeof(line), "cannot %s: %s; %s", f.what,
		       f.reason, f.remedy);
	assert_int_equal(r < 0 ? -1 : r, c->result);
	assert_string_equal(line, c->line);
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(refuses, refusals),
	};

	return table_run(tables, array_size(tables));
}
