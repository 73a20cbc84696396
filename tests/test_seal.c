// SPDX-License-Identifier: MIT
/*
 * cvmctl seal against a simulator: what it writes is what the TPM releases,
 * and the file system inside is the one that was made.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cvmctl/command.h"
#include "lib/io.h"
#include "lib/json.h"
#include "lib/own.h"
#include "seal/luks/make.h"
#include "seal/luks/volume-key.h"
#include "tests/line.h"
#include "tests/sealing.h"
#include "tests/sector.h"

#define OTHER_UUID "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9"

enum { ext4_magic_at = 0x438 };

/* Which of them was written, and where its key is. */
static void names_the_token(void **state)
{
	static const struct {
		const char *how;
		const char *answer;
	} cases[] = {
		{ "--add", "disk: token 1, keyslot 2, bank sha256" },
		{ "--replace --token 0", "disk: token 0, keyslot 3, bank" },
		{ "--json --replace --token 1",
		  "\"token\":1,\n  \"keyslot\":0," },
	};
	own_sealing struct swtpm s = { 0 };
	struct fail f = { 0 };

	(void)state;
	sealing_start(&s);
	assert_ok(sealing_format(&s, &f), &f);
	for (size_t i = 0; i < array_size(cases); i++) {
		own_bytes struct bytes out = { 0 };
		char words[128];

		(void)snprintf(words, sizeof(words),
			       "%s --key-file key --pcr " PCR_14, cases[i].how);
		sealing_capture(&s, words, &out);
		assert_non_null(strstr((char *)out.data, cases[i].answer));
	}
}

/* What init does. */
static void unseal(struct swtpm *s, struct luks *l, struct secret *ret)
{
	own_tpm struct tpm *t = swtpm_open(s);
	struct volume_key_request request = { .luks = l,
					      .tpm = t,
					      .volume = "v",
					      .uuid = luks_uuid(l),
					      .bound = true };
	struct fail f = { 0 };
	int keyslot = -1;

	assert_ok(volume_key_unseal(&request, ret, &keyslot, &f), &f);
	assert_true(luks_keyslot_opens(l, keyslot, ret));
}

static void formats_what_the_tpm_opens(void **state)
{
	own_sealing struct swtpm s = { 0 };
	own_luks struct luks *l = NULL;
	own_secret struct secret passphrase = { 0 };
	own_secret struct secret key = { 0 };
	own_secret struct secret same = { 0 };
	own_bytes struct bytes out = { 0 };
	own_fd int fd = -1;
	uint8_t sector[4096];
	uint64_t data_bytes = 0;
	struct fail f = { 0 };

	(void)state;
	sealing_start(&s);
	sealing_capture(&s, "--format --size 24M --uuid " UUID " --pcr " PCR_14,
			&out);
	assert_ok(luks_open("disk", &l, &f), &f);
	assert_string_equal(luks_uuid(l), UUID);
	unseal(&s, l, &passphrase);
	assert_ok(luks_read_volume_key(l, &passphrase, &key, &data_bytes, &f),
		  &f);
	assert_ok(luks_volume_key(l, 0, &passphrase, &same, &f), &f);
	assert_memory_equal(same.data, key.data, key.len);
	passphrase.data[0] ^= 1;
	assert_refusal(
		luks_volume_key(l, 0, &passphrase, &same, &f), &f,
		"cannot open volume disk: the sealed key does not fit it; "
		"seal its key again with cvmctl seal");
	fd = open("disk", O_RDONLY | O_CLOEXEC);
	assert_int_equal(io_pread_all(fd, sector, 4096, (off_t)data_bytes), 0);
	sector_decrypt(&key, 0, sector);
	assert_int_equal(sector[ext4_magic_at], 0x53);
	assert_int_equal(sector[ext4_magic_at + 1], 0xef);
}

/* --add keeps what is there, --replace takes its place. */
static void adds_and_replaces(void **state)
{
	own_sealing struct swtpm s = { 0 };
	own_luks struct luks *l = NULL;
	own_secret struct secret first = { 0 };
	own_secret struct secret second = { 0 };
	own_secret struct secret third = { 0 };
	own_secret struct secret rescue = { 0 };
	struct fail f = { 0 };

	(void)state;
	sealing_start(&s);
	sealing_rescue(&rescue);
	assert_ok(sealing_format(&s, &f), &f);
	assert_ok(luks_open("disk", &l, &f), &f);
	unseal(&s, l, &first);
	luks_close(&l);
	assert_ok(sealing_run(&s, "--add", &f), &f);
	assert_ok(sealing_run(&s, "--replace --token 0", &f), &f);
	assert_ok(luks_open("disk", &l, &f), &f);
	assert_int_equal(luks_next_token(l, -1), 0);
	assert_int_equal(luks_next_token(l, 0), 1);
	assert_int_equal(luks_next_token(l, 1), -ENOENT);
	unseal(&s, l, &second);
	assert_false(luks_keyslot_opens(l, -1, &first));
	assert_true(luks_keyslot_opens(l, 1, &rescue));
	/* what was added is there without the first token */
	assert_ok(luks_write_token(l, 0,
				   "{\"type\":\"systemd-tpm2\",\"keyslots\":"
				   "[]}",
				   &f),
		  &f);
	unseal(&s, l, &third);
	assert_int_equal(luks_token_keyslot(l, 1), 2);
	assert_true(luks_keyslot_opens(l, 2, &third));
	assert_false(luks_keyslot_opens(l, 2, &second));
}

static void replaces_one_that_is_named(void **state)
{
	own_sealing struct swtpm s = { 0 };
	own_luks struct luks *l = NULL;
	own_secret struct secret rescue = { 0 };
	struct fail f = { 0 };

	(void)state;
	sealing_start(&s);
	sealing_rescue(&rescue);
	tree_file(&s.tree, "disk", 0600, "");
	tree_check(truncate("disk", sealing_bytes) == 0, "disk");
	assert_ok(luks_format("disk", UUID, NULL, &rescue, &f), &f);
	assert_refusal(sealing_run(&s, "--replace", &f), &f,
		       "cannot replace a token of volume disk: it has no "
		       "systemd-tpm2 token; give --add");
	for (int i = 0; i < 2; i++)
		assert_ok(sealing_run(&s, "--add", &f), &f);
	assert_refusal(sealing_run(&s, "--replace", &f), &f,
		       "cannot replace a token of volume disk: it has several "
		       "systemd-tpm2 tokens; choose one with --token");
	assert_refusal(sealing_run(&s, "--replace --token 2", &f), &f,
		       "cannot replace a token of volume disk: it has no "
		       "systemd-tpm2 token of this number; choose one that "
		       "cvmctl inspect shows");
	assert_ok(luks_open("disk", &l, &f), &f);
	assert_int_equal(luks_next_token(l, 1), -ENOENT);
	assert_true(luks_keyslot_opens(l, 0, &rescue));
}

/* Nothing of it is sealed or removed. */
static void replaces_no_token_of_another_volume(void **state)
{
	own_sealing struct swtpm s = { 0 };
	own_luks struct luks *l = NULL;
	own_secret struct secret passphrase = { 0 };
	struct fail f = { 0 };

	(void)state;
	sealing_start(&s);
	assert_ok(sealing_format(&s, &f), &f);
	assert_refusal(sealing_run(&s, "--replace --uuid " OTHER_UUID, &f), &f,
		       "cannot seal volume disk: its header says UUID " UUID
		       ", not " OTHER_UUID "; give the right disk, or give it "
		       "back its UUID with cryptsetup luksUUID");
	assert_ok(luks_open("disk", &l, &f), &f);
	unseal(&s, l, &passphrase);
	luks_close(&l);
	assert_ok(sealing_run(&s, "--replace --uuid " UUID, &f), &f);
}

/* A token that the host changed to name the key which the user counts on. */
static void keeps_the_key_that_opens_it(void **state)
{
	own_sealing struct swtpm s = { 0 };
	own_luks struct luks *l = NULL;
	own_secret struct secret rescue = { 0 };
	struct fail f = { 0 };

	(void)state;
	sealing_start(&s);
	sealing_rescue(&rescue);
	assert_ok(sealing_format(&s, &f), &f);
	assert_ok(luks_open("disk", &l, &f), &f);
	assert_ok(luks_write_token(l, 0,
				   "{\"type\":\"systemd-tpm2\",\"keyslots\":"
				   "[\"1\"]}",
				   &f),
		  &f);
	luks_close(&l);
	assert_ok(sealing_run(&s, "--replace", &f), &f);
	assert_ok(luks_open("disk", &l, &f), &f);
	assert_true(luks_keyslot_opens(l, 1, &rescue));
}

static void formats_anything_by_force(void **state)
{
	own_sealing struct swtpm s = { 0 };
	own_luks struct luks *l = NULL;
	own_secret struct secret passphrase = { 0 };
	struct fail f = { 0 };

	(void)state;
	sealing_start(&s);
	assert_refusal(
		sealing_run(&s, "--format --force", &f), &f,
		"cannot open disk: No such file or directory; give --size "
		"to create an image file");
	for (int i = 0; i < 2; i++) {
		assert_ok(i ? sealing_run(&s, "--format --force --mkfs none",
					  &f)
			    : sealing_format(&s, &f),
			  &f);
	}
	assert_ok(luks_open("disk", &l, &f), &f);
	unseal(&s, l, &passphrase);
}

/* As words of --help and the manual say. */
static void answers_in_words_and_json(void **state)
{
	own_sealing struct swtpm s = { 0 };
	own_bytes struct bytes words = { 0 };
	own_bytes struct bytes json = { 0 };

	(void)state;
	sealing_start(&s);
	sealing_capture(&s,
			"--format --mkfs none --size 24M --pcr 4" ZEROS
			" --pcr 14" ZEROS,
			&words);
	assert_non_null(strstr((char *)words.data,
			       "disk: token 0, keyslot 0, bank sha256, PCRs "
			       "4 and 14, policy "));
	sealing_capture(&s,
			"--format --mkfs none --force --json --pcr 4" ZEROS
			" --pcr 14" ZEROS,
			&json);
	{
		own_json struct json_object *o =
			json_tokener_parse((char *)json.data);
		struct json_object *pcrs = NULL;

		assert_true(json_object_object_get_ex(o, "pcrs", &pcrs));
		assert_string_equal(json_object_to_json_string_ext(
					    pcrs, JSON_C_TO_STRING_PLAIN),
				    "[4,14]");
		assert_int_equal(strlen(json_get_string(o, "srk-name")),
				 2 * tpm_name_size);
		assert_null(json_get(o, "release-key"));
	}
}

/* By which inspect tells release keys apart. */
static void names_the_release_key(void **state)
{
	own_sealing struct swtpm s = { 0 };
	own_bytes struct bytes out = { 0 };
	own_json struct json_object *o = NULL;

	(void)state;
	sealing_start(&s);
	assert_int_equal(swtpm_tool(&s,
				    "openssl genpkey -quiet -algorithm rsa | "
				    "openssl pkey -pubout -out pub"),
			 0);
	sealing_capture(&s,
			"--format --mkfs none --size 24M --json --signed-by "
			"pub --signed-pcrs 14",
			&out);
	o = json_tokener_parse((char *)out.data);
	assert_int_equal(strlen(json_get_string(o, "release-key")), 64);
	bytes_free(&out);
	sealing_capture(&s,
			"--format --mkfs none --force --pcr 4" ZEROS
			" --signed-by pub --signed-pcrs 14",
			&out);
	assert_non_null(strstr((char *)out.data,
			       "bank sha256, PCR 4, signed PCR 14, policy "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_what_the_tpm_opens),
		cmocka_unit_test(adds_and_replaces),
		cmocka_unit_test(replaces_one_that_is_named),
		cmocka_unit_test(replaces_no_token_of_another_volume),
		cmocka_unit_test(keeps_the_key_that_opens_it),
		cmocka_unit_test(formats_anything_by_force),
		cmocka_unit_test(names_the_token),
		cmocka_unit_test(answers_in_words_and_json),
		cmocka_unit_test(names_the_release_key),
	};

	/* progress is not what is tested */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
