// SPDX-License-Identifier: MIT
/* What cvmctl writes to a volume, and what it says when it cannot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/own.h"
#include "tests/line.h"
#include "tests/volume.h"

#define TOKEN_OF(keyslots) \
	"{\"type\":\"systemd-tpm2\",\"keyslots\":[" keyslots "]}"

static void test_adds_keys(void **state)
{
	own_volume struct volume v = { .luks = NULL };
	own_secret struct secret second = { 0 };
	struct fail f = { 0 };
	int keyslot = -1;

	(void)state;
	volume_secret('b', &second);
	volume_begin(&v);
	assert_volume_refusal(
		luks_add_key(v.luks, &second, &v.key, &keyslot, &f), &f, &v,
		"cannot add a key to volume %s: no keyslot opens with "
		"the given key; give a key that opens it");
	assert_ok(luks_add_key(v.luks, &v.key, &second, &keyslot, &f), &f);
	assert_int_equal(keyslot, 1);
	assert_ok(luks_add_key(v.luks, &second, &v.key, &keyslot, &f), &f);
	assert_int_equal(keyslot, 2);
}

static void test_goes_through_tokens(void **state)
{
	static const char ours[] =
		"{\"type\":\"systemd-tpm2\",\"keyslots\":[\"0\"],\"mark\":1}";
	static const char other[] = "{\"type\":\"other\",\"keyslots\":[]}";
	own_volume struct volume v = { .luks = NULL };
	struct sealed_key key = { 0 };
	struct fail f = { 0 };
	int keyslot = -1;

	(void)state;
	volume_begin(&v);
	assert_int_equal(luks_next_token(v.luks, -1), -ENOENT);
	assert_ok(luks_write_token(v.luks, luks_new_token, other, &f), &f);
	assert_int_equal(luks_next_token(v.luks, -1), -ENOENT);
	assert_ok(luks_write_token(v.luks, luks_new_token, ours, &f), &f);
	assert_ok(luks_write_token(v.luks, 31, ours, &f), &f);
	volume_open(&v);
	assert_int_equal(luks_next_token(v.luks, -1), 1);
	assert_int_equal(luks_next_token(v.luks, 1), 31);
	assert_int_equal(luks_next_token(v.luks, 31), -ENOENT);
	/* accepted by the format, refused by the parser: it is read back */
	assert_volume_refusal(
		luks_read_token(v.luks, 1, &key, &keyslot, &f), &f, &v,
		"cannot read token 1 of volume %s: its field mark is "
		"not known; seal the key with cvmctl seal");
	assert_volume_refusal(
		luks_read_token(v.luks, 2, &key, &keyslot, &f), &f, &v,
		"cannot read token 2 of volume %s: it is not there; "
		"seal its key again with cvmctl seal");
	/* in its place, and no more of them */
	assert_ok(luks_write_token(v.luks, 1, other, &f), &f);
	assert_int_equal(luks_next_token(v.luks, -1), 31);
}

/* The steps of cvmctl seal --replace: after each, some token opens it. */
static void test_replaces_the_sealed_keyslot(void **state)
{
	own_volume struct volume v = { .luks = NULL };
	own_secret struct secret new = { 0 };
	struct fail f = { 0 };
	int keyslot = -1;

	(void)state;
	volume_secret('b', &new);
	volume_begin(&v);
	assert_int_equal(luks_token_keyslot(v.luks, 0), -ENOENT);
	assert_ok(luks_write_token(v.luks, luks_new_token, TOKEN_OF("\"0\""),
				   &f),
		  &f);
	assert_int_equal(luks_token_keyslot(v.luks, 0), 0);
	assert_ok(luks_add_key(v.luks, &v.key, &new, &keyslot, &f), &f);
	assert_ok(luks_write_token(v.luks, 0, TOKEN_OF("\"0\",\"1\""), &f), &f);
	assert_int_equal(luks_token_keyslot(v.luks, 0), -ENOENT);
	assert_ok(luks_write_token(v.luks, 0, TOKEN_OF("\"1\""), &f), &f);
	assert_int_equal(luks_token_keyslot(v.luks, 0), 1);
	assert_true(luks_keyslot_opens(v.luks, 0, &v.key));
	assert_true(luks_keyslot_opens(v.luks, 1, &new));
	assert_false(luks_keyslot_opens(v.luks, 1, &v.key));
	assert_ok(luks_remove_key(v.luks, 0, &f), &f);
	assert_false(luks_keyslot_opens(v.luks, 0, &v.key));
	assert_true(luks_keyslot_opens(v.luks, 1, &new));
	assert_volume_refusal(
		luks_remove_key(v.luks, 0, &f), &f, &v,
		"cannot remove keyslot 0 of volume %s: No such "
		"file or directory; remove it with cryptsetup luksKillSlot");
}

/* LUKS2 has 32 of each. */
static void test_says_what_to_free(void **state)
{
	static const char token[] = "{\"type\":\"other\",\"keyslots\":[]}";
	own_volume struct volume v = { .luks = NULL };
	struct fail f = { 0 };
	int keyslot;

	(void)state;
	volume_begin(&v);
	for (int i = 1; i < 32; i++)
		assert_ok(luks_add_key(v.luks, &v.key, &v.key, &keyslot, &f),
			  &f);
	assert_volume_refusal(
		luks_add_key(v.luks, &v.key, &v.key, &keyslot, &f), &f, &v,
		"cannot add a key to volume %s: its header has no "
		"room for one more; free a "
		"keyslot with cryptsetup luksKillSlot");
	for (int i = 0; i < 32; i++)
		assert_ok(luks_write_token(v.luks, luks_new_token, token, &f),
			  &f);
	assert_volume_refusal(
		luks_write_token(v.luks, luks_new_token, token, &f), &f, &v,
		"cannot write a token to volume %s: its header has no "
		"room for one more; "
		"free a token with cryptsetup token remove");
}

/* Tokens of len bytes, and little more, until there is no room for one. */
static void fill_header(struct luks *l, int len)
{
	char json[1024];
	struct fail f = { 0 };

	(void)snprintf(json, sizeof(json),
		       "{\"type\":\"other\",\"keyslots\":[],\"mark\":\"%*s\"}",
		       len, "");
	while (luks_write_token(l, luks_new_token, json, &f) == 0)
		;
	assert_string_equal(f.reason, "its header has no room for one more");
}

/* The JSON area is full before the 32 keyslots are. */
static void test_says_that_the_header_is_full(void **state)
{
	own_volume struct volume v = { .luks = NULL };
	struct fail f = { 0 };
	int keyslot = -1;

	(void)state;
	volume_begin(&v);
	fill_header(v.luks, 900);
	fill_header(v.luks, 100);
	assert_volume_refusal(
		luks_add_key(v.luks, &v.key, &v.key, &keyslot, &f), &f, &v,
		"cannot add a key to volume %s: its header has no "
		"room for one more; free a "
		"keyslot with cryptsetup luksKillSlot");
}

/* libcryptsetup would make a file longer, and format it without data. */
static void test_needs_room_for_data(void **state)
{
	enum { least = 16 * 1024 * 1024 + 4096 };
	own_secret struct secret passphrase = { 0 };
	char line[PATH_MAX + 128];
	char path[PATH_MAX];
	struct fail f = { 0 };
	struct stat st;
	struct tree tree;

	(void)state;
	volume_secret('a', &passphrase);
	tree_make(&tree);
	tree_file(&tree, "disk", 0600, "");
	(void)snprintf(path, sizeof(path), "%s/disk", tree.path);
	(void)snprintf(line, sizeof(line),
		       "cannot format volume %s: it has no room for data; use "
		       "an unused disk of more than 16 MiB",
		       path);
	for (int size = 0; size < least; size = size * 2 + 4095) {
		assert_int_equal(truncate(path, size), 0);
		assert_refusal(luks_format(path, NULL, NULL, &passphrase, &f),
			       &f, line);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, size);
	}
	assert_int_equal(truncate(path, least - 1), 0);
	assert_refusal(luks_format(path, NULL, NULL, &passphrase, &f), &f,
		       line);
	assert_int_equal(truncate(path, least), 0);
	assert_ok(luks_format(path, NULL, NULL, &passphrase, &f), &f);
	tree_remove(&tree);
}

static void test_says_why_it_cannot_format(void **state)
{
	own_secret struct secret passphrase = { 0 };
	struct luks *l = NULL;
	struct fail f = { 0 };

	(void)state;
	volume_secret('a', &passphrase);
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
		cmocka_unit_test(test_adds_keys),
		cmocka_unit_test(test_goes_through_tokens),
		cmocka_unit_test(test_replaces_the_sealed_keyslot),
		cmocka_unit_test(test_says_what_to_free),
		cmocka_unit_test(test_says_that_the_header_is_full),
		cmocka_unit_test(test_needs_room_for_data),
		cmocka_unit_test(test_says_why_it_cannot_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
