// SPDX-License-Identifier: MIT
/*
 * QEMU's -kernel, -initrd and -append under OVMF, without shim. OVMF starts
 * the kernel before its boot manager's first entry counts as called, so the
 * program comes before that event.
 */
#include "cvmctl/predict/boot-chain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "evidence/logs/load-options.h"
#include "lib/own.h"
#include "lib/text.h"

/* OVMF puts it to the command line; its kernel finds no file of that name. */
#define WORD "initrd=initrd"

static int refuse_patch(int r, struct fail *f)
{
	if (r == -EFBIG)
		return fail_because(f, "the initramfs does not fit into it",
				    "give the VM's --memory",
				    "lay out the VM's memory");
	if (r == -ENOTSUP)
		return fail_because(f,
				    "it holds vga=, for which QEMU changes "
				    "the kernel",
				    "leave vga= out, or use --kernel-header "
				    "pristine",
				    "use the command line");
	return fail_because(f, "QEMU would not boot it",
			    "give the vmlinuz of an x86-64 kernel",
			    "use the kernel");
}

int boot_chain_direct(struct boot_chain *c, struct boot_files *files,
		      bool word_before, const struct boot_qemu *qemu,
		      struct fail *f)
{
	const char *cmdline = (const char *)files->cmdline.data;
	own_text struct text options = { 0 };
	int r = 0;

	if (strlen(cmdline) != files->cmdline.len)
		return fail_because(f, "it holds a NUL byte",
				    "build the image again",
				    "use the command line");
	text_add(&options, word_before ? WORD " %s" : "%s " WORD, cmdline);
	if (text_failed(&options))
		return fail_errno(f, ENOMEM, "free memory", "predict the boot");
	if (qemu->patches_header)
		r = qemu_patch_kernel(&files->kernel, cmdline,
				      files->initramfs.len, &qemu->machine);
	if (r < 0)
		return refuse_patch(r, f);
	r = boot_chain_add_program(c, "vmlinuz", files->kernel.data,
				   files->kernel.len);
	if (r == -EINVAL)
		return fail_because(f, "it is no EFI program",
				    "give the vmlinuz of an x86-64 kernel",
				    "use the kernel");
	if (r == 0)
		r = boot_chain_add_boot_option(c);
	if (r == 0)
		r = boot_chain_add_linux(c, options.s, &files->initramfs);
	if (r == -EINVAL || r == -EFBIG)
		return fail_because(f, "it is not printable ASCII, or too long",
				    "build the image again",
				    "use the command line");
	return r < 0 ? fail_errno(f, r, "free memory", "predict the boot") : 0;
}
