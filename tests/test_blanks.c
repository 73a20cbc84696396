// SPDX-License-Identifier: MIT
/*
 * Blanks are filled in with the digest of their own file, whatever the order
 * and the lengths, in bounded pieces. content_digest is the test's own: the
 * digest of a file is that of its path.
 */
#include "tests/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/own.h"
#include "seal/measure/blanks.h"

enum { short_size = 1024 * 1024 - 1, long_size, hex_len = 64 };

static struct {
	size_t pieces;
	size_t files;
	size_t fail_at;	  /* the file that fails, from 1 */
	size_t with_long; /* pieces with a long file */
} seen;

void content_digest(struct content *list, size_t n)
{
	bool any_long = false;

	assert_in_range(n, 0, blanks_max);
	seen.pieces++;
	for (size_t i = 0; i < n; i++) {
		struct content *c = &list[i];

		assert_int_equal(c->algs, 1U << DIGEST_SHA256);
		assert_int_equal(c->dir_fd, 7);
		any_long |= c->st.st_size >= long_size;
		c->error = ++seen.files == seen.fail_at ? -EIO : 0;
		assert_int_equal(digest_data(c->algs, c->path, strlen(c->path),
					     &c->digests),
				 0);
	}
	seen.with_long += any_long;
}

/* The path of file i: len bytes, or few. */
static void name_file(size_t i, size_t len, char ret[static PATH_MAX])
{
	(void)snprintf(ret, PATH_MAX, "%0*zu", (int)len, i);
}

static int add(struct blanks *b, size_t i, size_t len, off_t size)
{
	const struct stat st = { .st_mode = S_IFREG, .st_size = size };
	char path[PATH_MAX];
	int r;

	name_file(i, len, path);
	text_add(b->text, "[");
	r = blanks_add(b, path, &st);
	text_add(b->text, "]%s\n", path);
	return r;
}

/* Lines "[digest of the path]path", n of them. */
static void expect_lines(const struct text *t, size_t n)
{
	const char *at = t->s;

	for (size_t i = 0; i < n; i++) {
		const char *path = at + 1 + hex_len + 1;
		size_t len = strcspn(path, "\n");
		char hex[hex_len + 1];
		struct digest_set want;

		assert_int_equal(
			digest_data(1U << DIGEST_SHA256, path, len, &want), 0);
		hex_encode(want.value[DIGEST_SHA256], hex_len / 2, hex);
		assert_int_equal(at[0], '[');
		assert_memory_equal(at + 1, hex, hex_len);
		assert_int_equal(at[1 + hex_len], ']');
		at = path + len + 1;
	}
	assert_int_equal(*at, '\0');
}

static const struct files {
	const char *name;
	size_t n;
	size_t path_len;
	size_t long_every; /* each so many-th is long; 0: none */
	size_t pieces;
} trees[] = {
	{ "one", 1, 1, 0, 1 },
	{ "one long", 1, 1, 1, 1 },
	{ "one piece, but for one", blanks_max - 1, 1, 0, 1 },
	{ "one piece", blanks_max, 1, 0, 2 },
	{ "one piece and one", blanks_max + 1, 1, 0, 2 },
	{ "ten pieces", 10 * blanks_max + 5, 1, 0, 11 },
	{ "long at the start", 3 * blanks_max, 1, 3 * blanks_max, 4 },
	{ "each third is long", 3 * blanks_max, 1, 3, 5 },
	{ "each second is long", 3 * blanks_max, 1, 2, 4 },
	{ "all are long", 2 * blanks_long_max + 7, 1, 1, 3 },
	{ "long paths", 1000, 4095, 0, 4 },
	{ "long paths of long files", 1000, 4095, 2, 4 },
};

static void fills(void **state)
{
	const struct files *c = *state;
	own_text struct text t = { 0 };
	struct blanks b = { .text = &t, .dir_fd = 7 };

	memset(&seen, 0, sizeof(seen));
	for (size_t i = 0; i < c->n; i++) {
		bool is_long = c->long_every && i % c->long_every == 0;

		assert_int_equal(add(&b, i, c->path_len,
				     is_long ? long_size : short_size),
				 0);
		assert_in_range(b.paths_len, 0, blanks_paths_max);
	}
	assert_int_equal(blanks_fill(&b), 0);
	assert_int_equal(seen.files, c->n);
	assert_int_equal(seen.pieces, c->pieces);
	assert_int_equal(b.paths_len, 0);
	expect_lines(&t, c->n);
	blanks_free(&b);
}

/* All long ones together, though there are many pieces between them. */
static void long_ones_wait(void **state)
{
	own_text struct text t = { 0 };
	struct blanks b = { .text = &t, .dir_fd = 7 };

	(void)state;
	memset(&seen, 0, sizeof(seen));
	for (size_t i = 0; i < 5 * blanks_max; i++)
		assert_int_equal(add(&b, i, 1,
				     i % blanks_max ? short_size : long_size),
				 0);
	assert_int_equal(seen.with_long, 0);
	assert_int_equal(b.long_n, 5);
	assert_int_equal(blanks_fill(&b), 0);
	assert_int_equal(seen.with_long, 1);
	blanks_free(&b);
}

static void names_what_failed(void **state)
{
	(void)state;
	for (size_t at = 1; at < 2 * blanks_max; at += 1000) {
		own_text struct text t = { 0 };
		struct blanks b = { .text = &t, .dir_fd = 7 };
		int r = 0;

		memset(&seen, 0, sizeof(seen));
		seen.fail_at = at;
		for (size_t i = 0; r == 0 && i < 2 * blanks_max; i++)
			r = add(&b, i + 1, 1, short_size);
		assert_int_equal(r ? r : blanks_fill(&b), -EIO);
		assert_non_null(b.failed);
		assert_int_equal(atoi(b.failed->path), at);
		blanks_free(&b);
	}
}

static void nothing_to_fill(void **state)
{
	own_text struct text t = { 0 };
	struct blanks b = { .text = &t };

	(void)state;
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(blanks_fill(&b), 0);
	assert_int_equal(seen.pieces, 0);
	blanks_free(&b);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(fills, trees),
		CASE(long_ones_wait),
		CASE(names_what_failed),
		CASE(nothing_to_fill),
	};

	return table_run(tables, array_size(tables));
}
