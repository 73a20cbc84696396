// SPDX-License-Identifier: MIT
/*
 * See uki.h. Of systemd-stub only the versions are known whose measurements
 * qemu-test compares with a TPM's; others may measure something else.
 */
#include "cvmctl/predict/uki.h"

#include <errno.h>
#include <string.h>

#include "lib/own.h"
#include "lib/text.h"

#define KNOWN_STUBS "make it with the stub of systemd 252, 257 or 262"
#define OF_IMAGE    "make it of the image's vmlinuz, initramfs.img and cmdline"

static const struct uki_stub stubs[] = {
	{ .version = 252, .measures_kernel = true },
	{ .version = 257,
	  .measures_kernel = true,
	  .measures_all = true,
	  .passes_osrel = true },
	{ .version = 262,
	  .measures_all = true,
	  .passes_osrel = true,
	  .adds_console = true },
};

static const char *const part_names[UKI_PART_COUNT] = {
	[UKI_LINUX] = ".linux",	    [UKI_OSREL] = ".osrel",
	[UKI_CMDLINE] = ".cmdline", [UKI_INITRD] = ".initrd",
	[UKI_UCODE] = ".ucode",	    [UKI_SPLASH] = ".splash",
	[UKI_DTB] = ".dtb",	    [UKI_UNAME] = ".uname",
	[UKI_SBAT] = ".sbat",	    [UKI_PCRSIG] = ".pcrsig",
	[UKI_PCRPKEY] = ".pcrpkey",
};

/* They make what is measured depend on more than the file. */
static const char *const unpredictable[] = { ".profile", ".dtbauto", ".hwids",
					     ".efifw" };

static const char sdmagic[] = ".sdmagic";

const char *uki_part_name(enum uki_part part)
{
	return part_names[part];
}

bool uki_measures(const struct uki *uki, enum uki_part part)
{
	if (!uki->part[part].data || part == UKI_PCRSIG)
		return false;
	return uki->stub->measures_all ||
	       (part != UKI_UCODE && part != UKI_UNAME && part != UKI_SBAT);
}

static int refuse(struct fail *f, const char *name, const char *reason,
		  const char *remedy)
{
	return fail_because(f, reason, remedy, "use UKI %s", name);
}

/*
 * Finds the section in the table by its whole name. systemd-stub 252 compares
 * only as many characters as its own name has, so a longer one is refused.
 */
static int find_part(const char *section, enum uki_part *ret)
{
	for (unsigned i = 0; i < UKI_PART_COUNT; i++) {
		if (strncmp(section, part_names[i], strlen(part_names[i])) != 0)
			continue;
		if (strcmp(section, part_names[i]) != 0)
			return -EINVAL;
		*ret = (enum uki_part)i;
		return 0;
	}
	return -ENOENT;
}

static bool is_unpredictable(const char *section)
{
	for (size_t i = 0; i < array_size(unpredictable); i++)
		if (strcmp(section, unpredictable[i]) == 0)
			return true;
	return false;
}

/* Takes a section. NULL, or why it is refused. */
static const char *take_section(const struct pe *pe, const struct pe_section *s,
				struct uki *uki, struct digest_span *magic)
{
	struct digest_span span = { pe->data + s->file_offset, s->memory_size };
	enum uki_part part = UKI_LINUX;
	int r;

	if (is_unpredictable(s->name))
		return "what it measures depends on the VM: it has .profile, "
		       ".dtbauto, .hwids or .efifw";
	r = find_part(s->name, &part);
	if (r == -EINVAL)
		return "it has a section that some stubs take for another";
	if (r < 0 && strcmp(s->name, sdmagic) != 0)
		return NULL;
	if (!s->memory_size || s->memory_size > s->file_size)
		return "a section of it is empty or not whole";
	if (r < 0)
		*magic = span;
	else if (uki->part[part].data)
		return "it has a section twice";
	else
		uki->part[part] = span;
	return NULL;
}

/* In memory the sections follow each other, as firmware insists on. */
static bool overlaps(const struct pe *pe)
{
	uint64_t end = pe->headers_size;

	for (size_t i = 0; i < pe->sections; i++) {
		if (pe->section[i].address < end)
			return true;
		end = (uint64_t)pe->section[i].address +
		      pe->section[i].memory_size;
	}
	return false;
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* "systemd-stub 257.13-1": the 257, or 0. */
static uint64_t parse_version(const char *name)
{
	static const char product[] = "systemd-stub ";
	const char *start = name + strlen(product);
	uint64_t version = 0;
	char digits[8];
	size_t len;

	if (strncmp(name, product, strlen(product)) != 0)
		return 0;
	len = strspn(start, "0123456789");
	if (len >= sizeof(digits))
		return 0;
	memcpy(digits, start, len);
	digits[len] = '\0';
	return text_parse_u64(digits, UINT32_MAX, &version) < 0 ? 0 : version;
}

/* "#### LoaderInfo: systemd-stub 257.13-1 ####" */
static int read_stub(const struct digest_span *magic, struct uki *uki)
{
	static const char before[] = "#### LoaderInfo: ";
	static const char after[] = " ####";
	char text[uki_stub_name_max + sizeof(before) + sizeof(after)] = "";
	char *name = text + strlen(before);
	uint64_t version;
	char *end;

	if (magic->len >= sizeof(text))
		return -EINVAL;
	memcpy(text, magic->data, magic->len);
	end = strstr(name, after);
	if (strncmp(text, before, strlen(before)) != 0 || !end)
		return -EINVAL;
	*end = '\0';
	version = parse_version(name);
	if (!version || strlen(name) >= sizeof(uki->stub_name) ||
	    !is_printable(name))
		return -EINVAL;
	memcpy(uki->stub_name, name, strlen(name) + 1);
	for (size_t i = 0; i < array_size(stubs); i++)
		if (stubs[i].version == version)
			uki->stub = &stubs[i];
	return uki->stub ? 0 : -ENOTSUP;
}

/* The line as every stub makes it: blanks at the end are cut off. */
static int read_cmdline(struct uki *uki)
{
	const struct digest_span *part = &uki->part[UKI_CMDLINE];
	const char *text = part->data;
	size_t len = strnlen(text, part->len);

	while (len && (text[len - 1] == ' ' || text[len - 1] == '\n'))
		len--;
	if (len > uki_cmdline_max || (len && text[0] == ' '))
		return -EINVAL;
	memcpy(uki->cmdline, text, len);
	uki->cmdline[len] = '\0';
	return is_printable(uki->cmdline) ? 0 : -EINVAL;
}

/* What no single section tells. */
static int read_whole(const char *name, const struct digest_span *magic,
		      struct uki *uki, struct fail *f)
{
	int r = magic->data ? read_stub(magic, uki) : -EINVAL;

	if (r == -ENOTSUP)
		return refuse(f, name, "its stub is of another version",
			      KNOWN_STUBS);
	if (r < 0)
		return refuse(f, name, "it has no stub of systemd",
			      KNOWN_STUBS);
	if (!uki->part[UKI_LINUX].data || !uki->part[UKI_INITRD].data ||
	    !uki->part[UKI_CMDLINE].data)
		return refuse(f, name, "it lacks .linux, .initrd or .cmdline",
			      OF_IMAGE);
	if (read_cmdline(uki) < 0)
		return refuse(f, name,
			      "its command line is not printable ASCII, or "
			      "too long",
			      OF_IMAGE);
	return 0;
}

int uki_read(const char *name, const struct bytes *file, struct uki *ret,
	     struct fail *f)
{
	struct digest_span magic = { 0 };
	struct uki uki = { 0 };
	struct pe pe;
	int r;

	if (pe_read(file->data, file->len, &pe) < 0)
		return refuse(f, name, "it is no EFI program for x86-64",
			      "give a unified kernel image");
	if (overlaps(&pe))
		return refuse(f, name, "its sections overlap in memory",
			      KNOWN_STUBS);
	for (size_t i = 0; i < pe.sections; i++) {
		const char *reason =
			take_section(&pe, &pe.section[i], &uki, &magic);

		if (reason)
			return refuse(f, name, reason, OF_IMAGE);
	}
	r = read_whole(name, &magic, &uki, f);
	if (r == 0)
		*ret = uki;
	return r;
}
