// SPDX-License-Identifier: MIT
/* The events of unified kernel images, of each stub and each way to start. */
#include <errno.h>
#include <string.h>

#include "tests/table.h"

#include "cvmctl/predict/boot-chain.h"
#include "lib/own.h"
#include "lib/text.h"
#include "tests/chain.h"
#include "tests/line.h"
#include "tests/uki.h"

/* A UKI whose kernel is a program too. */
static void make_uki(const char *magic, const char *cmdline, struct bytes *ret)
{
	own_bytes struct bytes kernel = efi_make_kernel();
	const struct efi_section sections[] = {
		{ ".sdmagic", magic, strlen(magic) },
		{ ".linux", (char *)kernel.data, kernel.len },
		UKI_TEXT(".initrd", "cpio"),
		{ ".cmdline", cmdline, strlen(cmdline) },
		UKI_TEXT(".sbat", "sbat"),
		{ 0 },
	};

	*ret = efi_make(sections);
}

#define PARTS CHAIN_PART(".linux") CHAIN_PART(".cmdline") CHAIN_PART(".initrd")

static const struct uki_case {
	const char *name;
	const char *magic;
	bool by_qemu;
	const char *append;
	const char *want;
} ukis[] = {
	{ "252 from a disk", UKI_MAGIC("252"), false, NULL,
	  CHAIN_OPTION CHAIN_PROGRAM("UKI") PARTS CHAIN_PROGRAM(".linux")
		  CHAIN_LINUX },
	{ "257 from a disk", UKI_MAGIC("257"), false, NULL,
	  CHAIN_OPTION CHAIN_PROGRAM("UKI") PARTS CHAIN_PART(".sbat")
		  CHAIN_PROGRAM(".linux") CHAIN_LINUX },
	{ "262 from a disk", UKI_MAGIC("262"), false, NULL,
	  CHAIN_OPTION CHAIN_PROGRAM("UKI") PARTS CHAIN_PART(".sbat")
		  CHAIN_LINUX },
	{ "262 by QEMU", UKI_MAGIC("262"), true, NULL,
	  CHAIN_PROGRAM("UKI") CHAIN_OPTION PARTS CHAIN_PART(".sbat")
		  CHAIN_LINUX },
	{ "252 by QEMU, other command line", UKI_MAGIC("252"), true,
	  "console=x",
	  CHAIN_PROGRAM("UKI") CHAIN_OPTION PARTS
	  "12 EV_IPL console=x\n" CHAIN_PROGRAM(".linux") CHAIN_LINUX },
};

static void starts_a_uki(void **state)
{
	static const char console[] = "c\0o\0n\0s\0o\0l\0e\0=\0x\0\0";
	const struct uki_case *t = *state;
	own_boot_uki struct boot_uki u = {
		.name = "u",
		.by_qemu = t->by_qemu,
		.append = t->append,
	};
	struct boot_chain c = { .algs = chain_banks };
	own_text struct text names = { 0 };
	struct fail f = { 0 };

	make_uki(t->magic, "console=x", &u.file);
	assert_int_equal(bytes_copy("cpio", 4, &u.initramfs), 0);
	assert_ok(boot_chain_uki(&c, &u, &f), &f);
	chain_list(&c, &names);
	assert_string_equal(names.s, t->want);
	assert_memory_equal(c.stub, "systemd-stub 2", 14);
	for (size_t i = 0; i < c.n; i++) {
		const struct boot_event *e = &c.event[i];

		if (strcmp(e->what, ".initrd") == 0) {
			chain_assert_digest(e, ".initrd", 8);
			chain_assert_digest(e + 1, "cpio", 4);
		}
		if (e->pcr == 12)
			chain_assert_digest(e, console, sizeof(console));
		if (strcmp(e->what, "LOADED_IMAGE::LoadOptions") == 0)
			chain_assert_digest(e, console, sizeof(console));
	}
}

#define PLAIN                                                              \
	"cannot use the command line: it is empty or too long, has other " \
	"than printable ASCII, a blank at an end, or @ first; give "       \
	"--append as QEMU's -append has it"
#define NO_CONSOLE                                                        \
	"cannot use the command line: it names no console, and the stub " \
	"would add what the VM has; add console= to it"

static const struct uki_refusal {
	const char *name;
	const char *magic, *cmdline, *append;
	const char *line; /* NULL: it is accepted */
} uki_refusals[] = {
	{ "no console, 257", UKI_MAGIC("257"), "quiet", NULL, NULL },
	{ "no console, 262", UKI_MAGIC("262"), "quiet", NULL, NO_CONSOLE },
	{ "xconsole, 262", UKI_MAGIC("262"), "xconsole=1", NULL, NO_CONSOLE },
	{ "last word, 262", UKI_MAGIC("262"), "quiet console=x", NULL, NULL },
	{ "replaced by one without", UKI_MAGIC("262"), "console=x", "quiet",
	  NO_CONSOLE },
	{ "replaced by one with", UKI_MAGIC("262"), "quiet", "console=x",
	  NULL },
	{ "nothing appended", UKI_MAGIC("257"), "quiet", "", PLAIN },
	{ "blank first", UKI_MAGIC("257"), "quiet", " a", PLAIN },
	{ "blank last", UKI_MAGIC("257"), "quiet", "a ", PLAIN },
	{ "profile", UKI_MAGIC("257"), "quiet", "@1 a", PLAIN },
	{ "tab", UKI_MAGIC("257"), "quiet", "a\tb", PLAIN },
	{ "UTF-8", UKI_MAGIC("257"), "quiet", "\xc3\xa4", PLAIN },
	{ "another stub", UKI_MAGIC("256"), "quiet", NULL,
	  "cannot use UKI u: its stub is of another version; make it with the "
	  "stub of systemd 252, 257 or 262" },
};

static void judges_a_uki(void **state)
{
	const struct uki_refusal *t = *state;
	own_boot_uki struct boot_uki u = {
		.name = "u",
		.by_qemu = t->append != NULL,
		.append = t->append,
	};
	struct boot_chain c = { .algs = chain_banks };
	struct fail f = { 0 };
	int r;

	make_uki(t->magic, t->cmdline, &u.file);
	r = boot_chain_uki(&c, &u, &f);
	if (t->line)
		assert_refusal(r, &f, t->line);
	else
		assert_ok(r, &f);
}

static void compares_the_initramfs(void **state)
{
	static const char *const others[] = { "cpi", "cpio!", "cpiO" };

	(void)state;
	for (size_t i = 0; i < array_size(others); i++) {
		own_boot_uki struct boot_uki u = { .name = "u" };
		struct boot_chain c = { .algs = chain_banks };
		struct fail f = { 0 };

		make_uki(UKI_MAGIC("257"), "quiet", &u.file);
		assert_int_equal(bytes_copy(others[i], strlen(others[i]),
					    &u.initramfs),
				 0);
		assert_refusal(boot_chain_uki(&c, &u, &f), &f,
			       "cannot use UKI u: it holds another initramfs "
			       "than the image; make it of the image's "
			       "vmlinuz, initramfs.img and cmdline");
	}
}

/* Only stubs that let the firmware load the kernel need it to be a program. */
static void kernel_of_a_uki(void **state)
{
	const struct efi_section sections[][5] = { { UKI_LEAST("252") },
						   { UKI_LEAST("262") } };

	(void)state;
	for (size_t i = 0; i < array_size(sections); i++) {
		own_boot_uki struct boot_uki u = { .name = "u" };
		struct boot_chain c = { .algs = chain_banks };
		struct fail f = { 0 };
		int r;

		u.file = efi_make(sections[i]);
		r = boot_chain_uki(&c, &u, &f);
		if (i == 0)
			assert_refusal(r, &f,
				       "cannot use UKI u: it, or the kernel "
				       "in it, is no EFI program; make it of "
				       "the image's vmlinuz, initramfs.img "
				       "and cmdline");
		else
			assert_ok(r, &f);
	}
}

int main(void)
{
	const struct table tables[] = {
		TABLE(starts_a_uki, ukis),
		TABLE(judges_a_uki, uki_refusals),
		CASE(compares_the_initramfs),
		CASE(kernel_of_a_uki),
	};

	return table_run(tables, array_size(tables));
}
