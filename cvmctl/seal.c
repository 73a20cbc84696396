// SPDX-License-Identifier: MIT
/*
 * cvmctl seal: a fresh key for a LUKS2 disk, released by one TPM while its
 * PCRs hold what an image will make them hold.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "cvmctl/command.h"
#include "cvmctl/manifest.h"
#include "cvmctl/options.h"
#include "cvmctl/seal-disk.h"
#include "lib/hex.h"
#include "lib/io.h"
#include "lib/json.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/pcr.h"
#include "seal/token.h"
#include "seal/tpm.h"

enum {
	secret_size = 32,
	tpm_timeout_ms = 30000,
	key_file_max = 8 * 1024, /* as cryptsetup's keyfile_size_max, smaller */
};

#define DEFAULT_TPM   "device:/dev/tpmrm0"
#define DEFAULT_LABEL "cvm-init"

struct seal_options {
	const char *image, *bank, *tpm, *volume, *uuid, *size, *mkfs, *key_file,
		*device;
	struct option_list pcr;
	bool format, enroll, json;
};

static const struct option_usage usage = {
	"seal --image IMAGE_DIR --format [--size SIZE] [OPTION]... DEVICE\n"
	"       cvmctl seal --image IMAGE_DIR --enroll --key-file FILE DEVICE\n"
	"       cvmctl seal --pcr N=HEX ... DEVICE",
	"Seals a fresh key to the PCR 14 that the image's apps will give, and to\n"
	"the values given by --pcr, and writes it to the disk as a systemd-tpm2\n"
	"token. DEVICE is a disk or an image file.",
};

static int check_options(const struct seal_options *o, const char *command,
			 struct fail *f)
{
	if (o->format == o->enroll)
		return options_refuse(f, command,
				      "give one of --format and --enroll");
	if (!o->image && !o->pcr.n)
		return options_refuse(f, command,
				      "give --image, or --pcr N=HEX");
	if (o->enroll && !o->key_file)
		return options_refuse(f, command,
				      "--enroll needs --key-file, a key that "
				      "opens the disk");
	if (o->enroll && (o->size || o->mkfs || o->uuid))
		return options_refuse(f, command,
				      "--size, --mkfs and --uuid are for "
				      "--format");
	if (o->volume && !o->image)
		return options_refuse(f, command, "--volume needs --image");
	if (o->mkfs && strcmp(o->mkfs, "ext4") != 0 &&
	    strcmp(o->mkfs, "none") != 0)
		return options_refuse(f, command,
				      "--mkfs %s is neither ext4 nor none",
				      o->mkfs);
	return 0;
}

static int read_options(int argc, char **argv, struct seal_options *o,
			struct fail *f)
{
	const struct option_spec specs[] = {
		{ NULL, OPTION_OPERAND, "DEVICE", "disk or image file",
		  &o->device },
		{ "image", OPTION_TEXT, "IMAGE_DIR",
		  "seal to its PCR 14, take the UUID from its boot.conf",
		  &o->image },
		{ "volume", OPTION_TEXT, "NAME",
		  "which [volume NAME]; else the only one", &o->volume },
		{ "pcr", OPTION_LIST, "N=HEX", "seal to this value too",
		  &o->pcr },
		{ "bank", OPTION_TEXT, "BANK",
		  "sha1, sha256, sha384 or sha512; else sha256", &o->bank },
		{ "tpm", OPTION_TEXT, "TCTI",
		  "such as swtpm:path=SOCKET; else " DEFAULT_TPM, &o->tpm },
		{ "format", OPTION_FLAG, NULL, "make a new LUKS2 volume",
		  &o->format },
		{ "enroll", OPTION_FLAG, NULL, "add the key to a volume",
		  &o->enroll },
		{ "key-file", OPTION_TEXT, "FILE",
		  "--enroll: opens the disk; --format: opens it as well",
		  &o->key_file },
		{ "size", OPTION_TEXT, "SIZE",
		  "--format: create an image file, such as 64M", &o->size },
		{ "uuid", OPTION_TEXT, "UUID", "--format: of the volume",
		  &o->uuid },
		{ "mkfs", OPTION_TEXT, "ext4|none",
		  "--format: what the volume holds; else ext4", &o->mkfs },
		{ "json", OPTION_FLAG, NULL, "answer in JSON", &o->json },
		{ 0 },
	};
	int r = options_read(&usage, specs, argc, argv, f);

	return r ? r : check_options(o, argv[0], f);
}

/* "7=0123..." */
static int parse_pcr(const char *text, struct pcr_values *values)
{
	uint8_t value[digest_size_max];
	const char *equals = strchr(text, '=');
	char number[8];
	uint64_t n;
	size_t len;

	if (!equals || (size_t)(equals - text) >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, (size_t)(equals - text));
	number[equals - text] = '\0';
	if (text_parse_u64(number, pcr_count - 1, &n) < 0 ||
	    values->mask & 1U << n ||
	    hex_decode(equals + 1, sizeof(value), value, &len) < 0 ||
	    len != digest_size(values->bank))
		return -EINVAL;
	memcpy(values->value[n], value, len);
	values->mask |= 1U << n;
	return 0;
}

static int collect_values(const struct seal_options *o,
			  struct json_object *manifest, struct pcr_values *ret,
			  struct fail *f)
{
	int bank = o->bank ? digest_from_name(o->bank) : DIGEST_SHA256;

	if (bank < 0)
		return options_refuse(f, "seal", "--bank %s is unknown",
				      o->bank);
	*ret = (struct pcr_values){ .bank = (enum digest_alg)bank };
	if (manifest) {
		int r = manifest_read_pcr(manifest, ret->bank,
					  ret->value[pcr_apps], f);

		if (r < 0)
			return r;
		ret->mask = 1U << pcr_apps;
	}
	for (size_t i = 0; i < o->pcr.n; i++)
		if (parse_pcr(o->pcr.value[i], ret) < 0)
			return options_refuse(f, "seal",
					      "--pcr %s is not N=HEX of bank "
					      "%s, or repeated",
					      o->pcr.value[i],
					      digest_name(ret->bank));
	return 0;
}

static int read_key_file(const char *path, struct secret *ret, struct fail *f)
{
	own_secret struct secret key = { 0 };
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : secret_alloc(key_file_max + 1, &key);
	size_t len = 0;
	ssize_t n = 1;

	if (r < 0)
		return fail_errno(f, r, "check --key-file", "read %s", path);
	while (n && len < key.len) {
		n = read(fd, key.data + len, key.len - len);
		if (n < 0)
			return fail_errno(f, errno, "check --key-file",
					  "read %s", path);
		len += (size_t)n;
	}
	if (len == 0 || len > key_file_max)
		return fail_because(f, "a key has 1 to 8192 bytes",
				    "check --key-file", "use key %s", path);
	key.len = len;
	*ret = key;
	key = (struct secret){ 0 };
	return 0;
}

/* A fresh key, sealed, and the keyslot's passphrase made of it. */
static int make_key(const char *tcti, const struct pcr_values *values,
		    struct sealed_key *ret_sealed, struct secret *ret_pass,
		    struct fail *f)
{
	const struct seal_policy policy = { .pcrs = *values };
	own_secret struct secret secret = { 0 };
	own_tpm struct tpm *t = NULL;
	int r = secret_alloc(secret_size, &secret);

	if (r < 0)
		return fail_errno(f, r, "free memory", "make a key");
	if (getrandom(secret.data, secret.len, 0) != (ssize_t)secret.len)
		return fail_errno(f, errno, "try again", "make a key");
	r = sealed_key_begin(&policy, ret_sealed);
	if (r < 0)
		return fail_errno(f, r, "free memory", "make a key");
	r = tpm_open(tcti, tpm_timeout_ms, &t, f);
	if (r == 0)
		r = tpm_seal(t, &secret, ret_sealed, f);
	if (r < 0)
		return r;
	r = token_passphrase(&secret, ret_pass);
	return r < 0 ? fail_errno(f, r, "free memory", "make a key") : 0;
}

static int print_answer(const struct seal_options *o,
			const struct sealed_key *key, int keyslot,
			struct fail *f)
{
	own_json struct json_object *o_json = json_object_new_object();
	own_bytes struct bytes text = { 0 };
	char policy[2 * sizeof(key->policy_digest) + 1];

	hex_encode(key->policy_digest, sizeof(key->policy_digest), policy);
	if (!o->json) {
		(void)printf("%s: keyslot %d, bank %s, PCR mask 0x%06x, "
			     "policy %s\n",
			     o->device, keyslot, digest_name(key->bank),
			     key->pcr_mask, policy);
		return 0;
	}
	if (json_set_string(o_json, "device", o->device) < 0 ||
	    json_set_u64(o_json, "keyslot", (uint64_t)keyslot) < 0 ||
	    json_set_string(o_json, "bank", digest_name(key->bank)) < 0 ||
	    json_set_u64(o_json, "pcr-mask", key->pcr_mask) < 0 ||
	    json_set_string(o_json, "policy", policy) < 0 ||
	    json_write(o_json, &text) < 0)
		return fail_errno(f, ENOMEM, "free memory", "write the answer");
	(void)fputs((const char *)text.data, stdout); /* main() checks */
	return 0;
}

static int seal(const struct seal_options *o, const struct seal_disk *where,
		const struct pcr_values *values, struct fail *f)
{
	own_sealed_key struct sealed_key sealed = { 0 };
	own_secret struct secret passphrase = { 0 };
	own_secret struct secret other = { 0 };
	struct seal_disk disk = *where;
	int keyslot = 0;
	int r = o->key_file ? read_key_file(o->key_file, &other, f) : 0;

	if (r == 0)
		r = make_key(o->tpm ? o->tpm : DEFAULT_TPM, values, &sealed,
			     &passphrase, f);
	if (r < 0)
		return r;
	disk.sealed = &sealed;
	disk.passphrase = &passphrase;
	disk.other = &other;
	r = o->format ? seal_disk_format(&disk, &keyslot, f)
		      : seal_disk_enroll(&disk, &keyslot, f);
	return r < 0 ? r : print_answer(o, &sealed, keyslot, f);
}

int command_seal(int argc, char **argv, struct fail *f)
{
	own_json struct json_object *manifest = NULL;
	struct seal_options o = { 0 };
	struct pcr_values values;
	struct seal_disk disk = { .label = DEFAULT_LABEL };
	const char *uuid = NULL;
	int r = read_options(argc, argv, &o, f);

	if (r == 0 && o.image)
		r = manifest_read(o.image, &manifest, f);
	if (r == 0 && o.image && o.format)
		r = manifest_find_volume(manifest, o.volume, &disk.label, &uuid,
					 f);
	if (r == 0)
		r = collect_values(&o, manifest, &values, f);
	if (r == 0 && o.size &&
	    text_parse_size(o.size, INT64_MAX, &disk.size_bytes) < 0)
		r = options_refuse(f, argv[0], "--size %s is no size", o.size);
	if (r)
		return r;
	disk.device = o.device;
	disk.uuid = o.uuid ? o.uuid : uuid && *uuid ? uuid : NULL;
	disk.make_ext4 = !o.mkfs || strcmp(o.mkfs, "ext4") == 0;
	return seal(&o, &disk, &values, f);
}
