// SPDX-License-Identifier: MIT
/*
 * The header as QEMU's x86_load_linux leaves it. Whole kernels are compared
 * with the TPM in qemu-test/test_chain.py.
 */
#include <errno.h>
#include <string.h>

#include "tests/table.h"

#include "cvmctl/predict/qemu-kernel.h"
#include "lib/own.h"
#include "tests/efi.h"

enum { kernel_len = 5 * 512, version_now = 0x20f };

#define GIB (1ULL << 30)

/* A bzImage of five sectors, of which four are setup code. */
static struct bytes make_kernel(unsigned version, unsigned xload_flags)
{
	struct bytes b = { calloc(1, kernel_len), kernel_len };

	if (!b.data)
		abort();
	b.data[0x1f1] = 4;
	memcpy(b.data + 0x202, "HdrS", 4);
	efi_put(&b, 0x206, 2, version);
	efi_put(&b, 0x211, 1, 0x01);
	efi_put(&b, 0x22c, 4, 0x7fffffff);
	efi_put(&b, 0x236, 2, xload_flags);
	return b;
}

static uint32_t get_u32(const struct bytes *b, size_t at)
{
	return b->data[at] | (uint32_t)b->data[at + 1] << 8 |
	       (uint32_t)b->data[at + 2] << 16 |
	       (uint32_t)b->data[at + 3] << 24;
}

static const struct layout {
	const char *name;
	unsigned version, xload_flags;
	struct qemu_machine machine;
	uint64_t initrd_size;
	uint32_t want_address;
} layouts[] = {
	/* a Debian kernel and an initramfs of ours, as the TPM had them */
	{ "1 GiB", version_now, 0x7f, { false, GIB }, 1, 0x3ffd7000 },
	{ "1 GiB on q35", version_now, 0x7f, { true, GIB }, 1, 0x3ffd7000 },
	{ "a page", version_now, 0x7f, { false, GIB }, 4095, 0x3ffd7000 },
	{ "a page more", version_now, 0x7f, { false, GIB }, 4096, 0x3ffd6000 },
	{ "pc below the split",
	  version_now,
	  0x7f,
	  { false, 0xdfffffff },
	  1,
	  0xdffd7000 },
	{ "pc at the split",
	  version_now,
	  0x7f,
	  { false, 0xe0000000 },
	  1,
	  0xbffd7000 },
	{ "pc, 64 GiB", version_now, 0x7f, { false, 64 * GIB }, 1, 0xbffd7000 },
	{ "q35 below the split",
	  version_now,
	  0x7f,
	  { true, 0xafffffff },
	  1,
	  0xaffd7000 },
	{ "q35 at the split",
	  version_now,
	  0x7f,
	  { true, 0xb0000000 },
	  1,
	  0x7ffd7000 },
	{ "q35, 64 GiB", version_now, 0x7f, { true, 64 * GIB }, 1, 0x7ffd7000 },
	{ "the kernel's own limit",
	  version_now,
	  0x7d,
	  { false, 3 * GIB },
	  1,
	  0x7ffff000 },
	{ "limit of an old kernel",
	  0x20b,
	  0x7f,
	  { false, 3 * GIB },
	  1,
	  0x7ffff000 },
};

static void lays_out_the_initrd(void **state)
{
	const struct layout *c = *state;
	own_bytes struct bytes b = make_kernel(c->version, c->xload_flags);

	assert_int_equal(
		qemu_patch_kernel(&b, "quiet", c->initrd_size, &c->machine), 0);
	assert_int_equal(get_u32(&b, 0x218), c->want_address);
	assert_int_equal(get_u32(&b, 0x21c), c->initrd_size);
}

static void changes_nothing_else(void **state)
{
	static const struct qemu_machine m = { .memory_bytes = GIB };
	own_bytes struct bytes want = make_kernel(version_now, 0x7f);
	own_bytes struct bytes b = make_kernel(version_now, 0x7f);

	(void)state;
	efi_put(&want, 0x210, 1, 0xb0);
	efi_put(&want, 0x211, 1, 0x81);
	efi_put(&want, 0x224, 2, 0xfe00);
	efi_put(&want, 0x228, 4, 0x20000);
	assert_int_equal(qemu_patch_kernel(&b, "", 0, &m), 0);
	assert_memory_equal(b.data, want.data, kernel_len);
	efi_put(&want, 0x218, 4, 0x3ffd7000);
	efi_put(&want, 0x21c, 4, 7);
	assert_int_equal(qemu_patch_kernel(&b, "", 7, &m), 0);
	assert_memory_equal(b.data, want.data, kernel_len);
}

static const struct refusal {
	const char *name;
	size_t at;
	unsigned size;
	uint64_t value;
	const char *cmdline;
	uint64_t initrd_size, memory;
	int want;
} refusals[] = {
	{ "no kernel", 0x202, 4, 0, "", 1, GIB, -EINVAL },
	{ "version 2.02", 0x206, 2, 0x202, "", 1, GIB, -EINVAL },
	{ "version 2.03", 0x206, 2, 0x203, "", 1, GIB, 0 },
	{ "loaded low", 0x211, 1, 0x80, "", 1, GIB, -EINVAL },
	{ "more setup code than file", 0x1f1, 1, 5, "", 1, GIB, -EINVAL },
	{ "most setup code", 0x1f1, 1, 255, "", 1, GIB, -EINVAL },
	{ "as much setup code as usual", 0x1f1, 1, 0, "", 1, GIB, 0 },
	{ "vga=", 0x1f1, 1, 4, "quiet vga=ask", 1, GIB, -ENOTSUP },
	{ "the largest initrd", 0x1f1, 1, 4, "", GIB - 0x28002, GIB, 0 },
	{ "too large an initrd", 0x1f1, 1, 4, "", GIB - 0x28001, GIB, -EFBIG },
	{ "far too large an initrd", 0x1f1, 1, 4, "", UINT64_MAX, GIB, -EFBIG },
	{ "no memory", 0x1f1, 1, 4, "", 1, 0, -EFBIG },
	{ "hardly any memory", 0x1f1, 1, 4, "", 1, 0x28002, -EFBIG },
	{ "all memory", 0x1f1, 1, 4, "", 1, UINT64_MAX, 0 },
};

static void judges(void **state)
{
	const struct refusal *c = *state;
	const struct qemu_machine m = { .memory_bytes = c->memory };
	own_bytes struct bytes b = make_kernel(version_now, 0x7f);

	efi_put(&b, c->at, c->size, c->value);
	assert_int_equal(qemu_patch_kernel(&b, c->cmdline, c->initrd_size, &m),
			 c->want);
}

static void refuses_every_truncation(void **state)
{
	static const struct qemu_machine m = { .memory_bytes = GIB };
	own_bytes struct bytes b = make_kernel(version_now, 0x7f);

	(void)state;
	for (size_t len = 0; len < kernel_len; len += 31) {
		struct bytes cut = { malloc(len ? len : 1), len };

		memcpy(cut.data, b.data, len);
		assert_int_equal(qemu_patch_kernel(&cut, "", 1, &m), -EINVAL);
		bytes_free(&cut);
	}
}

int main(void)
{
	const struct table tables[] = {
		TABLE(lays_out_the_initrd, layouts),
		CASE(changes_nothing_else),
		TABLE(judges, refusals),
		CASE(refuses_every_truncation),
	};

	return table_run(tables, array_size(tables));
}
