// SPDX-License-Identifier: MIT
/*
 * cvmctl build and what reads an image: a whole one of a tiny root, without
 * a kernel that would boot. Needs mkfs.erofs.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cvmctl/command.h"
#include "cvmctl/image/compress.h"
#include "cvmctl/image/conf.h"
#include "cvmctl/image/cpio.h"
#include "cvmctl/image/image.h"
#include "cvmctl/image/manifest.h"
#include "cvmctl/show/describe.h"
#include "lib/io.h"
#include "lib/own.h"
#include "tests/image-tree.h"
#include "tests/line.h"

static const char *const files[] = { IMAGE_KERNEL, IMAGE_CMDLINE, IMAGE_ROOT,
				     IMAGE_INITRAMFS, IMAGE_MANIFEST };

static bool has_mkfs(void)
{
	return access("/usr/bin/mkfs.erofs", X_OK) == 0 ||
	       access("/usr/sbin/mkfs.erofs", X_OK) == 0;
}

static int build(const char *root, const char *output, struct fail *f)
{
	char words[][16] = { "build",  "--root",    "",		 "--kernel",
			     "kernel", "--modules", "mods",	 "--init",
			     "init",   "--config",  "boot.conf", "--output",
			     "" };
	char *argv[array_size(words) + 1] = { NULL };

	(void)snprintf(words[2], sizeof(words[2]), "%s", root);
	(void)snprintf(words[12], sizeof(words[12]), "%s", output);
	for (size_t i = 0; i < array_size(words); i++)
		argv[i] = words[i];
	return command_build(array_size(words), argv, f);
}

static void build_ok(const char *root, const char *output)
{
	struct fail f = { 0 };

	assert_ok(build(root, output, &f), &f);
}

static void read_file(const char *dir, const char *name, struct bytes *ret)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(io_read_file(AT_FDCWD, path, 64 << 20, ret), 0);
}

static void assert_same_image(const char *a, const char *b)
{
	for (size_t i = 0; i < array_size(files); i++) {
		own_bytes struct bytes x = { 0 };
		own_bytes struct bytes y = { 0 };

		read_file(a, files[i], &x);
		read_file(b, files[i], &y);
		assert_int_equal(x.len, y.len);
		assert_memory_equal(x.data, y.data, x.len);
	}
}

static void same_input_same_bytes(void **state)
{
	struct tree *t = *state;

	if (!has_mkfs())
		skip();
	build_ok("root", "one");
	tree_check(rename("root", "moved") == 0, "root");
	/* times are no input */
	tree_check(utimensat(t->fd, "moved/app/run", NULL, 0) == 0, "moved");
	build_ok("moved", "two");
	assert_same_image("one", "two");
}

static void image_is_replaced_in_one_step(void **state)
{
	struct tree *t = *state;
	struct fail f = { 0 };

	if (!has_mkfs())
		skip();
	build_ok("root", "one");
	build_ok("root", "one");
	tree_file(t, "root/new", 0644, "x");
	build_ok("root", "one");
	tree_dir(t, "mine");
	assert_refusal(build("root", "mine", &f), &f,
		       "cannot replace mine: it exists and is no image of "
		       "ours; choose another --output");
	assert_int_equal(access("mine", F_OK), 0);
	tree_file(t, "mine/manifest.json", 0644,
		  "{\"type\":\"cvm-init image\",\"schema\":2}");
	assert_refusal(build("root", "mine", &f), &f,
		       "cannot replace mine: it exists and is no image of "
		       "ours; choose another --output");
}

/* Nothing is left of a build that failed. */
static void failed_build_leaves_nothing(void **state)
{
	struct tree *t = *state;
	struct fail f = { 0 };
	int entries = 0;

	tree_file(t, "root/etc/initrd-release", 0644, "");
	assert_refusal(
		build("root", "one", &f), &f,
		"cannot use root root: it holds /etc/initrd-release, by "
		"which systemd takes it for an initrd; remove that file");
	{
		own_dir DIR *dir = opendir(".");

		while (readdir(dir))
			entries++;
	}
	assert_int_equal(entries, 2 + 5);
}

static void initramfs_holds_what_init_needs(void **state)
{
	own_bytes struct bytes packed = { 0 };
	own_bytes struct bytes archive = { 0 };
	own_cpio struct cpio c = { 0 };
	struct boot_conf *conf = calloc(1, sizeof(*conf));
	struct ini_error error = { 0 };
	bool found = false;

	(void)state;
	if (!has_mkfs())
		skip();
	build_ok("root", "one");
	read_file("one", IMAGE_INITRAMFS, &packed);
	assert_int_equal(compress_unpack_zstd(&packed, 1 << 20, &archive), 0);
	assert_int_equal(cpio_read(archive.data, archive.len, &c), 0);
	for (size_t i = 0; i < c.n; i++) {
		struct cpio_entry *e = &c.entry[i];

		if (strcmp(e->path, IMAGE_BOOT_CONF) != 0)
			continue;
		found = true;
		assert_int_equal(
			boot_conf_read("boot.conf", (char *)e->content.data,
				       e->content.len, false, conf, &error),
			0);
	}
	assert_true(found);
	assert_int_equal(conf->root.verity.data_block_size, 4096);
	assert_int_equal(conf->root.verity.salt_len, 32);
	assert_int_equal(conf->root.verity.root_hash_len, 32);
	free(conf);
}

static void inspect_believes_no_file(void **state)
{
	own_json struct json_object *o = NULL;
	own_fd int fd = -1;
	struct fail f = { 0 };

	(void)state;
	if (!has_mkfs())
		skip();
	build_ok("root", "one");
	assert_ok(inspect_image("one", &o, &f), &f);
	fd = open("one/root.img", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "x", 1, 3000), 1);
	json_release(&o);
	o = NULL;
	assert_refusal(inspect_image("one", &o, &f), &f,
		       "cannot accept one/root.img: it is not what the "
		       "manifest describes; build the image again");
	assert_null(o);
}

/* What cvmctl sign puts behind the root is none of the manifest's business. */
static void inspect_shows_signatures(void **state)
{
	own_json struct json_object *o = NULL;
	struct json_object *signatures = NULL;
	own_fd int fd = -1;
	struct fail f = { 0 };

	(void)state;
	if (!has_mkfs())
		skip();
	build_ok("root", "one");
	fd = open("one/root.img", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "{\"sha256\":[]}", 13), 13);
	assert_ok(inspect_image("one", &o, &f), &f);
	assert_true(json_object_object_get_ex(o, "signatures", &signatures));
	assert_int_equal(json_object_array_length(signatures), 0);
	json_release(&o);
	o = NULL;
	assert_int_equal(write(fd, "x", 1), 1);
	assert_refusal(inspect_image("one", &o, &f), &f,
		       "cannot read the signatures of PCR values: they have "
		       "not the form of tpm2-pcr-signature.json; sign the PCR "
		       "values again with cvmctl sign");
	assert_int_equal(truncate("one/cmdline", 0), 0);
	assert_refusal(inspect_image("one", &o, &f), &f,
		       "cannot accept one/cmdline: it is not what the "
		       "manifest describes; build the image again");
	build_ok("root", "one");
	{
		own_fd int cmdline =
			open("one/cmdline", O_WRONLY | O_APPEND | O_CLOEXEC);

		assert_int_equal(write(cmdline, " init=/x", 8), 8);
	}
	assert_refusal(inspect_image("one", &o, &f), &f,
		       "cannot accept one/cmdline: its size is not what the "
		       "manifest says; build the image again");
	assert_null(o);
}

static void manifest_predicts_what_predict_does(void **state)
{
	own_root_tree struct root_tree tree = ROOT_TREE_EMPTY;
	own_prediction struct prediction p = { 0 };
	own_json struct json_object *o = NULL;
	own_free struct boot_conf *conf = calloc(1, sizeof(*conf));
	uint8_t value[digest_size_max];
	struct fail f = { 0 };

	(void)state;
	if (!has_mkfs())
		skip();
	build_ok("root", "one");
	assert_ok(conf_read_image("one", conf, &f), &f);
	assert_ok(manifest_read("one", &o, &f), &f);
	assert_ok(manifest_read_pcr(o, DIGEST_SHA384, value, &f), &f);
	assert_ok(root_tree_open("root", NULL, "x", &tree, &f), &f);
	assert_ok(prediction_make(&tree, conf, 1U << DIGEST_SHA384, &p, &f),
		  &f);
	assert_memory_equal(value, p.measured.value[DIGEST_SHA384], 48);
}

static void manifest_names_volume_and_register(void **state)
{
	own_json struct json_object *o = NULL;
	struct manifest_volume volume = { 0 };
	struct fail f = { 0 };
	unsigned into = 0;

	(void)state;
	if (!has_mkfs())
		skip();
	build_ok("root", "one");
	assert_ok(manifest_read("one", &o, &f), &f);
	assert_ok(manifest_find_volume(o, NULL, &volume, &f), &f);
	assert_false(volume.import);
	assert_string_equal(volume.name, "data");
	assert_string_equal(volume.uuid,
			    "6f0a8d1e-3b6c-4c0e-9d58-1f2b3c4d5e6f");
	assert_refusal(manifest_find_volume(o, "swap", &volume, &f), &f,
		       "cannot seal volume swap: boot.conf has no such volume; "
		       "check [volume NAME] in boot.conf");
	assert_string_equal(json_get_string(o, "into"), "tpm");
	assert_ok(manifest_read_into(o, &into, &f), &f);
	assert_int_equal(into, BOOT_MEASURE_TPM);
}

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* So that the broker knows whether it is the one. */
static void manifest_names_the_broker(void **state)
{
	own_json struct json_object *o = NULL;
	struct manifest_volume volume;
	struct tree *t = *state;
	struct fail f = { 0 };

	if (!has_mkfs())
		skip();
	tree_dir(t, "root/keys");
	assert_int_equal(unlink("boot.conf"), 0);
	tree_file(t, "boot.conf", 0644,
		  IMAGE_TREE_CONF
		  "[volume keys]\nkey = delivered\nmount = /keys\n"
		  "uuid = 00000000-3b6c-4c0e-9d58-1f2b3c4d5e6f\n"
		  "[broker]\nat = vsock:2:7000\nkey = " HASH "\n");
	build_ok("root", "one");
	assert_ok(manifest_read("one", &o, &f), &f);
	assert_string_equal(json_get_string(json_get(o, "broker"), "key"),
			    HASH);
	assert_true(manifest_delivered_volume(o, 0, &volume));
	assert_string_equal(volume.name, "keys");
	assert_false(manifest_delivered_volume(o, 1, &volume));
	assert_true(manifest_delivers(o, volume.uuid));
	assert_false(
		manifest_delivers(o, "6f0a8d1e-3b6c-4c0e-9d58-1f2b3c4d5e6f"));
}

static void manifest_without_values(void **state)
{
	static const char *const texts[] = {
		"{\"type\":\"cvm-init image\",\"schema\":1}",
		"{\"type\":\"cvm-init image\",\"schema\":1,\"apps\":[],\"volumes\":{}}",
		"{\"type\":\"cvm-init image\",\"schema\":1,\"apps\":{\"banks\":{\"sha256\":"
		"{\"measured\":\"00\"}}},\"volumes\":[]}",
	};
	struct tree *t = *state;

	tree_dir(t, "bad");
	for (size_t i = 0; i < array_size(texts); i++) {
		own_json struct json_object *o = NULL;
		uint8_t value[digest_size_max];
		struct manifest_volume volume;
		struct fail f = { 0 };
		unsigned into = 0;

		(void)unlink("bad/manifest.json");
		tree_file(t, "bad/manifest.json", 0644, texts[i]);
		assert_ok(manifest_read("bad", &o, &f), &f);
		assert_ok(manifest_read_into(o, &into, &f), &f);
		assert_int_equal(into, BOOT_MEASURE_TPM); /* the default */
		assert_refusal(manifest_read_pcr(o, DIGEST_SHA256, value, &f),
			       &f,
			       "cannot read PCR 14 in bank sha256: the "
			       "manifest does not hold it; build the image "
			       "again");
		assert_refusal(manifest_find_volume(o, NULL, &volume, &f), &f,
			       "cannot choose the volume: boot.conf has none, "
			       "or several; give --volume NAME");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		image_test(same_input_same_bytes),
		image_test(image_is_replaced_in_one_step),
		image_test(failed_build_leaves_nothing),
		image_test(initramfs_holds_what_init_needs),
		image_test(inspect_believes_no_file),
		image_test(inspect_shows_signatures),
		image_test(manifest_predicts_what_predict_does),
		image_test(manifest_names_volume_and_register),
		image_test(manifest_names_the_broker),
		image_test(manifest_without_values),
	};

	/* progress is not what is tested */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
