// SPDX-License-Identifier: MIT
/* See init-program.h. */
#include "cvmctl/image/init-program.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

static bool is_x86_64(const Elf64_Ehdr *h)
{
	return h->e_ident[EI_CLASS] == ELFCLASS64 &&
	       h->e_ident[EI_DATA] == ELFDATA2LSB &&
	       h->e_machine == EM_X86_64 &&
	       (h->e_type == ET_EXEC || h->e_type == ET_DYN);
}

const char *init_program_refusal(const uint8_t *data, size_t len)
{
	Elf64_Ehdr h = { .e_ident = { 0 } };
	bool is_loaded = false;

	memcpy(&h, data, len < sizeof(h) ? len : sizeof(h));
	if (memcmp(h.e_ident, ELFMAG, SELFMAG) != 0)
		return "it is not an ELF program";
	if (!is_x86_64(&h))
		return "it is not an ELF program for x86-64";
	if (h.e_phentsize != sizeof(Elf64_Phdr) || h.e_phoff > len ||
	    h.e_phnum > (len - h.e_phoff) / sizeof(Elf64_Phdr))
		return "its program headers are damaged";
	for (unsigned i = 0; i < h.e_phnum; i++) {
		Elf64_Phdr p;

		memcpy(&p, data + h.e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_type == PT_INTERP)
			return "it is dynamic: there are no libraries in the "
			       "initramfs";
		is_loaded = is_loaded || p.p_type == PT_LOAD;
	}
	return is_loaded ? NULL : "it has nothing to load";
}
