// SPDX-License-Identifier: MIT
/* The reading half of cpio.h: for inspection, so it trusts no number. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cvmctl/image/cpio.h"
#include "lib/own.h"

enum { magic_size = 6, field_size = 8, fields = 13 };
enum { header_size = magic_size + fields * field_size };

/* Positions of the fields of a header that mean something to us. */
enum { MODE = 1, SIZE = 6, MAJOR = 9, MINOR = 10, NAME_SIZE = 11 };

struct reader {
	const uint8_t *data;
	size_t len;
	size_t at;
};

static int read_field(const uint8_t *header, int field, uint32_t *ret)
{
	const uint8_t *digits = header + magic_size + field * field_size;
	uint32_t value = 0;

	for (int i = 0; i < field_size; i++) {
		uint8_t c = digits[i];
		uint32_t digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'A' && c <= 'F')
			digit = c - 'A' + 10U;
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10U;
		else
			return -EINVAL;
		value = value << 4 | digit;
	}
	*ret = value;
	return 0;
}

/* The next len bytes; NULL when there are fewer. */
static const uint8_t *next(struct reader *r, size_t len)
{
	const uint8_t *at = r->data + r->at;

	if (len > r->len - r->at)
		return NULL;
	r->at += len;
	return at;
}

/* The same, and what pads them to a multiple of 4. */
static const uint8_t *next_padded(struct reader *r, size_t len)
{
	const uint8_t *at = next(r, len);

	return at && next(r, -r->at & 3) ? at : NULL;
}

/* One entry with a copy of its name, whose header is at "header". */
static int read_entry(struct reader *r, const uint8_t *header,
		      struct cpio_entry *ret)
{
	own_free char *path = NULL;
	struct cpio_entry e = { 0 };
	uint32_t field[NAME_SIZE + 1] = { 0 };
	const uint8_t *name;
	const uint8_t *content;

	for (int i = MODE; i <= NAME_SIZE; i++)
		if (read_field(header, i, &field[i]) < 0)
			return -EINVAL;
	name = field[NAME_SIZE] - 1U < cpio_name_max + 1U
		       ? next_padded(r, field[NAME_SIZE])
		       : NULL;
	if (!name || name[field[NAME_SIZE] - 1])
		return -EINVAL;
	content = next_padded(r, field[SIZE]);
	if (!content)
		return -EINVAL;
	path = strdup((const char *)name);
	if (!path || bytes_copy(content, field[SIZE], &e.content) < 0)
		return -ENOMEM;
	e.path = take_ptr(path);
	e.mode = field[MODE];
	e.rdev = makedev(field[MAJOR], field[MINOR]);
	*ret = e;
	return 0;
}

int cpio_read(const uint8_t *data, size_t len, struct cpio *ret)
{
	struct reader r = { .data = data, .len = len };
	own_cpio struct cpio c = { 0 };

	c.entry = calloc(cpio_entries_max + 1, sizeof(*c.entry));
	if (!c.entry)
		return -ENOMEM;
	while (c.n <= cpio_entries_max) {
		const uint8_t *header = next(&r, header_size);
		struct cpio_entry *e = &c.entry[c.n];
		int failed;

		if (!header || memcmp(header, "070701", magic_size) != 0)
			return -EINVAL;
		failed = read_entry(&r, header, e);
		if (failed)
			return failed;
		c.n++;
		if (strcmp(e->path, "TRAILER!!!") != 0)
			continue;
		free(e->path);
		bytes_free(&e->content);
		c.n--;
		*ret = c;
		c = (struct cpio){ 0 };
		return 0;
	}
	return -E2BIG;
}
