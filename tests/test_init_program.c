// SPDX-License-Identifier: MIT
/* What cvmctl build takes for init: a static program for x86-64. */
#include "cvmctl/image/init-program.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>

#include "tests/table.h"

#include "lib/io.h"
#include "lib/own.h"

#define DYNAMIC	  "it is dynamic: there are no libraries in the initramfs"
#define NO_X86_64 "it is not an ELF program for x86-64"
#define DAMAGED	  "its program headers are damaged"

struct program {
	Elf64_Ehdr head;
	Elf64_Phdr part[2];
};

/* A static program as far as its headers go. */
static const struct program good = {
	.head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB },
		  .e_type = ET_DYN,
		  .e_machine = EM_X86_64,
		  .e_phoff = sizeof(Elf64_Ehdr),
		  .e_phentsize = sizeof(Elf64_Phdr),
		  .e_phnum = 2 },
	.part = { { .p_type = PT_LOAD }, { .p_type = PT_DYNAMIC } },
};

#define FIELD(name) \
	offsetof(struct program, name), sizeof(((struct program *)0)->name)

static const struct change {
	const char *name;
	size_t at, size; /* of the field that is another */
	uint64_t value;
	size_t len; /* of the file; 0: all */
	const char *why;
} changes[] = {
	{ "none", 0, 0, 0, 0, NULL },
	{ "no pie", FIELD(head.e_type), ET_EXEC, 0, NULL },
	{ "a library's object", FIELD(head.e_type), ET_REL, 0, NO_X86_64 },
	{ "for another processor", FIELD(head.e_machine), EM_AARCH64, 0,
	  NO_X86_64 },
	{ "of 32 bits", FIELD(head.e_ident[EI_CLASS]), ELFCLASS32, 0,
	  NO_X86_64 },
	{ "big-endian", FIELD(head.e_ident[EI_DATA]), ELFDATA2MSB, 0,
	  NO_X86_64 },
	{ "a script", FIELD(head.e_ident[0]), '#', 0,
	  "it is not an ELF program" },
	{ "empty", 0, 0, 0, 1, "it is not an ELF program" },
	{ "cut in its header", 0, 0, 0, 20, DAMAGED },
	{ "cut in its program headers", 0, 0, 0, sizeof(good) - 1, DAMAGED },
	{ "headers outside", FIELD(head.e_phoff), UINT64_MAX, 0, DAMAGED },
	{ "headers of another size", FIELD(head.e_phentsize), 32, 0, DAMAGED },
	{ "one header more than there are", FIELD(head.e_phnum), 3, 0,
	  DAMAGED },
	{ "nothing to load", FIELD(part[0].p_type), PT_NOTE, 0,
	  "it has nothing to load" },
	{ "with a loader", FIELD(part[1].p_type), PT_INTERP, 0, DYNAMIC },
};

static void judges_headers(void **state)
{
	const struct change *c = *state;
	struct program p = good;
	const char *why;

	memcpy((uint8_t *)&p + c->at, &c->value, c->size);
	why = init_program_refusal((const uint8_t *)&p,
				   c->len ? c->len : sizeof(p));
	if (c->why)
		assert_string_equal(why, c->why);
	else
		assert_null(why);
}

/* This test itself, and the shell, want a loader. */
static void refuses_dynamic_programs(void **state)
{
	static const char *const paths[] = { "/proc/self/exe", "/bin/sh" };

	(void)state;
	for (size_t i = 0; i < array_size(paths); i++) {
		own_bytes struct bytes b = { 0 };

		assert_int_equal(io_read_file(AT_FDCWD, paths[i], 64 << 20, &b),
				 0);
		assert_string_equal(init_program_refusal(b.data, b.len),
				    DYNAMIC);
	}
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(judges_headers, changes),
		CASE(refuses_dynamic_programs),
	};

	return table_run(tables, array_size(tables));
}
