// SPDX-License-Identifier: MIT
/*
 * See qemu-kernel.h. The fields are those of the setup header
 * (Documentation/arch/x86/boot.rst); what QEMU writes into them is in its
 * x86_load_linux, and the memory below 4 GiB in its pc_piix.c and pc_q35.c.
 */
#include "cvmctl/predict/qemu-kernel.h"

#include <errno.h>
#include <string.h>

enum {
	setup_sects_at = 0x1f1,
	magic_at = 0x202, /* "HdrS" */
	version_at = 0x206,
	loader_type_at = 0x210,
	load_flags_at = 0x211,
	initrd_address_at = 0x218,
	initrd_size_at = 0x21c,
	heap_end_at = 0x224,
	cmdline_address_at = 0x228,
	initrd_max_at = 0x22c,
	xload_flags_at = 0x236,
	header_end = 0x268,

	loaded_high = 0x01,  /* load_flags */
	can_use_heap = 0x80, /* load_flags */
	above_4g = 0x02,     /* xload_flags */
	qemu_loader = 0xb0,  /* loader_type */
	cmdline_address = 0x20000,
	setup_address = 0x10000,
	acpi_size = 0x28000, /* which QEMU keeps free at the top */
	setup_sects_default = 4,
	sector_size = 512,
	page_size = 4096,
};

static uint16_t get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static void put_u16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)v;
	at[1] = (uint8_t)(v >> 8);
}

static void put_u32(uint8_t *at, uint32_t v)
{
	put_u16(at, v);
	put_u16(at + 2, v >> 16);
}

static uint64_t memory_below_4g(const struct qemu_machine *m)
{
	uint64_t most = m->q35 ? 0xb0000000 : 0xe0000000;

	if (m->memory_bytes >= most)
		return m->q35 ? 0x80000000 : 0xc0000000;
	return m->memory_bytes;
}

/* The address behind the last byte that an initrd may have, less one. */
static uint64_t initrd_max(const uint8_t *header, uint16_t version,
			   const struct qemu_machine *m)
{
	uint64_t top = memory_below_4g(m);
	uint64_t max = get_u16(header + initrd_max_at) |
		       (uint64_t)get_u16(header + initrd_max_at + 2) << 16;

	if (version >= 0x20c && get_u16(header + xload_flags_at) & above_4g)
		max = UINT32_MAX;
	if (top <= acpi_size)
		return 0;
	return max >= top - acpi_size ? top - acpi_size - 1 : max;
}

static int patch_header(uint8_t *header, uint64_t initrd_size,
			const struct qemu_machine *m)
{
	uint16_t version = get_u16(header + version_at);
	uint64_t max = initrd_max(header, version, m);

	/* 2.03, of 2.4.18, brought the limit of the initrd */
	if (version < 0x203 || !(header[load_flags_at] & loaded_high))
		return -EINVAL;
	put_u32(header + cmdline_address_at, cmdline_address);
	header[loader_type_at] = qemu_loader;
	header[load_flags_at] |= can_use_heap;
	put_u16(header + heap_end_at, cmdline_address - setup_address - 0x200);
	if (initrd_size >= max)
		return -EFBIG;
	if (initrd_size) {
		uint64_t start =
			(max - initrd_size) & ~(uint64_t)(page_size - 1);

		put_u32(header + initrd_address_at, (uint32_t)start);
		put_u32(header + initrd_size_at, (uint32_t)initrd_size);
	}
	return 0;
}

int qemu_patch_kernel(struct bytes *kernel, const char *cmdline,
		      uint64_t initrd_size, const struct qemu_machine *m)
{
	uint8_t *header = kernel->data;
	size_t sectors;

	if (kernel->len < header_end ||
	    memcmp(header + magic_at, "HdrS", 4) != 0)
		return -EINVAL;
	sectors = header[setup_sects_at] ? header[setup_sects_at]
					 : setup_sects_default;
	if ((sectors + 1) * sector_size > kernel->len)
		return -EINVAL;
	/* QEMU would put its number into the header */
	if (strstr(cmdline, "vga="))
		return -ENOTSUP;
	return patch_header(header, initrd_size, m);
}
