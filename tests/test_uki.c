// SPDX-License-Identifier: MIT
/*
 * Unified kernel images: what is found in them, what is refused, and the
 * initrd that the stub makes. Whole ones boot in qemu-test/test_chain.py.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/table.h"

#include "lib/own.h"
#include "lib/text.h"
#include "tests/line.h"
#include "tests/uki.h"

static const struct efi_section least[] = { UKI_LEAST("252"), { 0 } };

static void reads_the_least(void **state)
{
	own_bytes struct bytes b = efi_make(least);
	struct fail f = { 0 };
	struct uki uki;

	(void)state;
	assert_ok(uki_read("u", &b, &uki, &f), &f);
	assert_string_equal(uki.stub_name, "systemd-stub 252");
	assert_int_equal(uki.stub->version, 252);
	assert_string_equal(uki.cmdline, UKI_CONSOLE);
	assert_int_equal(uki.part[UKI_LINUX].len, 3);
	assert_memory_equal(uki.part[UKI_LINUX].data, "LNX", 3);
	assert_int_equal(uki.part[UKI_INITRD].len, 4);
	assert_null(uki.part[UKI_OSREL].data);
}

static const struct measured_case {
	const char *version;
	const char *want;
} measured[] = {
	{ "252", ".linux .osrel .cmdline .initrd .splash .dtb .pcrpkey " },
	{ "252.39-1~deb12u2",
	  ".linux .osrel .cmdline .initrd .splash .dtb .pcrpkey " },
	{ "257.13", ".linux .osrel .cmdline .initrd .ucode .splash .dtb .uname "
		    ".sbat .pcrpkey " },
	{ "262-1", ".linux .osrel .cmdline .initrd .ucode .splash .dtb .uname "
		   ".sbat .pcrpkey " },
};

static void measures_in_order(void **state)
{
	const struct measured_case *c = *state;
	char magic[80];
	const struct efi_section all[] = {
		UKI_TEXT(".pcrsig", "{}"),  UKI_TEXT(".pcrpkey", "key"),
		UKI_TEXT(".sbat", "sbat"),  UKI_TEXT(".text", "x"),
		UKI_TEXT(".splash", "bmp"), UKI_TEXT(".dtb", "dtb"),
		UKI_TEXT(".initrd", "i"),   UKI_TEXT(".uname", "6.1"),
		UKI_TEXT(".ucode", "u"),    UKI_TEXT(".cmdline", UKI_CONSOLE),
		UKI_TEXT(".osrel", "ID=x"), UKI_TEXT(".linux", "LNX"),
		{ ".sdmagic", magic, 0 },   { 0 },
	};
	struct efi_section sections[array_size(all)];
	own_bytes struct bytes b = { 0 };
	own_text struct text names = { 0 };
	struct fail f = { 0 };
	struct uki uki;

	(void)snprintf(magic, sizeof(magic), UKI_MAGIC("%s"), c->version);
	memcpy(sections, all, sizeof(all));
	sections[array_size(all) - 2].len = strlen(magic);
	b = efi_make(sections);
	assert_ok(uki_read("u", &b, &uki, &f), &f);
	for (unsigned i = 0; i < UKI_PART_COUNT; i++)
		if (uki_measures(&uki, (enum uki_part)i))
			text_add(&names, "%s ",
				 uki_part_name((enum uki_part)i));
	assert_string_equal(names.s, c->want);
}

#define OF_IMAGE     "make it of the image's vmlinuz, initramfs.img and cmdline"
#define STUBS	     "make it with the stub of systemd 252, 257 or 262"
#define LONG_SECTION "it has a section that some stubs take for another"
#define NO_STUB	     "it has no stub of systemd"
#define LACKS	     "it lacks .linux, .initrd or .cmdline"
#define VARIES                                                            \
	"what it measures depends on the VM: it has .profile, .dtbauto, " \
	".hwids or .efifw"

/* What a good image has besides, or has not. */
static const struct change {
	const char *name;
	const char *section;
	const char *data; /* NULL: the section is left out */
	size_t len;
	const char *reason, *remedy;
} changes[] = {
	{ "no kernel", ".linux", NULL, 0, LACKS, OF_IMAGE },
	{ "no initrd", ".initrd", NULL, 0, LACKS, OF_IMAGE },
	{ "no command line", ".cmdline", NULL, 0, LACKS, OF_IMAGE },
	{ "no stub", ".sdmagic", NULL, 0, NO_STUB, STUBS },
	{ "kernel twice", ".linux", "L", 1, "it has a section twice",
	  OF_IMAGE },
	{ "empty section", ".osrel", "", 0,
	  "a section of it is empty or not whole", OF_IMAGE },
	{ "name that goes on", ".linuxx", "x", 1, LONG_SECTION, OF_IMAGE },
	{ "name that goes on to 8", ".dtbxxxx", "x", 1, LONG_SECTION,
	  OF_IMAGE },
	{ "profile", ".profile", "x", 1, VARIES, OF_IMAGE },
	{ "dtbauto", ".dtbauto", "x", 1, VARIES, OF_IMAGE },
	{ "hwids", ".hwids", "x", 1, VARIES, OF_IMAGE },
	{ "efifw", ".efifw", "x", 1, VARIES, OF_IMAGE },
	{ "other section", ".other", "", 0, NULL, NULL },
};

/* Read, or refused for this reason, unless that is NULL. */
static void judge(const struct bytes *b, struct uki *ret, const char *reason,
		  const char *remedy)
{
	char line[fail_line_max];
	struct fail f = { 0 };
	int r = uki_read("u", b, ret, &f);

	if (!reason) {
		assert_ok(r, &f);
		return;
	}
	(void)snprintf(line, sizeof(line), "cannot use UKI u: %s; %s", reason,
		       remedy);
	assert_refusal(r, &f, line);
}

static void judges_sections(void **state)
{
	const struct change *c = *state;
	struct efi_section sections[8] = { { 0 } };
	own_bytes struct bytes b = { 0 };
	struct uki uki;
	size_t n = 0;

	for (const struct efi_section *s = least; s->name; s++)
		if (c->data || strcmp(s->name, c->section) != 0)
			sections[n++] = *s;
	if (c->data)
		sections[n] =
			(struct efi_section){ c->section, c->data, c->len };
	b = efi_make(sections);
	judge(&b, &uki, c->reason, c->remedy);
}

static const struct content {
	const char *name;
	const char *section;
	const char *data;
	size_t len;
	const char *reason, *remedy;
} contents[] = {
	{ "no marks", ".sdmagic", "systemd-stub 257", 16, NO_STUB, STUBS },
	{ "no end", ".sdmagic", "#### LoaderInfo: systemd-stub 257", 33,
	  NO_STUB, STUBS },
	{ "other loader", ".sdmagic", "#### LoaderInfo: systemd-boot 257 ####",
	  38, NO_STUB, STUBS },
	{ "no number", ".sdmagic", UKI_MAGIC("x"), 36, NO_STUB, STUBS },
	{ "escape sequence", ".sdmagic", UKI_MAGIC("257\x1b"), 39, NO_STUB,
	  STUBS },
	{ "251", ".sdmagic", UKI_MAGIC("251"), 38,
	  "its stub is of another version", STUBS },
	{ "2570", ".sdmagic", UKI_MAGIC("2570"), 39,
	  "its stub is of another version", STUBS },
	{ "long name", ".sdmagic",
	  UKI_MAGIC("257.00000000000000000000000000000000000000000000000"
		    "0000000000000000000000000"),
	  111, NO_STUB, STUBS },
	{ "newline", ".cmdline", "quiet \n", 7, NULL, NULL },
	{ "NUL and more", ".cmdline", "quiet\0evil", 10, NULL, NULL },
	{ "only a NUL", ".cmdline", "\0", 1, NULL, NULL },
	{ "blank first", ".cmdline", " quiet", 6,
	  "its command line is not printable ASCII, or too long", OF_IMAGE },
	{ "tab", ".cmdline", "a\tb", 3,
	  "its command line is not printable ASCII, or too long", OF_IMAGE },
	{ "UTF-8", ".cmdline", "\xc3\xa4", 2,
	  "its command line is not printable ASCII, or too long", OF_IMAGE },
};

static void judges_contents(void **state)
{
	const struct content *c = *state;
	struct efi_section sections[] = { UKI_LEAST("257"), { 0 } };
	own_bytes struct bytes b = { 0 };
	struct uki uki;

	for (struct efi_section *s = sections; s->name; s++)
		if (strcmp(s->name, c->section) == 0)
			*s = (struct efi_section){ c->section, c->data,
						   c->len };
	b = efi_make(sections);
	judge(&b, &uki, c->reason, c->remedy);
	if (!c->reason)
		assert_string_equal(uki.cmdline, c->data[0] ? "quiet" : "");
}

static void bounded_cmdline(void **state)
{
	char text[uki_cmdline_max + 1];
	struct efi_section sections[] = { UKI_LEAST("257"), { 0 } };

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t len = uki_cmdline_max; len <= uki_cmdline_max + 1; len++) {
		own_bytes struct bytes b = { 0 };
		struct fail f = { 0 };
		struct uki uki;

		sections[3] = (struct efi_section){ ".cmdline", text, len };
		b = efi_make(sections);
		assert_int_equal(uki_read("u", &b, &uki, &f),
				 len == uki_cmdline_max ? 0 : -EINVAL);
	}
}

enum { row = efi_table_at + efi_row_size }; /* of .linux */

static const struct field {
	const char *name;
	size_t at;
	uint64_t value;
	const char *reason, *remedy;
} fields[] = {
	{ "no program", 0, 0, "it is no EFI program for x86-64",
	  "give a unified kernel image" },
	{ "larger in memory than in the file", row + 8, 513,
	  "a section of it is empty or not whole", OF_IMAGE },
	{ "over the section before", row + 12, efi_memory_align + 1,
	  "its sections overlap in memory", STUBS },
	{ "over the headers", efi_table_at + 12, 511,
	  "its sections overlap in memory", STUBS },
	{ "over the next section", row + 8, efi_memory_align + 1,
	  "its sections overlap in memory", STUBS },
	{ "at the end of memory", efi_table_at + 3 * efi_row_size + 12,
	  UINT32_MAX, NULL, NULL },
};

static void judges_fields(void **state)
{
	const struct field *c = *state;
	own_bytes struct bytes b = efi_make(least);
	struct uki uki;

	efi_put(&b, c->at, 4, c->value);
	judge(&b, &uki, c->reason, c->remedy);
}

/* inode, mode, owner, group, links, time, size, device, device, name, check */
#define ZERO "00000000"
#define CPIO_DIRECTORY                                                \
	"070701"                                                      \
	"00000001"                                                    \
	"0000416d" ZERO ZERO "00000001" ZERO ZERO ZERO ZERO ZERO ZERO \
	"00000007" ZERO ".extra\0\0\0\0"
#define CPIO_FILE(size, name_size, name) \
	"070701"                         \
	"00000002"                       \
	"00008124" ZERO ZERO             \
	"00000001" ZERO size ZERO ZERO ZERO ZERO name_size ZERO name
#define CPIO_END                                                              \
	"070701" ZERO ZERO ZERO ZERO "00000001" ZERO ZERO ZERO ZERO ZERO ZERO \
	"0000000B" ZERO "TRAILER!!!\0\0\0\0"
#define OS_RELEASE                      \
	CPIO_DIRECTORY CPIO_FILE(       \
		"00000005", "00000012", \
		".extra/os-release\0") "ID=x\n\0\0\0" CPIO_END
#define SIGNATURE                       \
	CPIO_DIRECTORY CPIO_FILE(       \
		"00000002", "0000001f", \
		".extra/tpm2-pcr-signature.json\0\0\0\0") "{}\0\0" CPIO_END
#define PUBLIC_KEY                      \
	CPIO_DIRECTORY CPIO_FILE(       \
		"00000004", "0000001f", \
		".extra/tpm2-pcr-public-key.pem\0\0\0\0") "key\n" CPIO_END

#define WITH(text) text, sizeof(text) - 1

static const struct initrd_case {
	const char *name;
	unsigned stub;
	bool microcode, osrel, signature, key;
	const char *want;
	size_t len;
} initrds[] = {
	{ "alone, 252", 0, false, false, false, false, WITH("cpio?") },
	{ "alone, 257", 1, false, false, false, false, WITH("cpio?") },
	{ "osrel, 252", 0, false, true, false, false, WITH("cpio?") },
	{ "osrel, 257", 1, false, true, false, false,
	  WITH("cpio?\0\0\0" OS_RELEASE) },
	{ "osrel, 262", 2, false, true, false, false,
	  WITH("cpio?\0\0\0" OS_RELEASE) },
	{ "signature, 252", 0, false, false, true, true,
	  WITH("cpio?\0\0\0" SIGNATURE PUBLIC_KEY) },
	{ "microcode, 252", 0, true, false, false, false, WITH("cpio?") },
	{ "microcode, 257", 1, true, false, false, false,
	  WITH("mc\0\0cpio?\0\0\0") },
	{ "all, 262", 2, true, true, true, true,
	  WITH("mc\0\0cpio?\0\0\0" SIGNATURE PUBLIC_KEY OS_RELEASE) },
};

static void makes_the_initrd(void **state)
{
	static const char *const versions[] = { UKI_MAGIC("252"),
						UKI_MAGIC("257"),
						UKI_MAGIC("262") };
	const struct initrd_case *c = *state;
	struct efi_section sections[9] = {
		{ ".sdmagic", versions[c->stub], 38 },
		UKI_TEXT(".linux", "LNX"),
		UKI_TEXT(".cmdline", UKI_CONSOLE),
		UKI_TEXT(".initrd", "cpio?"),
	};
	own_bytes struct bytes b = { 0 };
	own_bytes struct bytes initrd = { 0 };
	struct fail f = { 0 };
	struct uki uki;
	size_t n = 4;

	if (c->microcode)
		sections[n++] = (struct efi_section)UKI_TEXT(".ucode", "mc");
	if (c->osrel)
		sections[n++] =
			(struct efi_section)UKI_TEXT(".osrel", "ID=x\n");
	if (c->signature)
		sections[n++] = (struct efi_section)UKI_TEXT(".pcrsig", "{}");
	if (c->key)
		sections[n++] =
			(struct efi_section)UKI_TEXT(".pcrpkey", "key\n");
	b = efi_make(sections);
	assert_ok(uki_read("u", &b, &uki, &f), &f);
	assert_int_equal(uki_make_initrd(&uki, &initrd), 0);
	assert_int_equal(initrd.len, c->len);
	assert_memory_equal(initrd.data, c->want, c->len);
}

int main(void)
{
	const struct table tables[] = {
		CASE(reads_the_least),
		TABLE(measures_in_order, measured),
		TABLE(judges_sections, changes),
		TABLE(judges_contents, contents),
		CASE(bounded_cmdline),
		TABLE(judges_fields, fields),
		TABLE(makes_the_initrd, initrds),
	};

	return table_run(tables, array_size(tables));
}
