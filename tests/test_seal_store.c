// SPDX-License-Identifier: MIT
/* cvmctl seal --key-store: a key for a broker, and no token. */
#include <string.h>

#include "tests/table.h"

#include "cvmctl/broker/key-store.h"
#include "cvmctl/command.h"
#include "lib/json.h"
#include "lib/own.h"
#include "seal/luks/make.h"
#include "seal/luks/token.h"
#include "seal/luks/volume-secret.h"
#include "tests/cvmctl.h"
#include "tests/line.h"
#include "tests/place.h"

#define UUID "01234567-89ab-cdef-0123-456789abcdef"
#define EK \
	"000b0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void enter(struct tree *t)
{
	tree_make(t);
	tree_dir(t, "keys");
	place_enter(t);
}

static int seal(struct fail *f, const char *words)
{
	return cvmctl_run(command_seal, f, "seal %s", words);
}

/* The keyslot opens with what is in the store, and nothing is sealed. */
static void check_opens(const char *disk, int keyslot)
{
	own_secret struct secret secret = { 0 };
	own_secret struct secret passphrase = { 0 };
	own_luks struct luks *l = NULL;
	struct fail f = { 0 };
	char name[64];
	struct stat st;

	assert_ok(luks_open(disk, &l, &f), &f);
	assert_true(luks_next_token(l, -1) < 0);
	(void)snprintf(name, sizeof(name), "keys/" UUID ".%d.key", keyslot);
	assert_return_code(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, volume_secret_size);
	assert_int_equal(secret_alloc(volume_secret_size, &secret), 0);
	{
		own_fd int fd = open(name, O_RDONLY | O_CLOEXEC);

		assert_int_equal(read(fd, secret.data, secret.len),
				 volume_secret_size);
	}
	assert_int_equal(token_passphrase(&secret, &passphrase), 0);
	assert_true(luks_keyslot_opens(l, keyslot, &passphrase));
}

static void stores(void **state)
{
	own_place struct tree t = { .fd = -1 };
	own_bytes struct bytes out = { 0 };
	own_json struct json_object *answer = NULL;
	struct fail f = { 0 };

	(void)state;
	enter(&t);
	tree_file(&t, "rescue", 0600, "rescue");
	cvmctl_capture(
		command_seal,
		"seal --format --size 24M --mkfs none --json --uuid " UUID
		" --key-file rescue --key-store keys d.img",
		&out);
	answer = json_tokener_parse((const char *)out.data);
	assert_string_equal(json_get_string(answer, "key-store"), "keys");
	check_opens("d.img", 0);
	assert_ok(seal(&f, "--add --key-file rescue --key-store keys d.img"),
		  &f);
	check_opens("d.img", 2);
}

/* The old key stays, and so does the disk that would have been formatted. */
static void overwrites_nothing(void **state)
{
	own_place struct tree t = { .fd = -1 };
	struct fail f = { 0 };
	struct stat st;

	(void)state;
	enter(&t);
	tree_file(&t, "keys/" UUID ".0.key", 0600, "old");
	assert_refusal(seal(&f, "--format --size 24M --mkfs none --uuid " UUID
				" --key-store keys d.img"),
		       &f,
		       "cannot add a key of volume " UUID " to keys: File "
		       "exists; choose another key store, or move the old key "
		       "away");
	assert_true(stat("d.img", &st) < 0);
	assert_refusal(
		seal(&f, "--format --size 24M --key-store nowhere d.img"), &f,
		"cannot use the key store nowhere: No such file or "
		"directory; choose another key store, or move the old "
		"key away");
	assert_true(stat("d.img", &st) < 0);
}

#define MANIFEST(key)                                                                      \
	"{\"type\":\"cvm-init image\",\"schema\":1,\"volumes\":[{\"name\":\"v\",\"uuid\":" \
	"\"" UUID "\",\"key\":\"" key "\"}],\"apps\":{\"banks\":{}}}"

#define MANIFEST_PCR14                                                                \
	"{\"type\":\"cvm-init image\",\"schema\":1,\"apps\":{\"banks\":{\"sha256\":{" \
	"\"measured\":\"" ZEROS32 ZEROS32 "\"}}}}"
#define ZEROS32 "00000000000000000000000000000000"

static void asks_the_image(void **state)
{
	own_place struct tree t = { .fd = -1 };
	struct fail f = { 0 };

	(void)state;
	enter(&t);
	tree_dir(&t, "sealed");
	tree_file(&t, "sealed/manifest.json", 0644, MANIFEST("sealed"));
	tree_dir(&t, "delivered");
	tree_file(&t, "delivered/manifest.json", 0644, MANIFEST("delivered"));
	assert_refusal(
		seal(&f, "--format --size 24M --image sealed --key-store "
			 "keys d.img"),
		&f,
		"cannot make a key for volume v: boot.conf says that its "
		"key is sealed; leave out --key-store, or set key = "
		"delivered in its [volume]");
	assert_refusal(
		seal(&f, "--format --size 24M --image delivered d.img"), &f,
		"cannot make a key for volume v: boot.conf says that its "
		"key is delivered; give --key-store");
	assert_ok(seal(&f, "--format --size 24M --mkfs none --image delivered "
			   "--key-store keys d.img"),
		  &f);
	check_opens("d.img", 0);
}

/* A broker without keys is none: told at its start, not to the first VM. */
static void broker_needs_its_keys(void **state)
{
	own_place struct tree t = { .fd = -1 };
	struct fail f = { 0 };

	(void)state;
	enter(&t);
	tree_dir(&t, "image");
	tree_file(&t, "image/manifest.json", 0644, MANIFEST_PCR14);
	assert_refusal(cvmctl_run(command_broker, &f,
				  "broker --listen unix:s --store nowhere "
				  "--key k --audit a --apps-only --ek " EK
				  " --without-hardware image"),
		       &f,
		       "cannot open nowhere: No such file or directory; check "
		       "--store");
}

static void store_is_a_directory(void **state)
{
	own_place struct tree t = { .fd = -1 };
	struct fail f = { 0 };

	(void)state;
	enter(&t);
	tree_dir(&t, "image");
	tree_file(&t, "image/manifest.json", 0644, MANIFEST_PCR14);
	tree_file(&t, "store", 0755, "");
	assert_refusal(cvmctl_run(command_broker, &f,
				  "broker --listen unix:s --store store "
				  "--key k --audit a --apps-only --ek " EK
				  " --without-hardware image"),
		       &f, "cannot open store: Not a directory; check --store");
}

static const struct usage_case {
	const char *words;
	const char *reason;
} usages[] = {
	{ "--replace --key-file k --key-store keys d.img",
	  "--key-store is for --format and --add" },
	{ "--format --tpm x --key-store keys d.img",
	  "--key-store leaves TPM and PCRs to cvmctl broker" },
	{ "--format --apps-only --key-store keys d.img",
	  "--key-store leaves TPM and PCRs to cvmctl broker" },
	{ "--format --pcr 4=00 --key-store keys d.img",
	  "--key-store leaves TPM and PCRs to cvmctl broker" },
};

static void refuses_usage(void **state)
{
	const struct usage_case *c = *state;
	struct fail f = { 0 };

	assert_int_equal(seal(&f, c->words), COMMAND_USAGE);
	assert_string_equal(f.reason, c->reason);
}

int main(void)
{
	const struct table tables[] = {
		CASE(stores),
		CASE(overwrites_nothing),
		CASE(asks_the_image),
		CASE(broker_needs_its_keys),
		CASE(store_is_a_directory),
		TABLE(refuses_usage, usages),
	};

	return table_run(tables, array_size(tables));
}
