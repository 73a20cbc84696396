// SPDX-License-Identifier: MIT
/* The pure parts of cvmctl build: template, kernel header, compression. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "cvmctl/image/compress.h"
#include "cvmctl/image/image.h"
#include "cvmctl/image/kernel.h"
#include "cvmctl/image/template.h"
#include "lib/own.h"
#include "tests/line.h"

#define HEAD	 "[tpm]\nrequire = any\n[ima]\npolicy = none\n"
#define NO_CLASS "[tpm]\nbanks = sha256\n[ima]\npolicy = none\n"
#define NO_TPM	 "[measure]\ninto = none\n[ima]\npolicy = none\n"
#define TAIL	 "[workload]\nmode = supervise\n"
#define VALUES                                                               \
	"root-hash = "                                                       \
	"0101010101010101010101010101010101010101010101010101010101010101\n" \
	"salt = 0203\n"                                                      \
	"data-block-size = 4096\n"                                           \
	"hash-block-size = 4096\n"                                           \
	"data-blocks = 12\n"                                                 \
	"hash-offset = 49152\n"

static const struct template_case {
	const char *name;
	const char *text;
	const char *want;
} templates[] = {
	{ "section in the middle", HEAD "[root]\nfs = erofs\n" TAIL,
	  HEAD "[root]\n" VALUES "fs = erofs\n" TAIL },
	{ "section at the end", HEAD TAIL "[root]\nfs = erofs\n",
	  HEAD TAIL "[root]\n" VALUES "fs = erofs\n" },
	{ "section without a newline", HEAD TAIL "[root]",
	  HEAD TAIL "[root]\n" VALUES },
	{ "no section", HEAD TAIL, HEAD TAIL "[root]\n" VALUES },
	{ "blanks before it", HEAD " [root]\nfs = erofs\n" TAIL,
	  HEAD " [root]\n" VALUES "fs = erofs\n" TAIL },
	{ "no class of TPM", NO_CLASS TAIL "[root]\n",
	  "[tpm]\nrequire = svsm\nbanks = sha256\n[ima]\n"
	  "policy = none\n" TAIL "[root]\n" VALUES },
	{ "nothing about the TPM", "[ima]\npolicy = none\n" TAIL,
	  "[ima]\npolicy = none\n" TAIL
	  "[tpm]\nrequire = svsm\n[root]\n" VALUES },
	{ "no TPM", NO_TPM TAIL, NO_TPM TAIL "[root]\n" VALUES },
	{ "in a comment", "# [root]\n" HEAD TAIL "[root]\n",
	  "# [root]\n" HEAD TAIL "[root]\n" VALUES },
};

static void fills_template(void **state)
{
	const struct template_case *c = *state;
	struct verity_params p = {
		.hash = DIGEST_SHA256,
		.data_block_size = 4096,
		.hash_block_size = 4096,
		.data_blocks = 12,
		.hash_offset = 49152,
		.salt = { 2, 3 },
		.salt_len = 2,
		.root_hash_len = 32,
	};
	own_free struct boot_conf *conf = calloc(1, sizeof(*conf));
	own_bytes struct bytes text = { 0 };
	own_bytes struct bytes filled = { 0 };
	struct fail f = { 0 };

	memset(p.root_hash, 1, p.root_hash_len);
	assert_int_equal(bytes_copy(c->text, strlen(c->text), &text), 0);
	assert_ok(template_fill(&text, &p, &filled, conf, &f), &f);
	assert_string_equal((char *)filled.data, c->want);
}

static void refuses_values_that_init_would(void **state)
{
	struct verity_params p = { .hash = DIGEST_SHA256, .root_hash_len = 20 };
	own_free struct boot_conf *conf = calloc(1, sizeof(*conf));
	own_bytes struct bytes text = { 0 };
	own_bytes struct bytes filled = { 0 };
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(bytes_copy(HEAD TAIL, strlen(HEAD TAIL), &text), 0);
	assert_true(template_fill(&text, &p, &filled, conf, &f) < 0);
	assert_string_equal(f.what, "complete boot.conf");
	assert_string_equal(f.remedy, "shorten the template");
	assert_null(filled.data);
	/* what is not written down, and so has its default */
	p = (struct verity_params){ .hash = DIGEST_SHA512,
				    .data_block_size = 4096,
				    .hash_block_size = 4096,
				    .data_blocks = 12,
				    .hash_offset = 49152,
				    .root_hash_len = 32 };
	assert_refusal(template_fill(&text, &p, &filled, conf, &f), &f,
		       "cannot complete boot.conf: it reads back differently; "
		       "report this with the template");
	assert_null(filled.data);
}

enum { image_size = 0x400 };

static const struct kernel_case {
	const char *name;
	const char *magic;
	unsigned at; /* of the text, less 0x200 */
	const char *text;
	int want;
} kernels[] = {
	{ "Debian's", "HdrS", 0x100, "6.1.0-50-cloud-amd64 (x@y) #1", 0 },
	{ "no magic", "HdrX", 0x100, "6.1 ", -EINVAL },
	{ "no text", "HdrS", 0x100, "", -EINVAL },
	{ "text outside", "HdrS", 0xffff, "6.1 ", -EINVAL },
	{ "text at the end", "HdrS", 0x1ff, "6", -EINVAL },
	{ "a path", "HdrS", 0x100, "../../etc ", -EINVAL },
	{ "longest text", "HdrS", 0x100,
	  "012345678901234567890123456789012345678901234567890123456789012 ",
	  0 },
	{ "too long a text", "HdrS", 0x100,
	  "0123456789012345678901234567890123456789012345678901234567890123 ",
	  -EINVAL },
};

static void reads_kernel_version(void **state)
{
	const struct kernel_case *c = *state;
	char version[kernel_version_max] = "";
	own_bytes struct bytes image = { 0 };
	uint8_t zeros[image_size] = { 0 };

	assert_int_equal(bytes_copy(zeros, sizeof(zeros), &image), 0);
	memcpy(image.data + 0x202, c->magic, 4);
	image.data[0x20e] = (uint8_t)c->at;
	image.data[0x20f] = (uint8_t)(c->at >> 8);
	if (c->at + 0x200 + strlen(c->text) <= image.len)
		memcpy(image.data + 0x200 + c->at, c->text, strlen(c->text));
	assert_int_equal(kernel_read_version(&image, version), c->want);
	if (c->want == 0)
		assert_int_equal(strcspn(c->text, " "), strlen(version));
	else
		assert_string_equal(version, "");
}

static void short_kernel_is_none(void **state)
{
	char version[kernel_version_max];
	uint8_t data[] = "HdrS";
	struct bytes image = { data, sizeof(data) };

	(void)state;
	assert_int_equal(kernel_read_version(&image, version), -EINVAL);
	image.len = 0;
	assert_int_equal(kernel_read_version(&image, version), -EINVAL);
}

static void unpacks_to_the_maximum(void **state)
{
	enum { size = 300000 };
	own_bytes struct bytes plain = { calloc(1, size), size };
	own_bytes struct bytes packed = { 0 };
	own_bytes struct bytes again = { 0 };
	own_bytes struct bytes out = { 0 };

	(void)state;
	assert_non_null(plain.data);
	memcpy(plain.data + 1000, "middle", 6);
	assert_int_equal(compress_zstd(&plain, &packed), 0);
	assert_int_equal(compress_zstd(&plain, &again), 0);
	assert_int_equal(packed.len, again.len);
	assert_memory_equal(packed.data, again.data, packed.len);
	assert_true(compress_is_zstd(packed.data, packed.len));
	assert_int_equal(compress_unpack_zstd(&packed, size - 1, &out), -EFBIG);
	assert_int_equal(compress_unpack_zstd(&packed, size, &out), 0);
	assert_int_equal(out.len, size);
	assert_memory_equal(out.data, plain.data, size);
}

static void damaged_frames_are_refused(void **state)
{
	own_bytes struct bytes plain = { 0 };
	own_bytes struct bytes packed = { 0 };
	own_bytes struct bytes longer = { 0 };
	size_t len;

	(void)state;
	assert_int_equal(bytes_copy("some text", 9, &plain), 0);
	assert_int_equal(compress_zstd(&plain, &packed), 0);
	assert_int_equal(bytes_copy(packed.data, packed.len, &longer), 0);
	for (len = packed.len; len-- > 0;) {
		struct bytes cut = { packed.data, len };
		own_bytes struct bytes out = { 0 };

		assert_int_equal(compress_unpack_zstd(&cut, 100, &out),
				 -EINVAL);
	}
	longer.len++; /* the NUL that follows: a byte after the frame */
	{
		own_bytes struct bytes out = { 0 };

		assert_int_equal(compress_unpack_zstd(&longer, 100, &out),
				 -EINVAL);
	}
}

static const struct epoch_case {
	const char *name;
	const char *value;
	uint32_t epoch;
	bool ok;
} epochs[] = {
	{ "none", NULL, 0, true },
	{ "a time", "1700000000", 1700000000, true },
	{ "the last one", "4294967295", 4294967295, true },
	{ "one more", "4294967296", 0, false },
	{ "empty", "", 0, false },
	{ "negative", "-1", 0, false },
};

static void reads_epoch(void **state)
{
	const struct epoch_case *c = *state;
	uint32_t epoch = 0;
	struct fail f = { 0 };

	if (c->value)
		assert_int_equal(setenv("SOURCE_DATE_EPOCH", c->value, 1), 0);
	else
		assert_int_equal(unsetenv("SOURCE_DATE_EPOCH"), 0);
	if (c->ok) {
		assert_ok(image_read_epoch(&epoch, &f), &f);
		assert_int_equal(epoch, c->epoch);
	} else {
		assert_true(image_read_epoch(&epoch, &f) < 0);
		assert_string_equal(f.remedy, "unset SOURCE_DATE_EPOCH");
	}
	assert_int_equal(unsetenv("SOURCE_DATE_EPOCH"), 0);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(fills_template, templates),
		CASE(refuses_values_that_init_would),
		TABLE(reads_kernel_version, kernels),
		CASE(short_kernel_is_none),
		CASE(unpacks_to_the_maximum),
		CASE(damaged_frames_are_refused),
		TABLE(reads_epoch, epochs),
	};

	return table_run(tables, array_size(tables));
}
