// SPDX-License-Identifier: MIT
/*
 * cvmctl evidence: in a VM, what a verifier far away wants to see of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/command.h"
#include "cvmctl/tool/host-tpm.h"
#include "cvmctl/tool/lists.h"
#include "cvmctl/tool/options.h"
#include "cvmctl/tool/output.h"
#include "evidence/collect/collect.h"
#include "evidence/exchange/exchange.h"
#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"
#include "seal/tpm/quote.h"

enum { chip_max = 16 };

struct evidence_options {
	const char *nonce, *challenge, *pcrs, *tpm, *root, *output;
	bool identity;
	uint32_t pcr_mask;
	struct bytes nonce_bytes; /* of --nonce */
};

static const struct option_usage usage = {
	"evidence [OPTION]... > FILE",
	"In a VM, as root: writes what a verifier goes by: a quote of the PCRs,\n"
	"the TPM's keys, the logs, and the hardware's report if there is one.\n"
	"Without --nonce and --challenge the nonce is a random one: that says\n"
	"who and what, and not when.",
};

static int read_options(int argc, char **argv, struct evidence_options *o,
			struct fail *f)
{
	const struct option_spec specs[] = {
		{ "nonce", OPTION_TEXT, "HEX",
		  "the verifier's nonce, 1 to 64 bytes", &o->nonce },
		{ "challenge", OPTION_TEXT, "FILE",
		  "what cvmctl challenge wrote for this VM", &o->challenge },
		{ "identity", OPTION_FLAG, NULL,
		  "the TPM's keys alone, for cvmctl challenge", &o->identity },
		{ "pcrs", OPTION_TEXT, "LIST", "such as 2,4,9,14; else 0 to 15",
		  &o->pcrs },
		{ "tpm", OPTION_TEXT, "TCTI",
		  "none, or such as swtpm:path=SOCKET; else " HOST_TPM_DEFAULT,
		  &o->tpm },
		{ "root", OPTION_TEXT, "DIR",
		  "has the VM's /sys and /run; else /", &o->root },
		{ "output", OPTION_TEXT, "FILE", "instead of standard output",
		  &o->output },
		{ 0 },
	};

	return options_read(&usage, specs, argc, argv, f);
}

static bool has_tpm(const struct evidence_options *o)
{
	return !o->tpm || strcmp(o->tpm, "none") != 0;
}

static int check_options(struct evidence_options *o, struct fail *f)
{
	uint8_t nonce[evidence_nonce_max];
	size_t len = 0;

	o->pcr_mask = evidence_pcrs;
	if (!!o->nonce + !!o->challenge + o->identity > 1)
		return options_refuse(f, "evidence",
				      "--nonce, --challenge and --identity "
				      "exclude each other");
	if (!has_tpm(o) && (o->challenge || o->identity))
		return options_refuse(f, "evidence",
				      "--challenge and --identity need a TPM");
	if (o->pcrs && list_read_pcrs(o->pcrs, &o->pcr_mask) < 0)
		return options_refuse(f, "evidence",
				      "--pcrs is no list such as 2,4,9,14");
	if (!o->nonce)
		return 0;
	if (hex_decode(o->nonce, sizeof(nonce), nonce, &len) < 0)
		return options_refuse(f, "evidence",
				      "--nonce is not 1 to 64 bytes in "
				      "lower-case hex");
	if (bytes_copy(nonce, len, &o->nonce_bytes) < 0)
		return fail_errno(f, ENOMEM, "give the VM more memory",
				  "read the arguments");
	return 0;
}

/* "tpm0" of device:/dev/tpm0 and /dev/tpmrm0; NULL for what has no log here. */
static const char *find_chip(const char *tcti, char ret[static chip_max])
{
	static const char *const devices[] = { "device:/dev/tpmrm",
					       "device:/dev/tpm" };

	if (!tcti)
		tcti = HOST_TPM_DEFAULT;
	for (size_t i = 0; i < array_size(devices); i++) {
		const char *number = tcti + strlen(devices[i]);

		if (strncmp(tcti, devices[i], strlen(devices[i])) != 0)
			continue;
		if (!*number || strspn(number, "0123456789") != strlen(number))
			return NULL;
		return snprintf(ret, chip_max, "tpm%s", number) < chip_max
			       ? ret
			       : NULL;
	}
	return NULL;
}

static int answer_challenge(const struct evidence_options *o, struct tpm *t,
			    struct bytes *ret, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	own_challenge struct challenge c = { 0 };
	int r = io_read_file(AT_FDCWD, o->challenge, challenge_json_max, &text);

	if (r < 0)
		return fail_errno(f, r, "check --challenge", "read %s",
				  o->challenge);
	r = challenge_read_json(&text, &c, f);
	return r < 0 ? r : tpm_activate(t, &c.id_object, &c.secret, ret, f);
}

static int find_nonce(struct evidence_options *o, struct tpm *t,
		      struct bytes *ret, struct fail *f)
{
	if (o->challenge)
		return answer_challenge(o, t, ret, f);
	if (!o->nonce)
		return evidence_make_nonce(ret, f);
	*ret = take_bytes(&o->nonce_bytes);
	return 0;
}

static int write_identity(struct tpm *t, struct bytes *ret, struct fail *f)
{
	own_evidence_tpm struct evidence_tpm keys = { 0 };
	int r = evidence_identity(t, &keys, f);

	if (r < 0)
		return r;
	r = evidence_write_identity(&keys, "cvmctl " CVM_VERSION, ret);
	return r < 0 ? fail_errno(f, r, "give the VM more memory",
				  "write the identity")
		     : 0;
}

static int write_evidence(struct evidence_options *o, struct tpm *t,
			  struct bytes *ret, struct fail *f)
{
	own_evidence struct evidence e = { 0 };
	own_bytes struct bytes nonce = { 0 };
	char chip[chip_max];
	const struct evidence_sources sources = {
		.root = o->root ? o->root : "",
		.tpm = t,
		.chip = t ? find_chip(o->tpm, chip) : NULL,
		.pcrs = o->pcr_mask,
		.lock_wait_s = evidence_lock_wait_s,
		.booted = true,
	};
	int r = find_nonce(o, t, &nonce, f);

	if (r == 0)
		r = evidence_collect(&sources, &nonce, &e, f);
	if (r == 0)
		r = evidence_write(&e, "cvmctl " CVM_VERSION, ret, f);
	return r;
}

static int run(struct evidence_options *o, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	own_tpm struct tpm *t = NULL;
	int r = has_tpm(o) ? host_tpm_open(o->tpm, &t, f) : 0;

	if (r == 0)
		r = o->identity ? write_identity(t, &text, f)
				: write_evidence(o, t, &text, f);
	tpm_close(&t);
	return r < 0 ? r : output_write(o->output, &text, f);
}

int command_evidence(int argc, char **argv, struct fail *f)
{
	struct evidence_options o = { 0 };
	int r = read_options(argc, argv, &o, f);

	if (r == 0)
		r = check_options(&o, f);
	if (r == 0)
		r = run(&o, f);
	bytes_free(&o.nonce_bytes);
	return r;
}
