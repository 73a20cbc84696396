// SPDX-License-Identifier: MIT
/*
 * Headers that a host could write, made by editing one that we formatted:
 * the JSON area is changed and its checksum made right again. Activation
 * needs device-mapper and is tested in a VM.
 */
#include <errno.h>
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
#include "tests/line.h"
#include "tests/volume.h"

enum {
	/* LUKS2 On-Disk Format Specification, 2.1 and 2.2 */
	header_size = 16 * 1024,
	json_at = 4096,
	checksum_at = 448,
};

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
	volume_make(&tree, path);
	{
		own_fd int fd = open(path, O_RDWR | O_CLOEXEC);

		assert_true(luks_has_uuid(fd, VOLUME_UUID));
		assert_true(luks_has_uuid(fd, NULL));
		assert_false(luks_has_uuid(fd, "463005b7"));
		assert_false(luks_has_uuid(fd, VOLUME_UUID "0"));
		assert_false(luks_has_uuid(fd, ""));
		assert_int_equal(pwrite(fd, "\1", 1, 7), 1); /* LUKS1 */
		assert_false(luks_has_uuid(fd, NULL));
		assert_int_equal(pwrite(fd, "\2", 1, 7), 1);
		assert_true(luks_has_uuid(fd, NULL));
		assert_int_equal(ftruncate(fd, 4095), 0);
		assert_false(luks_has_uuid(fd, NULL));
	}
	{
		/* nothing is at address 0: as a disk with a defect */
		own_fd int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

		assert_int_equal(luks_has_uuid(fd, NULL), -EIO);
	}
	tree_remove(&tree);
}

static void test_tells_a_defect_from_a_wrong_disk(void **state)
{
	own_luks struct luks *l = NULL;
	struct fail f = { 0 };

	(void)state;
	assert_refusal(luks_open("/proc/self/mem", &l, &f), &f,
		       "cannot read volume /proc/self/mem: Input/output error; "
		       "attach a disk that works");
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
		own_volume struct volume v = { .luks = NULL };
		struct fail f = { 0 };
		char line[PATH_MAX + fail_line_max];

		volume_begin(&v);
		assert_string_equal(luks_uuid(v.luks), VOLUME_UUID);
		luks_close(&v.luks);
		edit_header(v.path, edits[i].from, edits[i].to);
		(void)snprintf(line, sizeof(line),
			       "cannot use volume %s: %s; use a disk that "
			       "cvmctl seal --format made",
			       v.path, edits[i].reason);
		assert_refusal(luks_open(v.path, &v.luks, &f), &f, line);
		assert_null(v.luks);
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
	(void)state;
	for (size_t i = 0; i < array_size(keyslot_edits); i++) {
		own_volume struct volume v = { .luks = NULL };
		struct fail f = { 0 };
		char line[PATH_MAX + fail_line_max];

		volume_begin(&v);
		luks_close(&v.luks);
		edit_header(v.path, keyslot_edits[i].from, keyslot_edits[i].to);
		(void)snprintf(line, sizeof(line),
			       "cannot use volume %s: %s; use a disk that "
			       "cvmctl seal --format made",
			       v.path, keyslot_edits[i].reason);
		volume_open(&v);
		assert_refusal(luks_activate(v.luks, "test", 0, &v.key, &f), &f,
			       line);
		assert_volume_refusal(
			luks_activate(v.luks, "test", 1, &v.key, &f), &f, &v,
			"cannot use volume %s: its sealed keyslot holds "
			"no volume key; use a disk that cvmctl seal "
			"--format made");
	}
}

/* Any key opens a null cipher, to a volume key of the host's choice. */
static void test_tries_no_key_in_a_null_cipher(void **state)
{
	static const char line[] =
		"cannot use volume %s: a keyslot of it is not encrypted with "
		"aes-xts-plain64 and 512 bits; use a disk that cvmctl seal "
		"--format made";
	own_volume struct volume v = { .luks = NULL };
	own_secret struct secret key = { 0 };
	struct fail f = { 0 };
	uint64_t data_bytes;
	int keyslot = -1;

	(void)state;
	volume_begin(&v);
	assert_ok(luks_add_key(v.luks, &v.key, &v.key, &keyslot, &f), &f);
	luks_close(&v.luks);
	edit_header(v.path, keyslot_edits[0].from, keyslot_edits[0].to);
	volume_open(&v);
	assert_volume_refusal(luks_add_key(v.luks, &v.key, &v.key, &keyslot,
					   &f),
			      &f, &v, line);
	assert_volume_refusal(luks_read_volume_key(v.luks, &v.key, &key,
						   &data_bytes, &f),
			      &f, &v, line);
}

static const struct {
	off_t size_bytes;
	const char *from; /* an edit that no LUKS2 header survives, or NULL */
	const char *to;
	const char *reason;
} damages[] = {
	{ volume_size_bytes, "\"type\":\"crypt\"", "\"type\":3",
	  "it has no valid LUKS2 header" },
	{ 0, NULL, NULL, "it has no valid LUKS2 header" },
	{ 4096, NULL, NULL, "it has no valid LUKS2 header" },
	{ 16 << 20, NULL, NULL, "it ends before its data begin" },
	{ (16 << 20) + 511, NULL, NULL, "it ends before its data begin" },
};

/* It may hold data that somebody needs: nobody is told to format it. */
static void test_says_how_it_is_damaged(void **state)
{
	own_secret struct secret passphrase = { 0 };

	(void)state;
	volume_secret('a', &passphrase);
	for (size_t i = 0; i < array_size(damages); i++) {
		own_luks struct luks *l = NULL;
		struct fail f = { 0 };
		struct tree tree;
		char path[PATH_MAX];
		char line[PATH_MAX + fail_line_max];
		int r;

		volume_make(&tree, path);
		if (damages[i].from)
			edit_header(path, damages[i].from, damages[i].to);
		assert_int_equal(truncate(path, damages[i].size_bytes), 0);
		r = luks_open(path, &l, &f);
		if (r == 0)
			r = luks_activate(l, "test", 0, &passphrase, &f);
		(void)snprintf(line, sizeof(line),
			       "cannot use volume %s: %s; attach the whole "
			       "disk, or restore it from a copy",
			       path, damages[i].reason);
		assert_refusal(r, &f, line);
		tree_remove(&tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recognises_its_uuid),
		cmocka_unit_test(test_tells_a_defect_from_a_wrong_disk),
		cmocka_unit_test(test_opens_only_what_we_format),
		cmocka_unit_test(test_uses_only_sound_keyslots),
		cmocka_unit_test(test_tries_no_key_in_a_null_cipher),
		cmocka_unit_test(test_says_how_it_is_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
