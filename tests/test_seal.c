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
#include <openssl/evp.h>

#include "cvmctl/command.h"
#include "cvmctl/fill.h"
#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"
#include "seal/luks-make.h"
#include "seal/token.h"
#include "seal/tpm.h"
#include "tests/line.h"
#include "tests/swtpm.h"

/* PCR 16 of a fresh TPM is all zeros: a policy that holds at once. */
#define PCR_16 \
	"16=0000000000000000000000000000000000000000000000000000000000000000"
#define UUID "6f0a8d1e-3b6c-4c0e-9d58-1f2b3c4d5e6f"

enum { ext4_magic_at = 0x438, small = 24 * 1024 * 1024 };

static int run(char **argv, struct fail *f)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return command_seal(argc, argv, f);
}

static void in_tree(struct swtpm *s, const char *name, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%s/%s", s->tree.path, name);
}

static int format(struct swtpm *s, char *device, char *key_file, struct fail *f)
{
	char *argv[] = { (char[]){ "seal" },
			 (char[]){ "--format" },
			 (char[]){ "--pcr" },
			 (char[]){ PCR_16 },
			 (char[]){ "--tpm" },
			 s->tcti,
			 (char[]){ "--size" },
			 (char[]){ "24M" },
			 (char[]){ "--uuid" },
			 (char[]){ UUID },
			 (char[]){ "--key-file" },
			 key_file,
			 device,
			 NULL };

	return run(argv, f);
}

/* What init does: token, unseal, passphrase. */
static void unseal(struct swtpm *s, struct luks *l, struct secret *ret)
{
	own_sealed_key struct sealed_key key = { 0 };
	own_secret struct secret secret = { 0 };
	own_tpm struct tpm *t = NULL;
	struct fail f = { 0 };
	int keyslot = -1;

	assert_ok(luks_read_token(l, &key, &keyslot, &f), &f);
	assert_ok(tpm_open(s->tcti, 10000, &t, &f), &f);
	assert_ok(tpm_unseal(t, &key, NULL, &secret, &f), &f);
	assert_ok(token_passphrase(&secret, ret), &f);
}

/* Sector n as dm-crypt would read it: by OpenSSL, not by fill.c. */
static void decrypt(const struct secret *key, uint64_t n, uint8_t *sector)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint64_t iv[2] = { n * 8, 0 }; /* little-endian, as this machine */
	int len = 0;

	assert_int_equal(EVP_DecryptInit_ex(ctx, EVP_aes_256_xts(), NULL,
					    key->data, (uint8_t *)iv),
			 1);
	assert_int_equal(EVP_DecryptUpdate(ctx, sector, &len, sector, 4096), 1);
	EVP_CIPHER_CTX_free(ctx);
}

static void formats_what_the_tpm_opens(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_luks struct luks *l = NULL;
	own_secret struct secret passphrase = { 0 };
	own_secret struct secret key = { 0 };
	own_fd int fd = -1;
	uint8_t sector[4096];
	uint64_t data_bytes = 0;
	char device[PATH_MAX];
	char key_file[PATH_MAX];
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	tree_file(&s.tree, "key", 0600, "a key for the day the TPM is gone");
	in_tree(&s, "disk", device, sizeof(device));
	in_tree(&s, "key", key_file, sizeof(key_file));
	assert_ok(format(&s, device, key_file, &f), &f);
	assert_ok(luks_open(device, &l, &f), &f);
	assert_string_equal(luks_uuid(l), UUID);
	unseal(&s, l, &passphrase);
	assert_ok(luks_read_volume_key(l, &passphrase, &key, &data_bytes, &f),
		  &f);
	fd = open(device, O_RDONLY | O_CLOEXEC);
	assert_int_equal(io_pread_all(fd, sector, 4096, (off_t)data_bytes), 0);
	decrypt(&key, 0, sector);
	assert_int_equal(sector[ext4_magic_at], 0x53);
	assert_int_equal(sector[ext4_magic_at + 1], 0xef);
}

static void enrolls_beside_another_key(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_luks struct luks *l = NULL;
	own_secret struct secret old = { 0 };
	own_secret struct secret passphrase = { 0 };
	own_secret struct secret key = { 0 };
	uint64_t data_bytes = 0;
	char device[PATH_MAX];
	char key_file[PATH_MAX];
	struct fail f = { 0 };
	char *argv[] = { (char[]){ "seal" },
			 (char[]){ "--enroll" },
			 (char[]){ "--pcr" },
			 (char[]){ PCR_16 },
			 (char[]){ "--tpm" },
			 s.tcti,
			 (char[]){ "--key-file" },
			 key_file,
			 (char[]){ "--json" },
			 device,
			 NULL };

	(void)state;
	swtpm_start(&s);
	tree_file(&s.tree, "key", 0600, "a key for the day the TPM is gone");
	in_tree(&s, "disk", device, sizeof(device));
	in_tree(&s, "key", key_file, sizeof(key_file));
	assert_ok(format(&s, device, key_file, &f), &f);
	assert_ok(luks_open(device, &l, &f), &f);
	unseal(&s, l, &old);
	luks_close(&l);
	assert_ok(run(argv, &f), &f);
	assert_ok(luks_open(device, &l, &f), &f);
	unseal(&s, l, &passphrase);
	assert_false(luks_keyslot_opens(l, 0, &old));
	assert_true(luks_read_volume_key(l, &old, &key, &data_bytes, &f) < 0);
	assert_ok(luks_read_volume_key(l, &passphrase, &key, &data_bytes, &f),
		  &f);
}

/* A token that the host changed to name the key which the user counts on. */
static void keeps_the_key_that_opens_it(void **state)
{
	static const char rescue[] = "a key for the day the TPM is gone";
	own_swtpm struct swtpm s = { 0 };
	own_luks struct luks *l = NULL;
	own_secret struct secret key = { 0 };
	char device[PATH_MAX];
	char key_file[PATH_MAX];
	struct fail f = { 0 };
	char *argv[] = { (char[]){ "seal" },
			 (char[]){ "--enroll" },
			 (char[]){ "--pcr" },
			 (char[]){ PCR_16 },
			 (char[]){ "--tpm" },
			 s.tcti,
			 (char[]){ "--key-file" },
			 key_file,
			 device,
			 NULL };

	(void)state;
	swtpm_start(&s);
	tree_file(&s.tree, "key", 0600, rescue);
	in_tree(&s, "disk", device, sizeof(device));
	in_tree(&s, "key", key_file, sizeof(key_file));
	assert_ok(format(&s, device, key_file, &f), &f);
	assert_ok(luks_open(device, &l, &f), &f);
	assert_ok(luks_write_token(l,
				   "{\"type\":\"systemd-tpm2\",\"keyslots\":"
				   "[\"1\"]}",
				   &f),
		  &f);
	luks_close(&l);
	assert_ok(run(argv, &f), &f);
	assert_ok(luks_open(device, &l, &f), &f);
	assert_int_equal(secret_alloc(sizeof(rescue) - 1, &key), 0);
	memcpy(key.data, rescue, key.len);
	assert_true(luks_keyslot_opens(l, 1, &key));
}

static void keeps_a_file_that_exists(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	char device[PATH_MAX];
	char line[PATH_MAX + 128];
	char key_file[PATH_MAX];
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	tree_file(&s.tree, "key", 0600, "k");
	tree_file(&s.tree, "disk", 0600, "mine");
	in_tree(&s, "disk", device, sizeof(device));
	in_tree(&s, "key", key_file, sizeof(key_file));
	(void)snprintf(line, sizeof(line),
		       "cannot create %s: File exists; leave out --size for a "
		       "disk that exists",
		       device);
	assert_refusal(format(&s, device, key_file, &f), &f, line);
}

/* IV and key as dm-crypt takes them; a kernel agrees in qemu-test. */
static void sector_is_aes_xts_plain64(void **state)
{
	own_secret struct secret key = { 0 };
	own_fill_cipher struct fill_cipher *c = NULL;
	uint8_t sector[fill_sector_size] = "a sector";
	uint8_t want[fill_sector_size] = "a sector";

	(void)state;
	assert_int_equal(secret_alloc(fill_key_size, &key), 0);
	for (size_t i = 0; i < key.len; i++)
		key.data[i] = (uint8_t)i;
	assert_int_equal(fill_cipher_new(&key, &c), 0);
	assert_int_equal(fill_encrypt_sector(c, UINT64_C(1) << 40, sector), 0);
	assert_memory_not_equal(sector, want, 16);
	decrypt(&key, UINT64_C(1) << 40, sector);
	assert_memory_equal(sector, want, sizeof(want));
}

static void key_of_another_size_is_refused(void **state)
{
	own_secret struct secret key = { 0 };
	own_fill_cipher struct fill_cipher *c = NULL;

	(void)state;
	assert_int_equal(secret_alloc(32, &key), 0);
	assert_int_equal(fill_cipher_new(&key, &c), -EINVAL);
	assert_null(c);
}

static void volume_without_room_is_refused(void **state)
{
	own_secret struct secret key = { 0 };
	struct tree t;
	char path[PATH_MAX];
	char line[PATH_MAX + 128];
	struct fail f = { 0 };

	(void)state;
	tree_make(&t);
	tree_file(&t, "disk", 0600, "");
	(void)snprintf(path, sizeof(path), "%s/disk", t.path);
	(void)snprintf(line, sizeof(line),
		       "cannot fill volume %s: it is too small for ext4; make "
		       "it larger with --size",
		       path);
	tree_check(truncate(path, small) == 0, path);
	assert_int_equal(secret_alloc(fill_key_size, &key), 0);
	assert_refusal(fill_ext4(path, small - 4096, "x", &key, &f), &f, line);
	assert_refusal(fill_ext4(path, small + 4096, "x", &key, &f), &f, line);
	tree_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_what_the_tpm_opens),
		cmocka_unit_test(enrolls_beside_another_key),
		cmocka_unit_test(keeps_the_key_that_opens_it),
		cmocka_unit_test(keeps_a_file_that_exists),
		cmocka_unit_test(sector_is_aes_xts_plain64),
		cmocka_unit_test(key_of_another_size_is_refused),
		cmocka_unit_test(volume_without_room_is_refused),
	};

	/* progress is not what is tested */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
