// SPDX-License-Identifier: MIT
/* Hash trees: built by us, recognised by us, and read by veritysetup. */
#include "verity/device.h"
#include <errno.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"
#include "tests/line.h"
#include "tests/table.h"

static const struct verity_params empty = {
	.hash = DIGEST_SHA256,
	.data_block_size = 4096,
	.hash_block_size = 4096,
	.salt = { 1, 2, 3, 4 },
	.salt_len = 4,
};

/* An image of n different blocks at path, a mkstemp template. */
static void make_image(char *path, unsigned n)
{
	own_fd int fd = mkstemp(path);
	uint8_t block[4096] = { 0 };

	assert_true(fd >= 0);
	for (unsigned i = 0; i < n; i++) {
		memcpy(block, &i, sizeof(i));
		assert_int_equal(io_write_all(fd, block, sizeof(block)), 0);
	}
}

static const struct image {
	const char *name;
	unsigned blocks;
	unsigned tree; /* hash blocks: 128 digests of 32 bytes in each */
} images[] = {
	{ "one block", 1, 0 },	    { "two blocks", 2, 1 },
	{ "128 blocks", 128, 1 },   { "129 blocks", 129, 3 },
	{ "1000 blocks", 1000, 9 },
};

static void builds_and_recognises(void **state)
{
	const struct image *image = *state;
	char path[] = "/tmp/verity-XXXXXX";
	struct verity_params p = empty;
	struct fail f = { 0 };
	struct stat st;
	uint8_t byte = 0xff;
	uint64_t bytes;
	int r;

	make_image(path, image->blocks);
	r = verity_append_tree(path, &p, &f);
	assert_ok(r, &f);
	assert_int_equal(p.data_blocks, image->blocks);
	assert_int_equal(p.hash_offset, image->blocks * 4096);
	assert_int_equal(verity_size(&p, &bytes), 0);
	assert_int_equal(bytes, (image->blocks + image->tree) * 4096);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, bytes);

	own_fd int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_true(verity_is_device(fd, &p));
	/* any other byte in the top block: another disk */
	assert_int_equal(pwrite(fd, &byte, 1,
				image->tree ? (off_t)p.hash_offset : 4095),
			 1);
	assert_false(verity_is_device(fd, &p));
	assert_int_equal(ftruncate(fd, image->tree ? (off_t)p.hash_offset : 9),
			 0);
	assert_false(verity_is_device(fd, &p));
	assert_int_equal(unlink(path), 0);

	/* nothing is at low addresses: as a disk with a defect */
	own_fd int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

	assert_int_equal(verity_is_device(mem, &p), -EIO);
}

/* The whole tree, every level, read by the reference tool. */
static void veritysetup_agrees(void **state)
{
	char path[] = "/tmp/verity-XXXXXX";
	struct verity_params p = empty;
	own_text struct text command = { 0 };
	struct fail f = { 0 };
	char hex[65];
	int r;

	(void)state;
	if (system("command -v veritysetup >/dev/null") != 0)
		skip();
	make_image(path, 1000);
	r = verity_append_tree(path, &p, &f);
	assert_ok(r, &f);
	hex_encode(p.root_hash, p.root_hash_len, hex);
	text_add(&command,
		 "veritysetup verify --no-superblock --hash-offset=4096000 "
		 "--data-blocks=1000 --salt=01020304 %s %s %s",
		 path, path, hex);
	assert_int_equal(system(command.s), 0);
	assert_int_equal(unlink(path), 0);
}

static void refuses_odd_images(void **state)
{
	char path[] = "/tmp/verity-XXXXXX";
	struct verity_params p = empty;
	char line[128];
	struct fail f = { 0 };
	int r;

	(void)state;
	make_image(path, 1);
	assert_int_equal(truncate(path, 4097), 0);
	r = verity_append_tree(path, &p, &f);
	(void)snprintf(line, sizeof(line),
		       "cannot build the hash tree of %s: its size is not a "
		       "multiple of the block size; pad it with zeros",
		       path);
	assert_refusal(r, &f, line);
	assert_int_equal(p.data_blocks, 0);
	assert_int_equal(truncate(path, 0), 0);
	assert_refusal(verity_append_tree(path, &p, &f), &f, line);
	assert_int_equal(unlink(path), 0);
	(void)snprintf(line, sizeof(line),
		       "cannot read %s: No such file or directory; check the "
		       "path",
		       path);
	assert_refusal(verity_append_tree(path, &p, &f), &f, line);
}

/* It was there when it was looked for. */
static void disk_is_gone(void **state)
{
	struct verity_params p = empty;
	struct fail f = { 0 };

	(void)state;
	p.root_hash_len = 32;
	p.data_blocks = 8;
	p.hash_offset = 32768;
	assert_refusal(verity_activate("/dev/cvm-none", "root", &p, &f), &f,
		       "cannot set up verity on /dev/cvm-none: Block device "
		       "required; attach a disk that works");
}

/* What a full disk does: not all of the tree can be written. */
static void needs_space(void **state)
{
	char path[] = "/tmp/verity-XXXXXX";
	struct rlimit whole;
	struct fail f = { 0 };

	(void)state;
	make_image(path, 1000);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	for (rlim_t tree = 0; tree < 9; tree++) {
		struct rlimit full = { (1000 + tree) * 4096, whole.rlim_max };
		struct verity_params p = empty;
		char line[128];
		int r;

		assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
		r = verity_append_tree(path, &p, &f);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
		(void)snprintf(line, sizeof(line),
			       "cannot build the hash tree of %s: "
			       "Input/output error; free disk space",
			       path);
		assert_refusal(r, &f, line);
		assert_int_equal(p.data_blocks, 0);
		assert_int_equal(truncate(path, 1000 * 4096), 0);
	}
	assert_int_equal(unlink(path), 0);
}

static void no_data(struct verity_params *p)
{
	p->data_blocks = 0;
}

static void tree_inside(struct verity_params *p)
{
	p->hash_offset = 28672;
}

static void unaligned(struct verity_params *p)
{
	p->hash_offset = 32769;
}

static void other_hash(struct verity_params *p)
{
	p->root_hash_len = 20;
}

static void data_overflows(struct verity_params *p)
{
	p->data_blocks = INT64_MAX;
}

static void end_overflows(struct verity_params *p)
{
	p->hash_offset = UINT64_MAX - 4095;
}

static void no_block_size(struct verity_params *p)
{
	p->data_block_size = 0;
}

/* Each row breaks values of a good set. */
static const struct wrong {
	const char *name;
	void (*spoil)(struct verity_params *p);
} wrongs[] = {
	{ "no data", no_data },
	{ "tree inside the data", tree_inside },
	{ "unaligned tree", unaligned },
	{ "hash of another size", other_hash },
	{ "data overflows", data_overflows },
	{ "end overflows", end_overflows },
	{ "no block size", no_block_size },
};

static void refuses_layouts(void **state)
{
	const struct wrong *w = *state;
	struct verity_params p = empty;
	uint64_t bytes = 7;

	p.root_hash_len = 32;
	p.data_blocks = 8;
	p.hash_offset = 32768;
	assert_int_equal(verity_size(&p, &bytes), 0);
	bytes = 7;
	w->spoil(&p);
	assert_true(verity_size(&p, &bytes) < 0);
	assert_int_equal(bytes, 7);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(builds_and_recognises, images),
		CASE(veritysetup_agrees),
		CASE(refuses_odd_images),
		CASE(disk_is_gone),
		CASE(needs_space),
		TABLE(refuses_layouts, wrongs),
	};

	return table_run(tables, array_size(tables));
}
