// SPDX-License-Identifier: MIT
/* boot.conf where cvmctl meets it, and the prediction that depends on it. */
#include "cvmctl/image/conf.h"

#include <string.h>

#include "tests/table.h"

#include "cvmctl/image/cpio.h"
#include "cvmctl/image/image.h"
#include "cvmctl/image/prediction.h"
#include "lib/io.h"
#include "lib/own.h"
#include "seal/object/pcr.h"
#include "tests/image-tree.h"
#include "tests/line.h"

#define ZEROS_47                           \
	"00000000000000000000000000000000" \
	"00000000000000000000000000000000" \
	"000000000000000000000000000000"
#define HEAD "[tpm]\nrequire = any\npcr14-start = sha384:" ZEROS_47 "5a\n"
#define TAIL "[ima]\npolicy = none\n[workload]\nmode = supervise\n"
#define VALUES                                                        \
	"[root]\ndata-block-size = 4096\nhash-block-size = 4096\n"    \
	"data-blocks = 7\nhash-offset = 28672\nroot-hash = " ZEROS_47 \
	"5a\nhash = sha384\n"

/* A file: complete or a template. */
static void reads_files(void **state)
{
	own_free struct boot_conf *conf = calloc(1, sizeof(*conf));
	struct tree *t = *state;
	struct fail f = { 0 };

	tree_file(t, "template", 0644, HEAD TAIL);
	tree_file(t, "complete", 0644, HEAD TAIL VALUES);
	tree_file(t, "neither", 0644, HEAD);
	assert_ok(conf_read_file("template", "look", conf, &f), &f);
	assert_int_equal(conf->tpm.pcr14_start.value[DIGEST_SHA384][47], 0x5a);
	assert_ok(conf_read_file("complete", "look", conf, &f), &f);
	assert_int_equal(conf->root.verity.data_blocks, 7);
	assert_refusal(conf_read_file("neither", "look", conf, &f), &f,
		       "cannot use neither: neither: no [ima] policy; it is "
		       "none, or an absolute path in the initramfs; see "
		       "boot.conf(5)");
	assert_refusal(conf_read_file("none", "look", conf, &f), &f,
		       "cannot read none: No such file or directory; look");
}

/* Puts an archive with that boot.conf, if any, into the directory image. */
static void make_initramfs(const char *text)
{
	own_cpio struct cpio c = { 0 };
	own_bytes struct bytes content = { 0 };
	own_bytes struct bytes archive = { 0 };

	assert_int_equal(cpio_add_dir(&c, "etc/cvm-init"), 0);
	if (text) {
		assert_int_equal(bytes_copy(text, strlen(text), &content), 0);
		assert_int_equal(
			cpio_add_file(&c, IMAGE_BOOT_CONF, 0644, &content), 0);
	}
	assert_int_equal(cpio_write(&c, 0, &archive), 0);
	assert_int_equal(io_replace_file("image/" IMAGE_INITRAMFS, archive.data,
					 archive.len, 0644),
			 0);
}

/* An image's is the one that init will read, and nothing else. */
static void reads_images(void **state)
{
	own_free struct boot_conf *conf = calloc(1, sizeof(*conf));
	struct tree *t = *state;
	struct fail f = { 0 };

	tree_dir(t, "image");
	assert_refusal(conf_read_image("image", conf, &f), &f,
		       "cannot unpack image/initramfs.img: No such file or "
		       "directory; check --image");
	tree_file(t, "image/initramfs.img", 0644, "no archive");
	assert_refusal(conf_read_image("image", conf, &f), &f,
		       "cannot unpack image/initramfs.img: it is neither zstd "
		       "nor plain cpio, or damaged; build the image again");
	make_initramfs(NULL);
	assert_refusal(
		conf_read_image("image", conf, &f), &f,
		"cannot use the initramfs image/initramfs.img: there is "
		"no etc/cvm-init/boot.conf in it; build the image again");
	make_initramfs("[tpm]\nrequire = none\n");
	assert_refusal(
		conf_read_image("image", conf, &f), &f,
		"cannot use the initramfs image/initramfs.img: "
		"boot.conf:2: require = none refused; allowed is any, or "
		"some of svsm crb tis; build the image again");
	make_initramfs(HEAD TAIL VALUES);
	assert_ok(conf_read_image("image", conf, &f), &f);
	assert_int_equal(conf->tpm.pcr14_start.value[DIGEST_SHA384][47], 0x5a);
}

/* A bank that shim has extended begins there, the others at zero. */
static void predicts_from_the_declared_value(void **state)
{
	own_root_tree struct root_tree tree = ROOT_TREE_EMPTY;
	own_prediction struct prediction p = { 0 };
	own_prediction struct prediction plain = { 0 };
	own_free struct boot_conf *conf = calloc(1, sizeof(*conf));
	own_free struct boot_conf *none = calloc(1, sizeof(*none));
	struct digest_set value = { .algs = prediction_all_banks };
	struct tree *t = *state;
	struct fail f = { 0 };

	tree_file(t, "template", 0644, HEAD TAIL);
	assert_ok(conf_read_file("template", "look", conf, &f), &f);
	assert_ok(root_tree_open("root", NULL, "x", &tree, &f), &f);
	assert_ok(prediction_make(&tree, conf, prediction_all_banks, &p, &f),
		  &f);
	assert_ok(prediction_make(&tree, none, prediction_all_banks, &plain,
				  &f),
		  &f);
	value.value[DIGEST_SHA384][47] = 0x5a;
	assert_memory_equal(p.start.value[DIGEST_SHA384],
			    value.value[DIGEST_SHA384], 48);
	assert_int_equal(events_replay(&p.events, pcr_apps, &value), 0);
	assert_memory_equal(p.ready.value[DIGEST_SHA384],
			    value.value[DIGEST_SHA384], 48);
	assert_memory_not_equal(p.measured.value[DIGEST_SHA384],
				plain.measured.value[DIGEST_SHA384], 48);
	assert_memory_equal(p.ready.value[DIGEST_SHA256],
			    plain.ready.value[DIGEST_SHA256], 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		image_test(reads_files),
		image_test(reads_images),
		image_test(predicts_from_the_declared_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
