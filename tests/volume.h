/* SPDX-License-Identifier: MIT */
/* A LUKS2 volume of its own for a test. Include cmocka.h first. */
#ifndef TESTS_VOLUME_H
#define TESTS_VOLUME_H

#include <stdint.h>
#include <string.h>

#include "lib/io.h"
#include "seal/luks/make.h"
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

/* One that is open, and its first key. */
struct volume {
	struct tree tree;
	char path[PATH_MAX];
	struct luks *luks;
	struct secret key;
};

static inline void volume_end(struct volume *v)
{
	luks_close(&v->luks);
	secret_free(&v->key);
	tree_remove(&v->tree);
}

#define own_volume __attribute__((cleanup(volume_end)))

/* Again, if it is open, so that its header is read. */
static inline void volume_open(struct volume *v)
{
	struct fail f = { 0 };

	luks_close(&v->luks);
	assert_ok(luks_open(v->path, &v->luks, &f), &f);
}

static inline void volume_begin(struct volume *v)
{
	volume_secret('a', &v->key);
	volume_make(&v->tree, v->path);
	volume_open(v);
}

/* As assert_refusal, where the line has a %s in the place of the path. */
#define assert_volume_refusal(r, f, v, line)                           \
	do {                                                           \
		char line_[PATH_MAX + fail_line_max];                  \
		(void)snprintf(line_, sizeof(line_), line, (v)->path); \
		assert_refusal(r, f, line_);                           \
	} while (0)

#endif
