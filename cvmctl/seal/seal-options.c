// SPDX-License-Identifier: MIT
/* See seal-options.h. */
#include "cvmctl/seal/seal-options.h"

#include <string.h>
#include <uuid/uuid.h>

#include "cvmctl/tool/host-tpm.h"
#include "lib/text.h"

enum { token_max = 31 }; /* LUKS2_TOKENS_MAX of libcryptsetup, less 1 */

static const struct option_usage usage = {
	"seal --format [--size SIZE] [OPTION]... DEVICE\n"
	"       cvmctl seal --add --key-file FILE [OPTION]... DEVICE\n"
	"       cvmctl seal --replace --key-file FILE [OPTION]... DEVICE",
	"Seals a fresh key to the PCR values of --prediction, to the PCR 14 that\n"
	"the apps of --image will give, or to what a release key signs, and\n"
	"writes it to the disk as a systemd-tpm2 token. DEVICE is a disk or an\n"
	"image file.",
};

static int check_action(const struct seal_options *o, const char *command,
			struct fail *f)
{
	if (o->format + o->add + o->replace != 1)
		return options_refuse(
			f, command,
			"give one of --format, --add and --replace");
	if (!o->format && !o->key_file)
		return options_refuse(f, command,
				      "--add and --replace need --key-file, a "
				      "key that opens the disk");
	if (!o->format && (o->size || o->mkfs || o->force))
		return options_refuse(f, command,
				      "--size, --mkfs and --force are for "
				      "--format");
	if (o->token && !o->replace)
		return options_refuse(f, command, "--token is for --replace");
	if (o->mkfs && strcmp(o->mkfs, "ext4") != 0 &&
	    strcmp(o->mkfs, "none") != 0)
		return options_refuse(f, command,
				      "--mkfs %s is neither ext4 nor none",
				      o->mkfs);
	return 0;
}

static int check_policy(const struct seal_options *o, const char *command,
			struct fail *f)
{
	if (o->volume && !o->image)
		return options_refuse(f, command, "--volume needs --image");
	if (o->tpm && o->srk)
		return options_refuse(f, command,
				      "give one of --tpm and --srk");
	if (o->legacy && o->srk)
		return options_refuse(f, command,
				      "--legacy needs the TPM, not --srk");
	return 0;
}

/* The broker seals it, at each boot anew, under what it is told there. */
static int check_key_store(const struct seal_options *o, const char *command,
			   struct fail *f)
{
	const struct seal_policy_options *p = &o->policy;

	if (!o->key_store)
		return 0;
	if (o->replace)
		return options_refuse(f, command,
				      "--key-store is for --format and --add");
	if (o->tpm || o->srk || o->legacy || p->bank || p->prediction ||
	    p->signed_by || p->signed_pcrs || p->pcr.n || p->apps_only ||
	    p->any_pcr)
		return options_refuse(f, command,
				      "--key-store leaves TPM and PCRs to "
				      "cvmctl broker");
	return 0;
}

static int read_numbers(struct seal_options *o, const char *command,
			struct fail *f)
{
	uint64_t token = 0;
	uuid_t uuid;

	if (o->size &&
	    (text_parse_size(o->size, INT64_MAX, &o->size_bytes) < 0 ||
	     o->size_bytes == 0))
		return options_refuse(
			f, command,
			"--size %s is no size, such as 64M: a number "
			"of bytes, or of K, M or G",
			o->size);
	if (o->uuid && uuid_parse(o->uuid, uuid) < 0)
		return options_refuse(f, command, "--uuid %s is no UUID",
				      o->uuid);
	if (o->token && text_parse_u64(o->token, token_max, &token) < 0)
		return options_refuse(f, command,
				      "--token %s is no number from 0 to 31",
				      o->token);
	o->token_number = o->token ? (int)token : -1;
	return 0;
}

static int read_words(int argc, char **argv, struct seal_options *o,
		      struct fail *f)
{
	const struct option_spec specs[] = {
		{ NULL, OPTION_OPERAND, "DEVICE", "disk or image file",
		  &o->device },
		{ "format", OPTION_FLAG, NULL, "make a new LUKS2 volume",
		  &o->format },
		{ "add", OPTION_FLAG, NULL, "add a key to a volume", &o->add },
		{ "replace", OPTION_FLAG, NULL,
		  "add a key in place of a sealed one", &o->replace },
		{ "image", OPTION_TEXT, "IMAGE_DIR",
		  "seal to its PCR 14, for a volume of it", &o->image },
		{ "volume", OPTION_TEXT, "NAME",
		  "which [volume NAME] of it; else the only one", &o->volume },
		{ "prediction", OPTION_TEXT, "FILE",
		  "seal to what cvmctl predict --boot --json said",
		  &o->policy.prediction },
		{ "signed-by", OPTION_TEXT, "FILE",
		  "public key: seal to what it signs", &o->policy.signed_by },
		{ "signed-pcrs", OPTION_TEXT, "LIST",
		  "--signed-by: of these PCRs, such as 2,4,9,14",
		  &o->policy.signed_pcrs },
		SEAL_POLICY_OPTIONS(&o->policy),
		{ "tpm", OPTION_TEXT, "TCTI", HOST_TPM_HELP, &o->tpm },
		{ "srk", OPTION_TEXT, "FILE",
		  "without a TPM: for the one that cvmctl srk wrote FILE of",
		  &o->srk },
		{ "legacy", OPTION_FLAG, NULL,
		  "for systemd 253 and earlier too", &o->legacy },
		{ "key-store", OPTION_TEXT, "DIR", "do not seal: for a broker",
		  &o->key_store },
		{ "key-file", OPTION_TEXT, "FILE",
		  "opens the disk; --format: opens it as well", &o->key_file },
		{ "token", OPTION_TEXT, "N",
		  "--replace: this token; else the only one", &o->token },
		{ "size", OPTION_TEXT, "SIZE",
		  "--format: create an image file, such as 64M", &o->size },
		{ "uuid", OPTION_TEXT, "UUID",
		  "of the volume; --add, --replace: which it has to have",
		  &o->uuid },
		{ "mkfs", OPTION_TEXT, "ext4|none",
		  "--format: what the volume holds; else ext4", &o->mkfs },
		{ "force", OPTION_FLAG, NULL,
		  "--format: also a disk that is not empty", &o->force },
		{ "json", OPTION_FLAG, NULL, "answer in JSON", &o->json },
		{ 0 },
	};

	return options_read(&usage, specs, argc, argv, f);
}

int seal_options_read(int argc, char **argv, struct seal_options *ret,
		      struct fail *f)
{
	struct seal_options o = { 0 };
	int r = read_words(argc, argv, &o, f);

	if (r == 0)
		r = check_action(&o, argv[0], f);
	if (r == 0)
		r = check_policy(&o, argv[0], f);
	if (r == 0)
		r = check_key_store(&o, argv[0], f);
	if (r == 0)
		r = read_numbers(&o, argv[0], f);
	if (r == 0)
		*ret = o;
	return r;
}
