/* SPDX-License-Identifier: MIT */
/*
 * EFI programs: PE32+ files for x86-64, as far as their measurement needs it
 * (Microsoft, "PE Format"). They may come from anywhere; nothing is assumed.
 */
#ifndef CVMCTL_PREDICT_PE_H
#define CVMCTL_PREDICT_PE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/digest.h"

enum {
	pe_sections_max = 96,	 /* the loader of Windows takes no more */
	pe_section_name_max = 8, /* without a NUL */
};

struct pe_section {
	char name[pe_section_name_max + 1];
	uint32_t address, memory_size;	 /* once it is loaded */
	uint32_t file_offset, file_size; /* within the file */
};

/* Borrows the file. The offsets are those of what a signature leaves out. */
struct pe {
	const uint8_t *data;
	size_t len;
	size_t headers_size;
	size_t checksum_at;
	size_t certificates_at;	  /* their directory entry; 0: there is none */
	size_t certificates_size; /* bytes at the end of the file */
	struct pe_section section[pe_sections_max];
	size_t sections;
};

/*
 * 0, or -EINVAL when it is no such file, is not whole, or has sections that
 * share bytes of the file.
 */
int pe_read(const uint8_t *data, size_t len, struct pe *ret);

/*
 * The digest that firmware measures into PCR 4 when it loads the program, the
 * "Authenticode PE image hash": everything but the checksum and the
 * signatures. 0 or -errno.
 */
int pe_authenticode(const struct pe *pe, digest_algs algs,
		    struct digest_set *ret);

#endif
