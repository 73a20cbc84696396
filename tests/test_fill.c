// SPDX-License-Identifier: MIT
/* The cipher that fills a volume, and volumes that have no room. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/table.h"

#include "cvmctl/seal/fill.h"
#include "lib/own.h"
#include "tests/line.h"
#include "tests/sector.h"
#include "tests/tmptree.h"

enum { small = 24 * 1024 * 1024 };

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
	sector_decrypt(&key, UINT64_C(1) << 40, sector);
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
	assert_refusal(fill_ext4("none", 0, "x", &key, &f), &f,
		       "cannot fill volume none: No such file or directory; "
		       "check the disk");
	tree_remove(&t);
}

int main(void)
{
	const struct table tables[] = { CASE(sector_is_aes_xts_plain64),
					CASE(key_of_another_size_is_refused),
					CASE(volume_without_room_is_refused) };

	/* progress is not what is tested */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return table_run(tables, array_size(tables));
}
