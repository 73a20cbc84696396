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
#include "cvmctl/image/image.h"
#include "cvmctl/image/manifest.h"
#include "cvmctl/image/prediction.h"
#include "cvmctl/predict/pe.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "tests/cvmctl.h"
#include "tests/efi.h"
#include "tests/image-tree.h"

#define BY_VERITY "[app v]\nexec = /app/run\nmeasure-by = verity\n"
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
	{ "--image i --root-hash ab", COMMAND_USAGE,
	  ARGUMENTS("--apps, --config and --root-hash are for --root; an "
		    "image has its own") },
	{ "--root root --root-hash abcd", -1,
	  "cannot use --root-hash abcd: it is no SHA-256, SHA-384 or SHA-512 "
	  "in hex; give root-hash of boot.conf or manifest.json" },
	{ "--root root --apps by-verity", -1,
	  "cannot measure app v without the root hash: it has measure-by = "
	  "verity; give --root-hash, or --config with a boot.conf that has "
	  "it" },
	{ "--image none --boot ovmf", -1,
	  "cannot read vmlinuz of none: No such file or directory; give the "
	  "directory that cvmctl build wrote" },
	{ "--image i --boot ovmf --efi-only", COMMAND_USAGE,
	  ARGUMENTS("--efi-only does not go with --boot ovmf") },
	{ "--root root --boot uki --uki none", -1,
	  "cannot predict a boot from a disk: firmware that also starts "
	  "kernels which are no EFI programs does not measure them, and they "
	  "can extend the same values; give the UKI with -kernel (--boot "
	  "uki-direct), or say --efi-only of a firmware without such a "
	  "loader" },
	{ "--root root --boot uki --efi-only --uki none", -1,
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
	tree_file(&t, "by-verity", 0644, BY_VERITY);
	r = cvmctl_run(command_predict, &f, "predict %s", c->words);
	(void)snprintf(line, sizeof(line), "cannot %s: %s; %s", f.what,
		       f.reason, f.remedy);
	assert_int_equal(r < 0 ? -1 : r, c->result);
	assert_string_equal(line, c->line);
	image_tree_remove(&t);
}

static bool has_mkfs(void)
{
	return access("/usr/bin/mkfs.erofs", X_OK) == 0 ||
	       access("/usr/sbin/mkfs.erofs", X_OK) == 0;
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
	if (!has_mkfs())
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

/* The value that the manifest of an image has for keys. */
static void read_measured(const char *image, char ret[static 65],
			  char ret_root_hash[static 65])
{
	own_json struct json_object *o = NULL;
	uint8_t value[digest_size_max];
	struct fail f = { 0 };

	assert_ok(manifest_read(image, &o, &f), &f);
	assert_ok(manifest_read_pcr(o, DIGEST_SHA256, value, &f), &f);
	hex_encode(value, 32, ret);
	(void)snprintf(ret_root_hash, 65, "%s",
		       json_get_string(json_get(json_get(o, "root"), "verity"),
				       "root-hash"));
}

/* The tree is enough with the root hash, and another root is another value. */
static void by_the_root_hash(void **state)
{
	own_bytes struct bytes answer = { 0 };
	char measured[65];
	char again[65];
	char root_hash[65];
	char words[256];
	struct fail f = { 0 };
	struct tree t;

	(void)state;
	if (!has_mkfs())
		skip();
	image_tree_make(&t);
	tree_check(unlink("root/etc/cvm-init/apps.conf") == 0, "apps.conf");
	tree_file(&t, "root/etc/cvm-init/apps.conf", 0644, BY_VERITY);
	assert_ok(cvmctl_run(command_check, &f, "check --root root"), &f);
	build("one");
	read_measured("one", measured, root_hash);
	(void)snprintf(words, sizeof(words),
		       "predict --root root --root-hash %s --banks sha256",
		       root_hash);
	cvmctl_capture(command_predict, words, &answer);
	assert_non_null(strstr((char *)answer.data, measured));
	assert_non_null(strstr((char *)answer.data, " verity v /app/run\n"));
	tree_file(&t, "root/unrelated", 0644, "a byte");
	build("two");
	read_measured("two", again, root_hash);
	assert_string_not_equal(measured, again);
	image_tree_remove(&t);
}

int main(void)
{
	const struct table tables[] = { TABLE(refuses, refusals),
					CASE(has_the_hash_of_the_manifest),
					CASE(by_the_root_hash) };

	/* progress is not what is tested */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return table_run(tables, array_size(tables));
}
