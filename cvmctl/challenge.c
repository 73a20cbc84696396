// SPDX-License-Identifier: MIT
/*
 * cvmctl challenge: at the verifier's, a question that only the TPM with the
 * keys of an identity can answer. What it learns is the nonce of its evidence.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>

#include "cvmctl/command.h"
#include "cvmctl/tool/options.h"
#include "cvmctl/tool/output.h"
#include "evidence/exchange/exchange.h"
#include "evidence/signed/challenge.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/secret.h"

struct challenge_options {
	const char *identity, *secret, *output;
};

static const struct option_usage usage = {
	"challenge --secret FILE IDENTITY > FILE",
	"Writes the answer to what cvmctl evidence --identity wrote, for cvmctl\n"
	"evidence --challenge, and keeps a random number for cvmctl verify\n"
	"--challenged. Needs no TPM.",
};

static int read_options(int argc, char **argv, struct challenge_options *o,
			struct fail *f)
{
	const struct option_spec specs[] = {
		{ NULL, OPTION_OPERAND, "IDENTITY",
		  "what cvmctl evidence --identity wrote", &o->identity },
		{ "secret", OPTION_REQUIRED, "FILE",
		  "where to keep the random number; show it to nobody",
		  &o->secret },
		{ "output", OPTION_TEXT, "FILE", "instead of standard output",
		  &o->output },
		{ 0 },
	};

	return options_read(&usage, specs, argc, argv, f);
}

static int read_identity(const char *path, struct evidence_tpm *ret,
			 struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	int r = io_read_file(AT_FDCWD, path, identity_json_max, &text);

	if (r < 0)
		return fail_errno(f, r,
				  "name what cvmctl evidence --identity wrote",
				  "read %s", path);
	r = identity_read_json(&text, ret, f);
	if (r < 0)
		fail_what(f, "read the identity %s", path);
	return r;
}

static int keep_secret(const char *path, const struct secret *random,
		       struct fail *f)
{
	int r = io_replace_file(path, random->data, random->len, 0600);

	return r < 0 ? fail_errno(f, r, "choose another --secret", "write %s",
				  path)
		     : 0;
}

static int make_random(struct secret *ret, struct fail *f)
{
	int r = secret_alloc(challenge_size, ret);

	if (r == 0 && getrandom(ret->data, ret->len, 0) != (ssize_t)ret->len)
		r = -errno;
	return r < 0 ? fail_errno(f, r, "give the VM more memory",
				  "make a challenge")
		     : 0;
}

int command_challenge(int argc, char **argv, struct fail *f)
{
	own_evidence_tpm struct evidence_tpm identity = { 0 };
	own_challenge struct challenge c = { 0 };
	own_secret struct secret random = { 0 };
	own_bytes struct bytes text = { 0 };
	struct challenge_options o = { 0 };
	int r = read_options(argc, argv, &o, f);

	if (r)
		return r;
	r = read_identity(o.identity, &identity, f);
	if (r == 0)
		r = make_random(&random, f);
	if (r == 0)
		r = challenge_make(&identity, random.data, &c, f);
	if (r < 0)
		return r;
	r = challenge_write_json(&c, "cvmctl " CVM_VERSION, &text);
	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "make a challenge");
	r = keep_secret(o.secret, &random, f);
	return r < 0 ? r : output_write(o.output, &text, f);
}
