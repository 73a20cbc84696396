// SPDX-License-Identifier: MIT
/*
 * Two volumes that cvmctl sealed for one TPM and one policy, "disk" and
 * "other", which the host exchanges: before init looks for them, between the
 * search and the header, and between the header and the keyslot. init wants
 * "disk". Tables and mounts are in a VM: qemu-test/test_exchange.py.
 */
#include <errno.h>
#include <libcryptsetup.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "lib/io.h"
#include "seal/luks/make.h"
#include "seal/luks/volume-key.h"
#include "tests/line.h"
#include "tests/sealing.h"

#define OTHER_UUID "00000000-3b6c-4c0e-9d58-1f2b3c4d5e6f"
#define FOR_OTHER                                                              \
	"cannot use volume v: its key is for the volume with UUID " OTHER_UUID \
	"; attach its own disk, or seal its key again with cvmctl seal"

/* LUKS2 On-Disk Format Specification, 2.1 */
enum { uuid_at = 168 };

/* When the host acts. */
enum moment { NEVER, FIRST, AFTER_SEARCH, AFTER_HEADER };

/* In the disk that is open, not in the file that has its name. */
static void copy(void)
{
	own_free uint8_t *data = malloc(sealing_bytes);
	own_fd int from = open("other", O_RDONLY | O_CLOEXEC);
	own_fd int to = open("disk", O_WRONLY | O_CLOEXEC);

	assert_int_equal(io_pread_all(from, data, sealing_bytes, 0), 0);
	assert_int_equal(io_write_all(to, data, sealing_bytes), 0);
}

static void write_uuid(const char *path, const char *uuid)
{
	struct crypt_device *cd = NULL;

	assert_int_equal(crypt_init(&cd, path), 0);
	assert_int_equal(crypt_load(cd, CRYPT_LUKS2, NULL), 0);
	crypt_set_confirm_callback(cd, NULL, NULL);
	assert_int_equal(crypt_set_uuid(cd, uuid), 0);
	crypt_free(cd);
}

/* The other with the UUID of this one. */
static void copy_with_uuid(void)
{
	copy();
	write_uuid("disk", UUID);
}

/*
 * Only in the first copy, where the disk is searched by it: its checksum is
 * wrong then, and libcryptsetup takes the second one.
 */
static void copy_with_uuid_in_front(void)
{
	own_fd int fd = -1;

	copy();
	fd = open("disk", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, UUID, sizeof(UUID), uuid_at), sizeof(UUID));
}

static char *token_of(const char *path)
{
	struct crypt_device *cd = NULL;
	const char *json = NULL;
	char *copy;

	assert_int_equal(crypt_init(&cd, path), 0);
	assert_int_equal(crypt_load(cd, CRYPT_LUKS2, NULL), 0);
	assert_int_equal(crypt_token_json_get(cd, 0, &json), 0);
	copy = strdup(json);
	assert_non_null(copy);
	crypt_free(cd);
	return copy;
}

/* The other's token as the first of two. */
static void add_token(void)
{
	own_free char *own = token_of("disk");
	own_free char *others = token_of("other");
	own_luks struct luks *l = NULL;
	struct fail f = { 0 };

	assert_ok(luks_open("disk", &l, &f), &f);
	assert_ok(luks_write_token(l, 0, others, &f), &f);
	assert_ok(luks_write_token(l, 1, own, &f), &f);
}

static const struct exchange_case {
	const char *name;
	enum moment when;
	void (*act)(void);
	const char *line;
} cases[] = {
	{ "none", NEVER, NULL, NULL },
	{ "the whole disk, with the UUID", FIRST, copy_with_uuid, FOR_OTHER },
	{ "the whole disk, searched by another copy of its header", FIRST,
	  copy_with_uuid_in_front, FOR_OTHER },
	{ "a token more", FIRST, add_token, NULL },
	{ "the disk, once it was found", AFTER_SEARCH, copy, FOR_OTHER },
	{ "the same, with the UUID", AFTER_SEARCH, copy_with_uuid, FOR_OTHER },
	{ "the disk, once its header was read", AFTER_HEADER, copy,
	  "cannot open volume disk: the sealed key does not fit it; seal its "
	  "key again with cvmctl seal" },
};

static void act(const struct exchange_case *c, enum moment now)
{
	if (c->when == now)
		c->act();
}

/* What init does, as far as the volume key. */
static int open_volume(const struct exchange_case *c, struct tpm *t,
		       struct fail *f)
{
	own_luks struct luks *l = NULL;
	own_secret struct secret passphrase = { 0 };
	own_secret struct secret key = { 0 };
	struct volume_key_request request = {
		.tpm = t, .volume = "v", .uuid = UUID, .bound = true
	};
	int keyslot = -1;
	int r;

	act(c, FIRST);
	{
		own_fd int fd = open("disk", O_RDONLY | O_CLOEXEC);

		assert_int_equal(luks_has_uuid(fd, UUID), 1);
	}
	act(c, AFTER_SEARCH);
	assert_ok(luks_open("disk", &l, f), f);
	request.luks = l;
	r = volume_key_unseal(&request, &passphrase, &keyslot, f);
	if (r < 0) {
		assert_null(passphrase.data);
		return r;
	}
	act(c, AFTER_HEADER);
	return luks_volume_key(l, keyslot, &passphrase, &key, f);
}

static void takes_no_other_volume(void **state)
{
	const struct exchange_case *c = *state;
	own_sealing struct swtpm s = { 0 };
	own_tpm struct tpm *t = NULL;
	struct fail f = { 0 };
	int r;

	sealing_start(&s);
	assert_ok(sealing_format(&s, &f), &f);
	assert_int_equal(rename("disk", "first"), 0);
	assert_ok(sealing_run(
			  &s,
			  "--format --size 24M --mkfs none --uuid " OTHER_UUID,
			  &f),
		  &f);
	assert_int_equal(rename("disk", "other"), 0);
	assert_int_equal(rename("first", "disk"), 0);
	t = swtpm_open(&s);
	r = open_volume(c, t, &f);
	if (c->line)
		assert_refusal(r, &f, c->line);
	else
		assert_ok(r, &f);
}

int main(void)
{
	/* progress is not what is tested */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	const struct table tables[] = { TABLE(takes_no_other_volume, cases) };

	return table_run(tables, array_size(tables));
}
