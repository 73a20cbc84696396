// SPDX-License-Identifier: MIT
/*
 * A unified kernel image: firmware measures it as one program into PCR 4, the
 * stub its parts into PCR 11, and the kernel in it what the stub hands on.
 * Secure Boot is off: with it, some stubs go around the firmware's loader.
 */
#include "cvmctl/predict/boot-chain.h"

#include <errno.h>
#include <string.h>

#include "evidence/logs/load-options.h"
#include "lib/own.h"

/* Each part's name with its NUL, then its content. */
static int add_parts(struct boot_chain *c, const struct uki *uki)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < UKI_PART_COUNT; i++) {
		const char *name = uki_part_name((enum uki_part)i);
		const struct digest_span text = { name, strlen(name) + 1 };

		if (!uki_measures(uki, (enum uki_part)i))
			continue;
		r = boot_chain_add(c, 11, "EV_IPL", name, &text, 1);
		if (r == 0)
			r = boot_chain_add(c, 11, "EV_IPL", "its content",
					   &uki->part[i], 1);
	}
	return r;
}

/* A command line from outside takes the place of the image's own. */
static int add_append(struct boot_chain *c, const char *append)
{
	own_bytes struct bytes options = { 0 };
	int r = load_options_encode(append, strlen(append), &options);
	const struct digest_span span = { options.data, options.len };

	return r < 0 ? r : boot_chain_add(c, 12, "EV_IPL", append, &span, 1);
}

/* QEMU's kernel starts before the boot manager has called its first entry. */
static int add_program(struct boot_chain *c, const struct boot_uki *u)
{
	int r = u->by_qemu ? 0 : boot_chain_add_boot_option(c);

	if (r == 0)
		r = boot_chain_add_program(c, "UKI", u->file.data, u->file.len);
	if (r == 0 && u->by_qemu)
		r = boot_chain_add_boot_option(c);
	return r;
}

static int add_kernel(struct boot_chain *c, const struct uki *uki)
{
	const struct digest_span *kernel = &uki->part[UKI_LINUX];

	return uki->stub->measures_kernel
		       ? boot_chain_add_program(c, ".linux", kernel->data,
						kernel->len)
		       : 0;
}

static int add_all(struct boot_chain *c, const struct boot_uki *u,
		   const struct uki *parts)
{
	const char *cmdline = u->append ? u->append : parts->cmdline;
	own_bytes struct bytes initrd = { 0 };
	int r = uki_make_initrd(parts, &initrd);

	if (r == 0)
		r = add_program(c, u);
	if (r == 0)
		r = add_parts(c, parts);
	if (r == 0 && u->append)
		r = add_append(c, u->append);
	if (r == 0)
		r = add_kernel(c, parts);
	return r < 0 ? r : boot_chain_add_linux(c, cmdline, &initrd);
}

static bool names_console(const char *cmdline)
{
	static const char word[] = "console=";

	return strncmp(cmdline, word, strlen(word)) == 0 ||
	       strstr(cmdline, " console=");
}

/* Stubs differ in what they make of blanks, and of @, a profile. */
static bool is_plain(const char *append)
{
	size_t len = strlen(append);

	for (size_t i = 0; i < len; i++)
		if (append[i] < ' ' || append[i] > '~')
			return false;
	return len && len <= uki_cmdline_max && append[0] != ' ' &&
	       append[0] != '@' && append[len - 1] != ' ';
}

static int check_parts(const struct boot_uki *u, const struct uki *parts,
		       struct fail *f)
{
	const struct digest_span *initrd = &parts->part[UKI_INITRD];

	if (u->initramfs.data &&
	    (initrd->len != u->initramfs.len ||
	     memcmp(initrd->data, u->initramfs.data, initrd->len) != 0))
		return fail_because(f,
				    "it holds another initramfs than the "
				    "image",
				    "make it of the image's vmlinuz, "
				    "initramfs.img and cmdline",
				    "use UKI %s", u->name);
	if (u->append && !is_plain(u->append))
		return fail_because(f,
				    "it is empty or too long, has other than "
				    "printable ASCII, a blank at an end, or @ "
				    "first",
				    "give --append as QEMU's -append has it",
				    "use the command line");
	if (parts->stub->adds_console &&
	    !names_console(u->append ? u->append : parts->cmdline))
		return fail_because(f,
				    "it names no console, and the stub would "
				    "add what the VM has",
				    "add console= to it",
				    "use the command line");
	return 0;
}

void boot_uki_free(struct boot_uki *u)
{
	bytes_free(&u->file);
	bytes_free(&u->initramfs);
}

int boot_chain_uki(struct boot_chain *c, const struct boot_uki *u,
		   struct fail *f)
{
	struct uki parts;
	int r = uki_read(u->name, &u->file, &parts, f);

	if (r == 0)
		r = check_parts(u, &parts, f);
	if (r < 0)
		return r;
	r = add_all(c, u, &parts);
	if (r == -EINVAL)
		return fail_because(f,
				    "it, or the kernel in it, is no EFI "
				    "program",
				    "make it of the image's vmlinuz, "
				    "initramfs.img and cmdline",
				    "use UKI %s", u->name);
	if (r < 0)
		return fail_errno(f, r, "free memory", "predict the boot");
	memcpy(c->stub, parts.stub_name, sizeof(c->stub));
	return 0;
}
