// SPDX-License-Identifier: MIT
/* See blanks.h. */
#include "seal/measure/blanks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"

enum {
	long_size = 1024 * 1024, /* what takes about a millisecond */
	digits = 2 * 32,	 /* of a SHA-256 */
};

_Static_assert(blanks_max *(sizeof(struct content) + sizeof(struct blank)) +
			       blanks_paths_max <=
		       3 << 20,
	       "memory is bounded");

static void blank_free(struct blank *blank)
{
	free(blank->path);
}

#define own_blank __attribute__((cleanup(blank_free)))

static int write_digest(struct blanks *b, size_t i)
{
	const struct content *file = &b->file[i];
	char hex[digits + 1];

	if (file->error) {
		b->failed = file;
		return file->error;
	}
	hex_encode(file->digests.value[DIGEST_SHA256],
		   digest_size(DIGEST_SHA256), hex);
	memcpy(b->text->s + b->blank[i].at, hex, digits);
	return 0;
}

static int fill_short(struct blanks *b)
{
	int r = 0;

	content_digest(b->file, b->short_n);
	for (size_t i = 0; r == 0 && i < b->short_n; i++)
		r = write_digest(b, i);
	if (r < 0)
		return r;
	while (b->short_n) {
		b->paths_len -= strlen(b->blank[--b->short_n].path);
		blank_free(&b->blank[b->short_n]);
	}
	return 0;
}

int blanks_fill(struct blanks *b)
{
	size_t from = blanks_max - b->long_n;

	if (!b->file)
		return 0;
	memmove(&b->file[b->short_n], &b->file[from],
		b->long_n * sizeof(*b->file));
	memmove(&b->blank[b->short_n], &b->blank[from],
		b->long_n * sizeof(*b->blank));
	b->short_n += b->long_n;
	b->long_n = 0;
	return fill_short(b);
}

static int allocate(struct blanks *b)
{
	if (!b->file)
		b->file = calloc(blanks_max, sizeof(*b->file));
	if (!b->blank)
		b->blank = calloc(blanks_max, sizeof(*b->blank));
	return b->file && b->blank ? 0 : -ENOMEM;
}

static int add_text(struct blanks *b, size_t *ret_at)
{
	char zeros[digits];

	memset(zeros, '0', sizeof(zeros));
	*ret_at = b->text->len;
	text_add_bytes(b->text, zeros, sizeof(zeros));
	return text_failed(b->text) ? -ENOMEM : 0;
}

/* The place of one more file; there is one, see blanks_add. */
static size_t take_place(struct blanks *b, off_t size)
{
	return size < long_size ? b->short_n++ : blanks_max - ++b->long_n;
}

int blanks_add(struct blanks *b, const char *path, const struct stat *st)
{
	own_blank struct blank blank = { .path = strdup(path) };
	size_t i;
	int r = blank.path ? allocate(b) : -ENOMEM;

	if (r == 0)
		r = add_text(b, &blank.at);
	if (r < 0)
		return r;
	i = take_place(b, st->st_size);
	b->file[i] = (struct content){ .dir_fd = b->dir_fd,
				       .path = blank.path,
				       .st = *st,
				       .algs = 1U << DIGEST_SHA256 };
	b->paths_len += strlen(path);
	memcpy(&b->blank[i], &blank, sizeof(blank));
	blank.path = NULL;
	if (b->long_n == blanks_long_max || b->paths_len > blanks_paths_max)
		return blanks_fill(b);
	return b->short_n + b->long_n == blanks_max ? fill_short(b) : 0;
}

void blanks_free(struct blanks *b)
{
	for (size_t i = 0; i < b->short_n; i++)
		blank_free(&b->blank[i]);
	for (size_t i = 1; i <= b->long_n; i++)
		blank_free(&b->blank[blanks_max - i]);
	free(b->blank);
	free(b->file);
	*b = (struct blanks){ .file = NULL };
}
