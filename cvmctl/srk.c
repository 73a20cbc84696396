// SPDX-License-Identifier: MIT
/*
 * cvmctl srk: the public part of a TPM's storage root key, for a machine that
 * seals for this TPM and has none.
 */
#include <errno.h>
#include <stdio.h>

#include "cvmctl/command.h"
#include "cvmctl/tool/host-tpm.h"
#include "cvmctl/tool/options.h"
#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"

struct srk_options {
	const char *tpm, *output;
};

static const struct option_usage usage = {
	"srk [--tpm TCTI] --output FILE",
	"Writes the public area of the TPM's storage root key (TPM2B_PUBLIC) for\n"
	"cvmctl seal --srk, and prints its name. The key is created at\n"
	"0x81000001 if it is not there.",
};

static int read_options(int argc, char **argv, struct srk_options *o,
			struct fail *f)
{
	const struct option_spec specs[] = {
		{ "output", OPTION_REQUIRED, "FILE", "where to write",
		  &o->output },
		{ "tpm", OPTION_TEXT, "TCTI", HOST_TPM_HELP, &o->tpm },
		{ 0 },
	};

	return options_read(&usage, specs, argc, argv, f);
}

/* Only what seal --srk takes is worth writing. */
static int export_srk(const char *tcti, struct bytes *ret_content,
		      struct srk_public *ret, struct fail *f)
{
	own_tpm struct tpm *t = NULL;
	int r = host_tpm_open(tcti, &t, f);

	if (r == 0)
		r = tpm_srk_public(t, ret_content, f);
	return r < 0 ? r : srk_public_parse(ret_content, ret, f);
}

int command_srk(int argc, char **argv, struct fail *f)
{
	own_bytes struct bytes content = { 0 };
	struct srk_options o = { 0 };
	struct srk_public srk;
	char name[2 * tpm_name_size + 1];
	int r = read_options(argc, argv, &o, f);

	if (r == 0)
		r = export_srk(o.tpm, &content, &srk, f);
	if (r)
		return r;
	r = io_replace_file(o.output, content.data, content.len, 0644);
	if (r == -EEXIST)
		return fail_because(f, "it is no regular file",
				    "choose another --output", "write %s",
				    o.output);
	if (r < 0)
		return fail_errno(f, r, "choose another --output", "write %s",
				  o.output);
	hex_encode(srk.key.name, sizeof(srk.key.name), name);
	(void)printf("%s: %s, name %s\n", o.output,
		     srk.key.type == tpm_alg_rsa ? "RSA-2048" : "P-256", name);
	return 0;
}
