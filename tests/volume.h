/* SPDX-License-Identifier: MIT */
/* A LUKS2 volume of its own for a test. Include cmocka.h first. */
#ifndef TESTS_VOLUME_H
#define TESTS_VOLUME_H

#include <stdint.h>
#include <string.h>

#include "lib/io.h"
#include "seal/luks-make.h"
#include "tests/line.h"
#include "tests/tmptree.h"

#define VOLUME_UUID "463005b7-d095-436a-92c2-281eb1d07041"

enum { volume_size_bytes = 17 * 1024 * 1024 };

static inline void volume_secret(int fill, struct secret *ret)
{
	assert_int_equal(secret_alloc(44, ret), 0);
	memset(ret->data, fill, ret->len);
}

/* A volume in a file; the caller removes the tree. */
static inline void volume_make(struct tree *tree, char path[static PATH_MAX])
{
	own_secret struct secret passphrase = { 0 };
	struct fail f = { 0 };

	tree_make(tree);
	(void)snprintf(path, PATH_MAX, "%s/image", tree->path);
	assert_int_equal(io_replace_file(path, "", 0, 0600), 0);
	assert_int_equal(truncate(path, volume_size_bytes), 0);
	volume_secret('a', &passphrase);
	assert_ok(luks_format(path, VOLUME_UUID, "state", &passphrase, &f), &f);
}

#endif
