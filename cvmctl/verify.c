// SPDX-License-Identifier: MIT
/*
 * cvmctl verify: judges the evidence of a VM against the manifest of an image,
 * and says why. It needs no TPM and no network.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/broker/verify-words.h"
#include "cvmctl/command.h"
#include "cvmctl/image/manifest.h"
#include "cvmctl/predict/prediction-read.h"
#include "cvmctl/tool/lists.h"
#include "cvmctl/tool/options.h"
#include "evidence/file/read.h"
#include "evidence/judge/judge.h"
#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"

struct verify_options {
	const char *evidence, *manifest;
	struct verify_words words;
	const char *prediction, *require_pcrs;
	bool events, json;
};

static const struct option_usage usage = {
	"verify --nonce HEX | --challenged FILE [OPTION]... EVIDENCE MANIFEST",
	"Judges what cvmctl evidence wrote in a VM against the manifest.json of an\n"
	"image. Exit status 0: trusted; 3: not trusted, and the answer says why;\n"
	"1: it could not be judged.",
};

static int read_options(int argc, char **argv, struct verify_options *o,
			struct fail *f)
{
	const struct option_spec specs[] = {
		{ NULL, OPTION_OPERAND, "EVIDENCE", "of the VM", &o->evidence },
		{ NULL, OPTION_OPERAND, "MANIFEST",
		  "manifest.json of the image", &o->manifest },
		{ "nonce", OPTION_TEXT, "HEX", "the quote has to hold it",
		  &o->words.nonce },
		{ "challenged", OPTION_TEXT, "FILE",
		  "what cvmctl challenge --secret wrote",
		  &o->words.challenged },
		{ "ak", OPTION_TEXT, "FILE",
		  "the attestation key, or its name in hex", &o->words.ak },
		VERIFY_WORDS_OPTIONS(&o->words),
		{ "tdx-root", OPTION_TEXT, "FILE",
		  "Intel's root certificate, PEM", &o->words.tdx_root },
		{ "tdx-mrtd", OPTION_TEXT, "HEX", "the MRTD to expect",
		  &o->words.tdx_mrtd },
		{ "tdx-rtmr0", OPTION_TEXT, "HEX", "the RTMR 0 to expect",
		  &o->words.tdx_rtmr[0] },
		{ "tdx-rtmr1", OPTION_TEXT, "HEX", "the RTMR 1 to expect",
		  &o->words.tdx_rtmr[1] },
		{ "tdx-rtmr2", OPTION_TEXT, "HEX", "the RTMR 2 to expect",
		  &o->words.tdx_rtmr[2] },
		{ "prediction", OPTION_TEXT, "FILE",
		  "of cvmctl predict --json --boot", &o->prediction },
		{ "require-pcrs", OPTION_TEXT, "LIST",
		  "PCRs that logs have to account for", &o->require_pcrs },
		{ "events", OPTION_FLAG, NULL, "say what each event is, too",
		  &o->events },
		{ "json", OPTION_FLAG, NULL, "answer in JSON", &o->json },
		{ 0 },
	};
	int r = options_read(&usage, specs, argc, argv, f);

	if (r)
		return r;
	if (!o->words.nonce == !o->words.challenged)
		return options_refuse(f, argv[0],
				      "give one of --nonce and --challenged");
	if (o->events && o->json)
		return options_refuse(f, argv[0],
				      "--events is for words; --json has them");
	return 0;
}

static int read_evidence(const char *path, struct evidence *ret, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	int r = io_read_file(AT_FDCWD, path, evidence_json_max, &text);

	if (r < 0)
		return fail_errno(f, r, "check the path", "read %s", path);
	return evidence_read_json((const char *)text.data, text.len, ret, f);
}

/* The verdict comes last: what is before it may be pages. */
static int write_answer(const struct verdict *v, const struct verify_options *o,
			struct bytes *events, struct bytes *text)
{
	if (o->json)
		return verdict_write_json(v, text);
	return o->events && verdict_write_events(v, events) < 0
		       ? -ENOMEM
		       : verdict_write_text(v, text);
}

static int print(const struct verdict *v, const struct verify_options *o,
		 struct fail *f)
{
	own_bytes struct bytes events = { 0 };
	own_bytes struct bytes text = { 0 };

	if (write_answer(v, o, &events, &text) < 0)
		return fail_errno(f, ENOMEM, "free memory", "write the answer");
	if (events.len)
		(void)fputs((const char *)events.data, stdout);
	(void)fputs((const char *)text.data, stdout); /* main() checks */
	return verdict_trusted(v) ? COMMAND_OK : COMMAND_REFUSED;
}

static int verify(const struct verify_options *o, struct expectations *x,
		  struct fail *f)
{
	own_evidence struct evidence e = { .has_tpm = false };
	own_json struct json_object *manifest = NULL;
	own_json struct json_object *prediction = NULL;
	own_verdict struct verdict v = { .n = 0 };
	int r = read_evidence(o->evidence, &e, f);

	if (r == 0)
		r = manifest_read_file(o->manifest,
				       "give the manifest.json of an image",
				       &manifest, f);
	if (r == 0 && o->prediction)
		r = prediction_open(o->prediction, &prediction, f);
	if (r < 0)
		return r;
	x->manifest = manifest;
	x->prediction = prediction;
	r = judge(&e, x, &v);
	if (r < 0)
		return fail_errno(f, r, "free memory", "judge the evidence");
	return print(&v, o, f);
}

int command_verify(int argc, char **argv, struct fail *f)
{
	struct verify_options o = { .json = false };
	own_verify_files struct verify_files files = { .n = 0 };
	struct expectations x = { .challenged = false };
	int r = read_options(argc, argv, &o, f);

	if (r == 0)
		r = verify_read_words(&o.words, argv[0], &files, &x, f);
	if (r)
		return r;
	if (o.require_pcrs &&
	    list_read_pcrs(o.require_pcrs, &x.required_pcrs) < 0)
		return options_refuse(f, argv[0],
				      "--require-pcrs %s is not a list of PCRs "
				      "from 0 to 23",
				      o.require_pcrs);
	return verify(&o, &x, f);
}
