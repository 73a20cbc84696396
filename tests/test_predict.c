// SPDX-License-Identifier: MIT
/*
 * cvmctl predict --boot: what its options refuse, and that it and the
 * manifest have the same hash of the kernel. The events: test_boot_*.c.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "cvmctl/image.h"
#include "cvmctl/pe.h"
#include "cvmctl/prediction.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "tests/cvmctl.h"
#include "tests/efi.h"
#include "tests/image-tree.h"

#define ARGUMENTS(what) \
	"cannot read the arguments: " what "; see cvmctl predict --help"
#define MEMORY                                               \
	"--kernel-header qemu needs --memory; --memory and " \
	"--machine need it"

static const struct refusal {
	const char *words; /* behind "predict" */
	int result;	   /* COMMAND_USAGE, or -1 for any failure */
	const char *line;
} refusals[] = {
	{ "--root root --boot grub", COMMAND_USAGE,
	  ARGUMENTS("--boot grub is none of ovmf, uki, uki-direct") },
	{ "--root root --uki u", COMMAND_USAGE,
	  ARGUMENTS("--uki does not go with no --boot") },
	{ "--root root --boot uki --uki u --memory 1G", COMMAND_USAGE,
	  ARGUMENTS("--memory does not go with --boot uki") },
	{ "--root root --boot uki --uki u --append a", COMMAND_USAGE,
	  ARGUMENTS("--append does not go with --boot uki") },
	{ "--image i --boot ovmf --uki u", COMMAND_USAGE,
	  ARGUMENTS("--uki does not go with --boot ovmf") },
	{ "--root root --boot ovmf", COMMAND_USAGE,
	  ARGUMENTS("--boot ovmf needs --image") },
	{ "--root root --boot uki-direct", COMMAND_USAGE,
	  ARGUMENTS("--boot uki-direct needs --uki") },
	{ "--image i --boot ovmf --initrd-word no", COMMAND_USAGE,
	  ARGUMENTS("--initrd-word no is neither before nor after") },
	{ "--image i --boot ovmf --kernel-header no", COMMAND_USAGE,
	  ARGUMENTS("--kernel-header no is neither pristine nor qemu") },
	{ "--image i --boot ovmf --kernel-header qemu", COMMAND_USAGE,
	  ARGUMENTS(MEMORY) },
	{ "--image i --boot ovmf --memory 1G", COMMAND_USAGE,
	  ARGUMENTS(MEMORY) },
	{ "--image i --boot ovmf --machine pc", COMMAND_USAGE,
	  ARGUMENTS(MEMORY) },
	{ "--image i --boot ovmf --kernel-header qemu --memory 1X",
	  COMMAND_USAGE, ARGUMENTS("--memory 1X is no size, such as 1024M") },
	{ "--image i --boot ovmf --kernel-header qemu --memory 1G "
	  "--machine isapc",
	  COMMAND_USAGE, ARGUMENTS("--machine isapc is neither pc nor q35") },
	{ "--image none --boot ovmf", -1,
	  "cannot read vmlinuz of none: No such file or directory; give the "
	  "directory that cvmctl build wrote" },
	{ "--root root --boot uki --uki none", -1,
	  "cannot read none: No such file or directory; check --uki" },
	{ "--root root --boot uki-direct --uki kernel", -1,
	  "cannot use UKI kernel: it is no EFI program for x86-64; give a "
	  "unified kernel image" },
};

static void refuses(void **state)
{
	const struct refusal *c = *state;
	char line[fail_line_max];
	struct fail f = { 0 };
	struct tree t;
	int r;

	image_tree_make(&t);
	r = cvmctl_run(command_predict, &f, "predict %s", c->words);
	(void)snprintf(line, sizeof(line), "cannot %s: %s; %s", f.what,
		       f.reason, f.remedy);
	assert_int_equal(r < 0 ? -1 : r, c->result);
	assert_string_equal(line, c->line);
	image_tree_remove(&t);
}

static void build(const char *output)
{
	struct fail f = { 0 };

	assert_ok(cvmctl_run(command_build, &f,
			     "build --root root --kernel kernel --modules mods "
			     "--init init --config boot.conf --output %s",
			     output),
		  &f);
}

static void read_manifest(const char *path, struct bytes *ret)
{
	assert_int_equal(io_read_file(AT_FDCWD, path, 1 << 20, ret), 0);
}

/* Puts an EFI program that is a kernel, too, where the tree has a kernel. */
static void make_efi_kernel(struct digest_set *ret)
{
	own_bytes struct bytes kernel = efi_make_kernel();
	struct pe pe;

	efi_put(&kernel, 0x20e, 2, 0x300);
	memcpy(kernel.data + 0x500, "6.0-test", 9);
	assert_int_equal(
		io_replace_file("kernel", kernel.data, kernel.len, 0644), 0);
	assert_int_equal(pe_read(kernel.data, kernel.len, &pe), 0);
	assert_int_equal(pe_authenticode(&pe, prediction_all_banks, ret), 0);
}

static void has_the_hash_of_the_manifest(void **state)
{
	own_bytes struct bytes plain = { 0 };
	own_bytes struct bytes manifest = { 0 };
	own_bytes struct bytes answer = { 0 };
	struct digest_set want = { 0 };
	struct tree t;

	(void)state;
	if (access("/usr/bin/mkfs.erofs", X_OK) != 0 &&
	    access("/usr/sbin/mkfs.erofs", X_OK) != 0)
		skip();
	image_tree_make(&t);
	build("plain"); /* of a kernel that is no EFI program */
	read_manifest("plain/" IMAGE_MANIFEST, &plain);
	assert_null(strstr((char *)plain.data, "authenticode"));
	make_efi_kernel(&want);
	build("efi");
	read_manifest("efi/" IMAGE_MANIFEST, &manifest);
	cvmctl_capture(command_predict,
		       "predict --image efi --boot ovmf --json", &answer);
	for (unsigned i = 0; i < DIGEST_ALG_COUNT; i++) {
		enum digest_alg alg = (enum digest_alg)i;
		char hex[2 * digest_size_max + 1];

		hex_encode(want.value[alg], digest_size(alg), hex);
		assert_non_null(strstr((char *)manifest.data, hex));
		assert_non_null(strstr((char *)answer.data, hex));
	}
	image_tree_remove(&t);
}

int main(void)
{
	const struct table tables[] = { TABLE(refuses, refusals),
					CASE(has_the_hash_of_the_manifest) };

	/* progress is not what is tested */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return table_run(tables, array_size(tables));
}
