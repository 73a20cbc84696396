// SPDX-License-Identifier: MIT
/*
 * cvmctl sign: a release key approves the PCR values that an image will have,
 * so that it opens volumes that were sealed to the key. No TPM takes part.
 */
#include <errno.h>
#include <string.h>

#include "cvmctl/command.h"
#include "cvmctl/image/manifest.h"
#include "cvmctl/predict/boot-pcrs.h"
#include "cvmctl/predict/prediction-read.h"
#include "cvmctl/seal/sign-key.h"
#include "cvmctl/seal/sign-target.h"
#include "cvmctl/tool/lists.h"
#include "cvmctl/tool/options.h"
#include "lib/own.h"

struct sign_options {
	const char *key, *prediction, *pcrs, *banks, *release, *add_to, *image;
	bool replace;
};

/* What the options mean. */
struct approval {
	uint32_t mask; /* 0: all that the prediction holds */
	digest_algs banks;
	uint64_t release;
	struct json_object *manifest; /* of the image, if it is for one */
};

static const struct option_usage usage = {
	"sign --key PRIVATE.pem [--prediction FILE] [OPTION]...",
	"Signs the PCR values of cvmctl predict --json, read from standard input\n"
	"or a file, and writes them as tpm2-pcr-signature.json. A volume that\n"
	"was sealed with cvmctl seal --signed-by opens under each value signed.",
};

static int read_numbers(const struct sign_options *o, struct approval *ret,
			struct fail *f)
{
	*ret = (struct approval){ .banks = 1U << DIGEST_SHA256 };
	if (o->pcrs && list_read_pcrs(o->pcrs, &ret->mask) < 0)
		return options_refuse(
			f, "sign", "--pcrs %s is not a list such as 2,4,9,14",
			o->pcrs);
	if (o->banks && list_read_banks(o->banks, &ret->banks) < 0)
		return options_refuse(f, "sign",
				      "--banks %s is not a list of sha1, "
				      "sha256, sha384, sha512",
				      o->banks);
	if (o->release &&
	    (text_parse_u64(o->release, INT64_MAX, &ret->release) < 0 ||
	     ret->release == 0))
		return options_refuse(f, "sign",
				      "--release %s is no number from 1",
				      o->release);
	if (o->add_to && o->image)
		return options_refuse(f, "sign",
				      "give one of --add-to and --image");
	if (o->replace && !o->image)
		return options_refuse(f, "sign", "--replace is for --image");
	return 0;
}

static int read_options(int argc, char **argv, struct sign_options *o,
			struct approval *ret, struct fail *f)
{
	const struct option_spec specs[] = {
		{ "key", OPTION_REQUIRED, "FILE", "private key in PEM",
		  &o->key },
		{ "prediction", OPTION_TEXT, "FILE",
		  "what cvmctl predict --json said; else -, standard input",
		  &o->prediction },
		{ "pcrs", OPTION_TEXT, "LIST",
		  "such as 2,4,9,14; else all of the prediction", &o->pcrs },
		{ "banks", OPTION_TEXT, "LIST", "else sha256", &o->banks },
		{ "release", OPTION_TEXT, "N",
		  "not if the TPM's minimum release is above N", &o->release },
		{ "add-to", OPTION_TEXT, "FILE",
		  "add to its signatures; else write to standard output",
		  &o->add_to },
		{ "image", OPTION_TEXT, "IMAGE_DIR",
		  "add to those at the end of its root disk", &o->image },
		{ "replace", OPTION_FLAG, NULL,
		  "--image: drop those that are there", &o->replace },
		{ 0 },
	};
	int r = options_read(&usage, specs, argc, argv, f);

	return r ? r : read_numbers(o, ret, f);
}

static int choose_pcrs(const struct approval *a, struct pcr_values *values,
		       struct fail *f)
{
	uint32_t mask = a->mask ? a->mask : values->mask;

	if ((values->mask & mask) != mask)
		return fail_because(f, "the prediction lacks one of them",
				    "predict with --boot, or name fewer in "
				    "--pcrs",
				    "sign the PCR values");
	if (!(mask & 1U << pcr_apps))
		return fail_because(f,
				    "a signature without PCR 14 opens every "
				    "volume of its key, whatever runs",
				    "add 14 to --pcrs", "sign the PCR values");
	values->mask = mask;
	return boot_pcrs_check(mask, boot_pcrs_unused(values), f);
}

/* PolicyPCR over the values, and PolicyNV for a release number. */
static int make_policy(struct signature *entry, struct fail *f)
{
	int r = policy_add_pcrs(&entry->policy, &entry->values);

	if (r == 0 && entry->release)
		r = policy_add_release(&entry->policy, entry->release);
	return r < 0 ? fail_errno(f, r, "free memory", "sign the PCR values")
		     : 0;
}

static int sign_values(const struct sign_key *key,
		       const struct pcr_values *values, uint64_t release,
		       struct signatures *ret, struct fail *f)
{
	struct signature entry = { .bank = values->bank,
				   .mask = values->mask,
				   .values = *values,
				   .release = release };
	int r = make_policy(&entry, f);

	memcpy(entry.fingerprint, sign_key_public(key)->fingerprint,
	       sizeof(entry.fingerprint));
	if (r == 0)
		r = sign_key_sign(key, &entry.policy, &entry.sig, f);
	if (r < 0)
		return r;
	r = signatures_add(ret, &entry);
	bytes_free(&entry.sig);
	return r < 0 ? fail_errno(f, r, "free memory", "add a signature") : 0;
}

static int sign_all(const struct sign_options *o, const struct approval *a,
		    struct signatures *ret, struct fail *f)
{
	const char *path = o->prediction ? o->prediction : "-";
	const char *name = prediction_name(path);
	own_json struct json_object *prediction = NULL;
	own_sign_key struct sign_key *key = NULL;
	int r = sign_key_read(o->key, &key, f);

	if (r == 0)
		r = prediction_open(path, &prediction, f);
	for (enum digest_alg bank = 0; r == 0 && bank < DIGEST_ALG_COUNT;
	     bank++) {
		struct pcr_values values;

		if (!(a->banks & 1U << bank))
			continue;
		r = prediction_values(prediction, name, bank, &values, f);
		if (r == 0 && a->manifest)
			r = manifest_check_prediction(a->manifest, name,
						      &values, f);
		if (r == 0)
			r = choose_pcrs(a, &values, f);
		if (r == 0)
			r = sign_values(key, &values, a->release, ret, f);
	}
	return r;
}

int command_sign(int argc, char **argv, struct fail *f)
{
	own_sign_target struct sign_target target = { 0 };
	own_signatures struct signatures added = { 0 };
	struct sign_options o = { 0 };
	struct approval approval;
	int r = read_options(argc, argv, &o, &approval, f);

	if (r)
		return r;
	target.image = o.image;
	target.file = o.add_to;
	r = sign_target_open(&target, o.replace, f);
	approval.manifest = target.manifest;
	if (r == 0)
		r = sign_all(&o, &approval, &added, f);
	return r < 0 ? r : sign_target_write(&target, &added, f);
}
