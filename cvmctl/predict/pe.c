// SPDX-License-Identifier: MIT
/*
 * See pe.h. Debian packages no C library that computes this hash: sbsign,
 * pesign and osslsigncode keep theirs to themselves. It is done here as EDK2
 * does it (MeasurePeImageAndExtend of DxeTpm2MeasureBootLib), whose result is
 * in the TPM; tests compare it with osslsigncode's.
 */
#include "cvmctl/predict/pe.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum {
	dos_header_size = 64,
	pe_offset_at = 0x3c,
	machine_x86_64 = 0x8664,
	magic_pe32_plus = 0x20b,
	file_header_size = 4 + 20, /* with the signature "PE\0\0" before it */
	section_header_size = 40,
	/* of the optional header: */
	headers_size_at = 60,
	checksum_field_at = 64,
	directories_at = 112,
	directory_size = 8,
	directory_certificates = 4,
};

static uint16_t get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t get_u32(const uint8_t *at)
{
	return get_u16(at) | (uint32_t)get_u16(at + 2) << 16;
}

static bool fits(size_t len, size_t offset, size_t size)
{
	return offset <= len && size <= len - offset;
}

/* The optional header of size bytes at offset. */
static int read_optional(struct pe *pe, size_t offset, size_t size)
{
	const uint8_t *at = pe->data + offset;
	size_t entry = directories_at + directory_certificates * directory_size;
	uint32_t directories;

	if (size < directories_at || get_u16(at) != magic_pe32_plus)
		return -EINVAL;
	directories = get_u32(at + directories_at - 4);
	if (directories > (size - directories_at) / directory_size)
		return -EINVAL;
	pe->headers_size = get_u32(at + headers_size_at);
	pe->checksum_at = offset + checksum_field_at;
	if (directories > directory_certificates) {
		pe->certificates_at = offset + entry;
		pe->certificates_size = get_u32(at + entry + 4);
	}
	return 0;
}

static int read_section(struct pe *pe, const uint8_t *at)
{
	struct pe_section *s = &pe->section[pe->sections];

	memcpy(s->name, at, pe_section_name_max);
	s->memory_size = get_u32(at + 8);
	s->address = get_u32(at + 12);
	s->file_size = get_u32(at + 16);
	s->file_offset = get_u32(at + 20);
	if (s->file_size && !fits(pe->len, s->file_offset, s->file_size))
		return -EINVAL;
	pe->sections++;
	return 0;
}

/* Do two sections have bytes of the file in common? */
static bool shares_bytes(const struct pe_section *a, const struct pe_section *b)
{
	return a->file_size && b->file_size &&
	       a->file_offset < (uint64_t)b->file_offset + b->file_size &&
	       b->file_offset < (uint64_t)a->file_offset + a->file_size;
}

static int read_sections(struct pe *pe, size_t offset, size_t n)
{
	if (n > pe_sections_max ||
	    !fits(pe->headers_size, offset, n * section_header_size))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		int r = read_section(pe, pe->data + offset +
						 i * section_header_size);

		if (r < 0)
			return r;
		for (size_t j = 0; j < i; j++)
			if (shares_bytes(&pe->section[i], &pe->section[j]))
				return -EINVAL;
		if (pe->section[i].file_size &&
		    pe->section[i].file_offset < pe->headers_size)
			return -EINVAL;
	}
	return 0;
}

int pe_read(const uint8_t *data, size_t len, struct pe *ret)
{
	struct pe pe = { .data = data, .len = len };
	size_t offset, optional_size, sections;
	int r;

	if (len < dos_header_size || memcmp(data, "MZ", 2) != 0)
		return -EINVAL;
	offset = get_u32(data + pe_offset_at);
	if (!fits(len, offset, file_header_size) ||
	    memcmp(data + offset, "PE\0", 4) != 0 ||
	    get_u16(data + offset + 4) != machine_x86_64)
		return -EINVAL;
	sections = get_u16(data + offset + 6);
	optional_size = get_u16(data + offset + 20);
	offset += file_header_size;
	if (!fits(len, offset, optional_size))
		return -EINVAL;
	r = read_optional(&pe, offset, optional_size);
	if (r == 0 && pe.headers_size > len)
		r = -EINVAL;
	if (r == 0)
		r = read_sections(&pe, offset + optional_size, sections);
	if (r == 0)
		*ret = pe;
	return r;
}

static void add_span(struct digest_span *spans, size_t *n, const struct pe *pe,
		     size_t from, size_t to)
{
	spans[(*n)++] = (struct digest_span){ pe->data + from, to - from };
}

/* Headers, without the checksum and the entry of the certificates. */
static void add_headers(struct digest_span *spans, size_t *n,
			const struct pe *pe)
{
	size_t at = pe->checksum_at;

	add_span(spans, n, pe, 0, at);
	at += 4;
	if (pe->certificates_at) {
		add_span(spans, n, pe, at, pe->certificates_at);
		at = pe->certificates_at + directory_size;
	}
	add_span(spans, n, pe, at, pe->headers_size);
}

/* The section with data that is next in the file, from offset on; or NULL. */
static const struct pe_section *next_section(const struct pe *pe,
					     uint64_t offset)
{
	const struct pe_section *next = NULL;

	for (size_t i = 0; i < pe->sections; i++) {
		const struct pe_section *s = &pe->section[i];

		if (s->file_size && s->file_offset >= offset &&
		    (!next || s->file_offset < next->file_offset))
			next = s;
	}
	return next;
}

int pe_authenticode(const struct pe *pe, digest_algs algs,
		    struct digest_set *ret)
{
	struct digest_span spans[3 + pe_sections_max + 1];
	const struct pe_section *s = next_section(pe, 0);
	size_t sum = pe->headers_size;
	size_t n = 0;

	add_headers(spans, &n, pe);
	while (s) {
		size_t end = (size_t)s->file_offset + s->file_size;

		add_span(spans, &n, pe, s->file_offset, end);
		sum += s->file_size;
		s = next_section(pe, end);
	}
	/* bytes between sections do not count, as with EDK2 */
	if (!fits(pe->len, sum, pe->certificates_size))
		return -EINVAL;
	add_span(spans, &n, pe, sum, pe->len - pe->certificates_size);
	return digest_spans(algs, spans, n, ret);
}
