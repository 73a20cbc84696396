/* SPDX-License-Identifier: MIT */
/*
 * EFI programs as small as they get: headers, then sections, each at the next
 * multiple of 512 bytes in the file and of 4096 in memory.
 */
#ifndef TESTS_EFI_H
#define TESTS_EFI_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"

enum {
	efi_pe_at = 64,			      /* "PE\0\0" */
	efi_optional_at = efi_pe_at + 4 + 20, /* the optional header */
	efi_checksum_at = efi_optional_at + 64,
	efi_certificates_at = efi_optional_at + 112 + 4 * 8,
	efi_optional_size = 112 + 16 * 8,
	efi_table_at = efi_optional_at + efi_optional_size,
	efi_row_size = 40, /* of the table of sections */
	efi_file_align = 512,
	efi_memory_align = 4096,
};

struct efi_section {
	const char *name; /* NULL ends a list */
	const char *data;
	size_t len;
};

static inline void efi_put(struct bytes *b, size_t at, unsigned size,
			   uint64_t value)
{
	for (unsigned i = 0; i < size; i++)
		b->data[at + i] = (uint8_t)(value >> 8 * i);
}

/* Where the headers end and the first section begins. */
static inline size_t efi_headers_size(size_t sections)
{
	size_t end = efi_table_at + sections * efi_row_size;

	return (end + efi_file_align - 1) / efi_file_align * efi_file_align;
}

/* The program with these sections; the caller frees it. */
static inline struct bytes efi_make(const struct efi_section *sections)
{
	size_t n = 0;
	size_t at;
	size_t len;
	struct bytes b;

	while (sections[n].name)
		n++;
	at = len = efi_headers_size(n);
	for (size_t i = 0; i < n; i++)
		len += (sections[i].len + efi_file_align - 1) / efi_file_align *
		       efi_file_align;
	b = (struct bytes){ calloc(1, len + 1), len };
	if (!b.data)
		abort();
	memcpy(b.data, "MZ", 2);
	efi_put(&b, 0x3c, 4, efi_pe_at);
	memcpy(b.data + efi_pe_at, "PE\0", 4);
	efi_put(&b, efi_pe_at + 4, 2, 0x8664);
	efi_put(&b, efi_pe_at + 6, 2, n);
	efi_put(&b, efi_pe_at + 20, 2, efi_optional_size);
	efi_put(&b, efi_optional_at, 2, 0x20b);
	efi_put(&b, efi_optional_at + 60, 4, at);
	efi_put(&b, efi_optional_at + 108, 4, 16);
	for (size_t i = 0; i < n; i++) {
		size_t row = efi_table_at + i * efi_row_size;
		size_t size = (sections[i].len + efi_file_align - 1) /
			      efi_file_align * efi_file_align;

		strncpy((char *)b.data + row, sections[i].name, 8);
		efi_put(&b, row + 8, 4, sections[i].len);
		efi_put(&b, row + 12, 4, (i + 1) * efi_memory_align);
		efi_put(&b, row + 16, 4, size);
		efi_put(&b, row + 20, 4, at);
		if (sections[i].len)
			memcpy(b.data + at, sections[i].data, sections[i].len);
		at += size;
	}
	return b;
}

/* A kernel that is an EFI program and has a setup header. */
static inline struct bytes efi_make_kernel(void)
{
	static const char sectors[4 * 512];
	const struct efi_section sections[] = {
		{ ".setup", sectors, sizeof(sectors) }, { 0 }
	};
	struct bytes b = efi_make(sections);

	b.data[0x1f1] = 4;
	memcpy(b.data + 0x202, "HdrS", 4);
	efi_put(&b, 0x206, 2, 0x20f);
	efi_put(&b, 0x211, 1, 0x01);
	efi_put(&b, 0x236, 2, 0x7f);
	return b;
}

/* Adds bytes at the end, which only the file has. */
static inline void efi_append(struct bytes *b, const void *data, size_t len)
{
	b->data = realloc(b->data, b->len + len + 1);
	if (!b->data)
		abort();
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

#endif
