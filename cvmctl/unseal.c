// SPDX-License-Identifier: MIT
/*
 * cvmctl unseal: for tests, the passphrase that init would use for a volume,
 * without init's own conditions on PCR 14.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cvmctl/command.h"
#include "cvmctl/seal/unseal-why.h"
#include "cvmctl/tool/host-tpm.h"
#include "cvmctl/tool/options.h"
#include "lib/io.h"
#include "lib/own.h"
#include "seal/luks/volume-key.h"
#include "seal/object/signatures.h"

struct unseal_options {
	const char *tpm, *srk, *signatures, *prediction, *device;
	struct option_list logs;
};

static const struct option_usage usage = {
	"unseal [OPTION]... DEVICE > FILE",
	"For tests: lets the TPM release the key of a LUKS2 disk or image file,\n"
	"and writes the passphrase of its keyslot, without a newline.",
};

static int read_options(int argc, char **argv, struct unseal_options *o,
			struct fail *f)
{
	const struct option_spec specs[] = {
		{ NULL, OPTION_OPERAND, "DEVICE", "disk or image file",
		  &o->device },
		{ "tpm", OPTION_TEXT, "TCTI", HOST_TPM_HELP, &o->tpm },
		{ "srk", OPTION_TEXT, "FILE",
		  "the TPM's storage root key, for old tokens without it",
		  &o->srk },
		{ "signatures", OPTION_TEXT, "FILE",
		  "what cvmctl sign wrote, for a key that needs it",
		  &o->signatures },
		{ "prediction", OPTION_TEXT, "FILE",
		  "what cvmctl predict --json said: names what differs",
		  &o->prediction },
		{ "log", OPTION_LIST, "FILE",
		  "--prediction: of init or the firmware; else those here",
		  &o->logs },
		{ 0 },
	};
	int r = options_read(&usage, specs, argc, argv, f);

	if (r == 0 && o->logs.n && !o->prediction)
		r = options_refuse(f, argv[0], "--log is for --prediction");
	return r;
}

/* The TPM has the key of this file: that will do where a token names none. */
static int pin_srk(const char *path, struct tpm *t, struct fail *f)
{
	own_bytes struct bytes content = { 0 };
	own_bytes struct bytes present = { 0 };
	struct srk_public srk;
	int r = host_tpm_read_srk(path, &content, &srk, f);

	if (r == 0)
		r = tpm_srk_public(t, &present, f);
	if (r < 0)
		return r;
	if (present.len != content.len ||
	    memcmp(present.data, content.data, present.len) != 0)
		return fail_because(f, "it has another storage root key",
				    "check --tpm and --srk",
				    "take the TPM for the one of %s", path);
	tpm_pin_srk(t, srk.key.name);
	return 0;
}

static int read_signatures(const char *path, struct signatures *ret,
			   struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	int r = io_read_file(AT_FDCWD, path, signatures_json_max, &text);

	if (r < 0)
		return fail_errno(f, r, "check --signatures", "read %s", path);
	r = signatures_parse((const char *)text.data, ret, f);
	if (r < 0)
		fail_what(f, "read the signatures in %s", path);
	return r;
}

/* For struct volume_key_request: any key will do. */
static int note_key(const struct sealed_key *key, void *why, struct fail *f)
{
	(void)f; /* never refused */
	unseal_why_note(why, key);
	return 0;
}

static int unseal(const struct unseal_options *o, struct secret *ret,
		  struct fail *f)
{
	own_signatures struct signatures signatures = { 0 };
	own_unseal_why struct unseal_why why = { 0 };
	own_luks struct luks *l = NULL;
	own_tpm struct tpm *t = NULL;
	struct volume_key_request request = { .volume = o->device,
					      .signatures = &signatures,
					      .import = true,
					      .check = note_key,
					      .context = &why };
	int keyslot;
	int r = 0;

	if (o->prediction)
		r = unseal_why_open(o->prediction, &o->logs, &why, f);
	if (r == 0 && o->signatures)
		r = read_signatures(o->signatures, &signatures, f);
	if (r == 0)
		r = luks_open(o->device, &l, f);
	if (r == 0)
		r = host_tpm_open(o->tpm, &t, f);
	if (r == 0 && o->srk)
		r = pin_srk(o->srk, t, f);
	request.luks = l;
	request.tpm = t;
	if (r == 0)
		r = volume_key_unseal(&request, ret, &keyslot, f);
	if (r == -EPERM)
		unseal_why_explain(&why, t, f);
	return r;
}

int command_unseal(int argc, char **argv, struct fail *f)
{
	own_secret struct secret passphrase = { 0 };
	struct unseal_options o = { 0 };
	int r = read_options(argc, argv, &o, f);

	if (r)
		return r;
	if (isatty(STDOUT_FILENO))
		return fail_because(f, "standard output is a terminal",
				    "write it to a file or a pipe",
				    "show a key");
	r = unseal(&o, &passphrase, f);
	if (r < 0)
		return r;
	/* not by stdio, which would keep a copy */
	r = io_write_all(STDOUT_FILENO, passphrase.data, passphrase.len);
	return r < 0 ? fail_errno(f, r, "free disk space", "write the key") : 0;
}
