// SPDX-License-Identifier: MIT
/* cvmctl seal: which UUID the volume gets, and that its key names it. */
#include <string.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "lib/digest.h"
#include "lib/io.h"
#include "seal/luks/luks.h"
#include "seal/luks/volume-secret.h"
#include "tests/cvmctl.h"
#include "tests/line.h"
#include "tests/place.h"

#define UUID	 "6f0a8d1e-3b6c-4c0e-9d58-1f2b3c4d5e6f"
#define CAPITALS "6F0A8D1E-3B6C-4C0E-9D58-1F2B3C4D5E6F"
#define OTHER	 "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9"
#define MANIFEST(uuid)                                                                     \
	"{\"type\":\"cvm-init image\",\"schema\":1,\"volumes\":[{\"name\":\"v\",\"uuid\":" \
	"\"" uuid "\",\"key\":\"delivered\"}],\"apps\":{\"banks\":{}}}"

#define TWO_VOLUMES                                                                        \
	"{\"type\":\"cvm-init image\",\"schema\":1,\"volumes\":[{\"name\":\"a\",\"uuid\":" \
	"\"" UUID "\",\"key\":\"delivered\"},{\"name\":\"b\",\"uuid\":"                    \
	"\"" OTHER "\",\"key\":\"delivered\"}],\"apps\":{\"banks\":{}}}"
#define NO_UUID                                                                   \
	"{\"type\":\"cvm-init image\",\"schema\":1,\"volumes\":[{\"name\":\"v\"," \
	"\"uuid\":\"\",\"key\":\"delivered\"}],\"apps\":{\"banks\":{}}}"

enum {
	/* LUKS2 On-Disk Format Specification, 2.1 and 2.2 */
	header_size = 16 * 1024,
	uuid_at = 168,
	checksum_at = 448,
};

static void enter(struct tree *t)
{
	tree_make(t);
	tree_dir(t, "keys");
	tree_dir(t, "image");
	tree_file(t, "image/manifest.json", 0644, MANIFEST(UUID));
	tree_dir(t, "damaged");
	tree_file(t, "damaged/manifest.json", 0644, MANIFEST("one"));
	tree_dir(t, "two");
	tree_file(t, "two/manifest.json", 0644, TWO_VOLUMES);
	tree_dir(t, "device");
	tree_file(t, "device/manifest.json", 0644, NO_UUID);
	tree_file(t, "rescue", 0600, "rescue");
	place_enter(t);
}

static int seal(struct fail *f, const char *words)
{
	return cvmctl_run(command_seal, f, "seal %s --key-store keys disk",
			  words);
}

#define FORMAT "--format --size 24M --mkfs none --key-file rescue"

static const struct uuid_case {
	const char *name;
	const char *words;
	const char *uuid; /* NULL: any */
} cases[] = {
	{ "random", FORMAT, NULL },
	{ "given", FORMAT " --uuid " UUID, UUID },
	{ "in capitals", FORMAT " --uuid " CAPITALS, UUID },
	{ "of the image", FORMAT " --image image", UUID },
};

/* The key in the store is what would else be sealed. */
static void assert_names(const char *uuid, int keyslot)
{
	own_secret struct secret secret = { 0 };
	own_fd int fd = -1;
	char named[volume_uuid_len + 1];
	char path[64];

	(void)snprintf(path, sizeof(path), "keys/%s.%d.key", uuid, keyslot);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(secret_alloc(volume_secret_size, &secret), 0);
	assert_int_equal(io_pread_all(fd, secret.data, secret.len, 0), 0);
	volume_secret_uuid(&secret, named);
	assert_string_equal(named, uuid);
}

static void names_the_volume(void **state)
{
	const struct uuid_case *c = *state;
	own_place struct tree t = { .fd = -1 };
	own_luks struct luks *l = NULL;
	struct fail f = { 0 };

	enter(&t);
	assert_ok(seal(&f, c->words), &f);
	assert_ok(seal(&f, "--add --key-file rescue"), &f);
	assert_ok(luks_open("disk", &l, &f), &f);
	if (c->uuid)
		assert_string_equal(luks_uuid(l), c->uuid);
	assert_names(luks_uuid(l), 0);
	assert_names(luks_uuid(l), 2);
}

/* In both copies of the header, as a host would. */
static void spoil_uuid(void)
{
	static uint8_t header[header_size];
	own_fd int fd = open("disk", O_RDWR | O_CLOEXEC);
	struct digest_set digest;

	for (off_t at = 0; at <= header_size; at += header_size) {
		assert_int_equal(io_pread_all(fd, header, header_size, at), 0);
		(void)strcpy((char *)header + uuid_at, "one");
		memset(header + checksum_at, 0, digest_size_max);
		assert_int_equal(digest_data(1U << DIGEST_SHA256, header,
					     header_size, &digest),
				 0);
		memcpy(header + checksum_at, digest.value[DIGEST_SHA256], 32);
		assert_int_equal(pwrite(fd, header, header_size, at),
				 header_size);
	}
}

static void refuses_what_is_no_uuid(void **state)
{
	own_place struct tree t = { .fd = -1 };
	struct fail f = { 0 };

	(void)state;
	enter(&t);
	assert_refusal(seal(&f, FORMAT " --image damaged"), &f,
		       "cannot use UUID one of the image: it is none; build "
		       "the image again with cvmctl build");
	assert_ok(seal(&f, FORMAT), &f);
	spoil_uuid();
	assert_refusal(seal(&f, "--add --key-file rescue"), &f,
		       "cannot seal volume disk: its UUID is none; give it one "
		       "with cryptsetup luksUUID");
}

/* -- a header whose UUID the host may have written --------------------------
 */

#define ADD "--add --key-file rescue"
#define ANOTHER(header, wanted)                                 \
	"cannot seal volume disk: its header says UUID " header \
	", not " wanted                                         \
	"; give the right disk, or give it back its UUID with " \
	"cryptsetup luksUUID"

static const struct stranger {
	const char *name;
	const char *words;
	const char *line;
} strangers[] = {
	{ "another --uuid", ADD " --uuid " OTHER, ANOTHER(UUID, OTHER) },
	{ "another --uuid than the image's", ADD " --image image --uuid " OTHER,
	  ANOTHER(UUID, OTHER) },
	{ "another volume", ADD " --image two --volume b",
	  ANOTHER(UUID, OTHER) },
	{ "one of two volumes", ADD " --image two",
	  "cannot choose the volume: boot.conf has none, or several; give "
	  "--volume NAME" },
	{ "no such volume", ADD " --image two --volume c",
	  "cannot seal volume c: boot.conf has no such volume; check [volume "
	  "NAME] in boot.conf" },
	{ "no UUID in the image", ADD " --image damaged",
	  "cannot use UUID one of the image: it is none; build the image again "
	  "with cvmctl build" },
};

static void read_headers(uint8_t ret[static 2 * header_size])
{
	own_fd int fd = open("disk", O_RDONLY | O_CLOEXEC);

	assert_int_equal(io_pread_all(fd, ret, 2 * header_size, 0), 0);
}

/* And the disk is as it was. */
static void seals_no_stranger(void **state)
{
	static uint8_t before[2 * header_size];
	static uint8_t after[2 * header_size];
	const struct stranger *c = *state;
	own_place struct tree t = { .fd = -1 };
	struct fail f = { 0 };

	enter(&t);
	assert_ok(seal(&f, FORMAT " --uuid " UUID), &f);
	read_headers(before);
	assert_refusal(seal(&f, c->words), &f, c->line);
	read_headers(after);
	assert_memory_equal(after, before, sizeof(before));
	assert_int_equal(access("keys/" UUID ".2.key", F_OK), -1);
	assert_int_equal(access("keys/" OTHER ".2.key", F_OK), -1);
}

static const struct acquaintance {
	const char *name;
	const char *words;
	bool claimed; /* nothing but the disk says which it is */
} acquaintances[] = {
	{ "the --uuid", ADD " --uuid " UUID, false },
	{ "the --uuid in capitals", ADD " --uuid " CAPITALS, false },
	{ "the only volume", ADD " --image image", false },
	{ "the named volume", ADD " --image two --volume a", false },
	{ "a volume without UUID", ADD " --image device", true },
	{ "a volume without UUID, and --uuid",
	  ADD " --image device --uuid " UUID, false },
	{ "neither image nor --uuid", ADD, true },
};

static void says_what_only_the_disk_says(void **state)
{
	static const char claim[] =
		"cvmctl: seal: the key will be for volume " UUID
		", as disk itself says; --uuid would check it\n";
	const struct acquaintance *c = *state;
	own_place struct tree t = { .fd = -1 };
	own_bytes struct bytes said = { 0 };
	struct fail f = { 0 };

	enter(&t);
	assert_ok(seal(&f, FORMAT " --uuid " UUID), &f);
	assert_non_null(freopen("said", "w", stderr));
	assert_ok(seal(&f, c->words), &f);
	assert_non_null(freopen("/dev/null", "w", stderr));
	assert_names(UUID, 2);
	assert_int_equal(io_read_file(t.fd, "said", 4096, &said), 0);
	assert_string_equal((const char *)said.data, c->claimed ? claim : "");
}

int main(void)
{
	const struct table tables[] = {
		TABLE(names_the_volume, cases),
		CASE(refuses_what_is_no_uuid),
		TABLE(seals_no_stranger, strangers),
		TABLE(says_what_only_the_disk_says, acquaintances),
	};

	/* progress is not what is tested */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return table_run(tables, array_size(tables));
}
