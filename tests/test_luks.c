// SPDX-License-Identifier: MIT
/*
 * Headers that a host could write, made by editing one that we formatted:
 * the JSON area is changed and its checksum made right again. Activation
 * needs device-mapper and is tested in a VM.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>

#include "lib/digest.h"
#include "lib/io.h"
#include "lib/own.h"
#include "seal/luks-make.h"
#include "tests/line.h"
#include "tests/tmptree.h"

#define UUID "463005b7-d095-436a-92c2-281eb1d07041"

enum {
	image_size = 17 * 1024 * 1024,
	/* LUKS2 On-Disk Format Specification, 2.1 and 2.2 */
	header_size = 16 * 1024,
	json_at = 4096,
	checksum_at = 448,
};

static void make_secret(int fill, struct secret *ret)
{
	assert_int_equal(secret_alloc(44, ret), 0);
	memset(ret->data, fill, ret->len);
}

/* A volume in a file; the caller removes the tree. */
static void make_volume(struct tree *tree, char path[static PATH_MAX])
{
	own_secret struct secret passphrase = { 0 };
	struct fail f = { 0 };

	tree_make(tree);
	(void)snprintf(path, PATH_MAX, "%s/image", tree->path);
	assert_int_equal(io_replace_file(path, "", 0, 0600), 0);
	assert_int_equal(truncate(path, image_size), 0);
	make_secret('a', &passphrase);
	assert_ok(luks_format(path, UUID, "state", &passphrase, &f), &f);
}

/* The header's JSON, which NULs fill up, with to in the place of from. */
static void replace(char *json, size_t size, const char *from, const char *to)
{
	char *hit = memmem(json, size, from, strlen(from));
	char *rest;

	assert_non_null(hit);
	rest = strdup(hit + strlen(from));
	assert_non_null(rest);
	memset(hit, 0, size - (size_t)(hit - json));
	(void)snprintf(hit, size - (size_t)(hit - json), "%s%s", to, rest);
	free(rest);
}

/* Changes both copies of the header, as a host would. */
static void edit_header(const char *path, const char *from, const char *to)
{
	static uint8_t header[header_size];
	own_fd int fd = open(path, O_RDWR | O_CLOEXEC);
	struct digest_set digest;

	for (off_t at = 0; at <= header_size; at += header_size) {
		assert_int_equal(io_pread_all(fd, header, header_size, at), 0);
		replace((char *)header + json_at, header_size - json_at, from,
			to);
		memset(header + checksum_at, 0, digest_size_max);
		assert_int_equal(digest_data(1U << DIGEST_SHA256, header,
					     header_size, &digest),
				 0);
		memcpy(header + checksum_at, digest.value[DIGEST_SHA256], 32);
		assert_int_equal(pwrite(fd, header, header_size, at),
				 header_size);
	}
}

static void test_recognises_its_uuid(void **state)
{
	struct tree tree;
	char path[PATH_MAX];

	(void)state;
	make_volume(&tree, path);
	{
		own_fd int fd = open(path, O_RDWR | O_CLOEXEC);

		assert_true(luks_has_uuid(fd, UUID));
		assert_true(luks_has_uuid(fd, NULL));
		assert_false(luks_has_uuid(fd, "463005b7"));
		assert_false(luks_has_uuid(fd, UUID "0"));
		assert_false(luks_has_uuid(fd, ""));
		assert_int_equal(pwrite(fd, "\1", 1, 7), 1); /* LUKS1 */
		assert_false(luks_has_uuid(fd, NULL));
		assert_int_equal(pwrite(fd, "\2", 1, 7), 1);
		assert_true(luks_has_uuid(fd, NULL));
		assert_int_equal(ftruncate(fd, 4095), 0);
		assert_false(luks_has_uuid(fd, NULL));
	}
	tree_remove(&tree);
}

/* Of the digest, not of the keyslot. */
#define DIGEST_COST "\"segments\":[\"0\"],\"hash\":\"sha512\",\"iterations\":"

struct edit {
	const char *from;
	const char *to;
	const char *reason;
};

static const struct edit edits[] = {
	{ "\"encryption\":\"aes-xts-plain64\",\"sector",
	  "\"encryption\":\"cipher_null-ecb\",\"sector",
	  "its data are encrypted with cipher_null-ecb and 512 bits, not "
	  "aes-xts-plain64 and 512 bits" },
	{ "\"encryption\":\"aes-xts-plain64\",\"sector",
	  "\"encryption\":\"aes-cbc-essiv:sha256\",\"sector",
	  "its data are encrypted with aes-cbc-essiv:sha256 and 512 bits, not "
	  "aes-xts-plain64 and 512 bits" },
	{ "\"type\":\"luks2\",\"key_size\":64",
	  "\"type\":\"luks2\",\"key_size\":32",
	  "its data are encrypted with aes-xts-plain64 and 256 bits, not "
	  "aes-xts-plain64 and 512 bits" },
	{ "\"sector_size\":4096", "\"sector_size\":1024",
	  "its sectors are neither 512 nor 4096 bytes" },
	{ "\"sector_size\":4096",
	  "\"sector_size\":4096,\"integrity\":{\"type\":\"hmac(sha256)\","
	  "\"journal_encryption\":\"none\",\"journal_integrity\":\"none\"}",
	  "it has an integrity layer" },
	{ "\"keyslots_size\":\"16744448\"",
	  "\"keyslots_size\":\"16744448\",\"flags\":[\"allow-discards\"]",
	  "its header sets activation flags" },
	{ "\"keyslots_size\":\"16744448\"",
	  "\"keyslots_size\":\"16744448\",\"requirements\":{\"mandatory\":"
	  "[\"online-reencrypt-v9\"]}",
	  "its header requires more than dm-crypt" },
	{ "\"type\":\"crypt\"", "\"type\":3", "it has no valid LUKS2 header" },
	{ "\"sector_size\":4096", "\"sector_size\":4096,\"new\":1",
	  "its data segment has a field that is not known" },
	{ "\"size\":\"dynamic\"", "\"size\":\"1048576\"",
	  "its data segment is not the rest of the disk" },
	{ DIGEST_COST "1000", DIGEST_COST "4000000000",
	  "its digest asks for more than 10000000 iterations" },
	{ DIGEST_COST "1000", DIGEST_COST "10000001",
	  "its digest asks for more than 10000000 iterations" },
	{ "\"digests\":{\"0\":{",
	  "\"digests\":{\"1\":{\"type\":\"pbkdf2\",\"keyslots\":[],"
	  "\"segments\":[],\"hash\":\"sha256\",\"iterations\":1000,"
	  "\"salt\":\"AA==\",\"digest\":\"AA==\"},\"0\":{",
	  "it has no digest, or several" },
};

static void test_opens_only_what_we_format(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(edits); i++) {
		struct luks *l = NULL;
		struct fail f = { 0 };
		struct tree tree;
		char path[PATH_MAX];
		char line[PATH_MAX + fail_line_max];

		make_volume(&tree, path);
		assert_ok(luks_open(path, &l, &f), &f);
		assert_string_equal(luks_uuid(l), UUID);
		luks_close(&l);
		edit_header(path, edits[i].from, edits[i].to);
		(void)snprintf(line, sizeof(line),
			       "cannot use volume %s: %s; format it with "
			       "cvmctl seal --format",
			       path, edits[i].reason);
		assert_refusal(luks_open(path, &l, &f), &f, line);
		assert_null(l);
		tree_remove(&tree);
	}
}

/* Judged before the passphrase is used, so no device-mapper is needed. */
static const struct edit keyslot_edits[] = {
	{ "\"encryption\":\"aes-xts-plain64\",\"key_size\":64",
	  "\"encryption\":\"cipher_null-ecb\",\"key_size\":32",
	  "its sealed keyslot is not encrypted with aes-xts-plain64 and 512 "
	  "bits" },
	{ "\"encryption\":\"aes-xts-plain64\",\"key_size\":64",
	  "\"encryption\":\"aes-xts-plain64\",\"key_size\":32",
	  "its sealed keyslot is not encrypted with aes-xts-plain64 and 512 "
	  "bits" },
	{ "\"type\":\"pbkdf2\",\"hash\":\"sha512\",\"iterations\":1000",
	  "\"type\":\"argon2id\",\"time\":4,\"memory\":32,\"cpus\":1",
	  "its sealed keyslot does not use pbkdf2 with SHA-2" },
	{ "\"iterations\":1000", "\"iterations\":10000001",
	  "its sealed keyslot asks for more than 10000000 iterations" },
	{ "\"stripes\":4000", "\"stripes\":4001",
	  "its sealed keyslot is not split into 4000 stripes" },
};

static void test_uses_only_sound_keyslots(void **state)
{
	own_secret struct secret passphrase = { 0 };

	(void)state;
	make_secret('a', &passphrase);
	for (size_t i = 0; i < array_size(keyslot_edits); i++) {
		struct luks *l = NULL;
		struct fail f = { 0 };
		struct tree tree;
		char path[PATH_MAX];
		char line[PATH_MAX + fail_line_max];

		make_volume(&tree, path);
		edit_header(path, keyslot_edits[i].from, keyslot_edits[i].to);
		(void)snprintf(line, sizeof(line),
			       "cannot use volume %s: %s; format it with "
			       "cvmctl seal --format",
			       path, keyslot_edits[i].reason);
		assert_ok(luks_open(path, &l, &f), &f);
		assert_refusal(luks_activate(l, "test", 0, &passphrase, &f), &f,
			       line);
		(void)snprintf(line, sizeof(line),
			       "cannot use volume %s: its sealed keyslot holds "
			       "no volume key; format it with cvmctl seal "
			       "--format",
			       path);
		assert_refusal(luks_activate(l, "test", 1, &passphrase, &f), &f,
			       line);
		luks_close(&l);
		tree_remove(&tree);
	}
}

static void test_adds_keys(void **state)
{
	own_secret struct secret first = { 0 };
	own_secret struct secret second = { 0 };
	struct luks *l = NULL;
	struct fail f = { 0 };
	struct tree tree;
	char path[PATH_MAX];
	char line[PATH_MAX + fail_line_max];
	int keyslot = -1;

	(void)state;
	make_secret('a', &first);
	make_secret('b', &second);
	make_volume(&tree, path);
	assert_ok(luks_open(path, &l, &f), &f);
	(void)snprintf(line, sizeof(line),
		       "cannot add a key to volume %s: no keyslot opens with "
		       "the given key; give a key that opens it",
		       path);
	assert_refusal(luks_add_key(l, &second, &first, &keyslot, &f), &f,
		       line);
	assert_ok(luks_add_key(l, &first, &second, &keyslot, &f), &f);
	assert_int_equal(keyslot, 1);
	assert_ok(luks_add_key(l, &second, &first, &keyslot, &f), &f);
	assert_int_equal(keyslot, 2);
	luks_close(&l);
	tree_remove(&tree);
}

static void test_keeps_one_token(void **state)
{
	struct sealed_key key = { 0 };
	struct luks *l = NULL;
	struct fail f = { 0 };
	struct tree tree;
	char path[PATH_MAX];
	char line[PATH_MAX + fail_line_max];
	int keyslot = -1;

	(void)state;
	make_volume(&tree, path);
	assert_ok(luks_open(path, &l, &f), &f);
	(void)snprintf(line, sizeof(line),
		       "cannot use volume %s: its header has no systemd-tpm2 "
		       "token; seal its key again with cvmctl seal",
		       path);
	assert_refusal(luks_read_token(l, &key, &keyslot, &f), &f, line);
	/* accepted by the format, refused by the parser: it is read back */
	assert_ok(luks_write_token(l,
				   "{\"type\":\"systemd-tpm2\",\"keyslots\":"
				   "[\"0\"],\"old\":1}",
				   &f),
		  &f);
	assert_ok(luks_write_token(l,
				   "{\"type\":\"systemd-tpm2\",\"keyslots\":"
				   "[\"0\"],\"new\":1}",
				   &f),
		  &f);
	luks_close(&l);
	assert_ok(luks_open(path, &l, &f), &f);
	assert_refusal(luks_read_token(l, &key, &keyslot, &f), &f,
		       "cannot read the TPM token: its field new is not known; "
		       "seal the key with cvmctl seal");
	luks_close(&l);
	tree_remove(&tree);
}

/* LUKS2 has 32 of each. */
static void test_says_what_to_free(void **state)
{
	static const char token[] = "{\"type\":\"other\",\"keyslots\":[]}";
	own_secret struct secret key = { 0 };
	struct luks *l = NULL;
	struct fail f = { 0 };
	struct tree tree;
	char path[PATH_MAX];
	char line[PATH_MAX + fail_line_max];
	int keyslot;

	(void)state;
	make_secret('a', &key);
	make_volume(&tree, path);
	assert_ok(luks_open(path, &l, &f), &f);
	for (int i = 1; i < 32; i++)
		assert_ok(luks_add_key(l, &key, &key, &keyslot, &f), &f);
	(void)snprintf(line, sizeof(line),
		       "cannot add a key to volume %s: its header has no "
		       "room for one more; free a "
		       "keyslot with cryptsetup luksKillSlot",
		       path);
	assert_refusal(luks_add_key(l, &key, &key, &keyslot, &f), &f, line);
	for (int i = 0; i < 32; i++)
		assert_ok(luks_write_token(l, token, &f), &f);
	(void)snprintf(line, sizeof(line),
		       "cannot write a token to volume %s: its header has no "
		       "room for one more; "
		       "free a token with cryptsetup token remove",
		       path);
	assert_refusal(luks_write_token(l, token, &f), &f, line);
	luks_close(&l);
	tree_remove(&tree);
}

static void test_says_why_it_cannot_format(void **state)
{
	own_secret struct secret passphrase = { 0 };
	struct luks *l = NULL;
	struct fail f = { 0 };

	(void)state;
	make_secret('a', &passphrase);
	assert_refusal(luks_format("/nonexistent", NULL, NULL, &passphrase, &f),
		       &f,
		       "cannot format volume /nonexistent: there is no such "
		       "disk or image; use an unused disk of more than 16 MiB");
	assert_refusal(
		luks_open("/nonexistent", &l, &f), &f,
		"cannot open volume /nonexistent: there is no such disk or "
		"image; check the volume's device");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recognises_its_uuid),
		cmocka_unit_test(test_opens_only_what_we_format),
		cmocka_unit_test(test_uses_only_sound_keyslots),
		cmocka_unit_test(test_adds_keys),
		cmocka_unit_test(test_keeps_one_token),
		cmocka_unit_test(test_says_what_to_free),
		cmocka_unit_test(test_says_why_it_cannot_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
