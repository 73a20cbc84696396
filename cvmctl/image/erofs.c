// SPDX-License-Identifier: MIT
/* See erofs.h. All numbers are little-endian; names are those of erofs_fs.h. */
#include "cvmctl/image/erofs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/own.h"

enum {
	super_at = 1024,
	super_size = 128,
	slot_size = 32, /* of a compact inode, and the unit of node numbers */
	extended_size = 64,
	layout_plain = 0, /* i_format, bits 1 to 3 */
	layout_inline = 2,
	dirent_size = 12,
	header_size = 12, /* erofs_xattr_ibody_header */
	entry_size = 4,	  /* erofs_xattr_entry, and a shared one's number */
};

static const uint32_t magic = 0xe0f5e1e2;

/* e_name_index */
static const char *const prefixes[] = {
	NULL,
	"user.",
	"system.posix_acl_access",
	"system.posix_acl_default",
	"trusted.",
	NULL,
	"security.",
};

/* len bytes of the image, or NULL if it does not have them. */
static const uint8_t *bytes_at(const struct erofs *e, uint64_t at, uint64_t len)
{
	return at <= e->len && len <= e->len - at ? e->data + at : NULL;
}

static uint16_t get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get_u32(const uint8_t *p)
{
	return get_u16(p) | (uint32_t)get_u16(p + 2) << 16;
}

static uint64_t get_u64(const uint8_t *p)
{
	return get_u32(p) | (uint64_t)get_u32(p + 4) << 32;
}

int erofs_open(const void *data, size_t len, struct erofs *ret)
{
	struct erofs e = { .data = data, .len = len };
	const uint8_t *super = bytes_at(&e, super_at, super_size);

	/* blocks of 512 bytes to 64 KiB */
	if (!super || get_u32(super) != magic || super[12] < 9 ||
	    super[12] > 16)
		return -EINVAL;
	e.block_size = UINT64_C(1) << super[12];
	e.root = get_u16(super + 14);
	e.nodes = get_u32(super + 40) * e.block_size;
	e.attributes = get_u32(super + 44) * e.block_size;
	*ret = e;
	return 0;
}

int erofs_read_node(const struct erofs *e, uint64_t number,
		    struct erofs_node *ret)
{
	/* no image has so many that this would be too large */
	uint64_t at = e->nodes + number * slot_size;
	const uint8_t *inode =
		number < e->len ? bytes_at(e, at, slot_size) : NULL;
	bool is_extended = inode && inode[0] & 1;
	size_t size = is_extended ? extended_size : slot_size;
	struct erofs_node n = { 0 };
	unsigned layout;

	if (!inode || !bytes_at(e, at, size))
		return -EINVAL;
	layout = inode[0] >> 1 & 7;
	n.mode = get_u16(inode + 4);
	n.size = is_extended ? get_u64(inode + 8) : get_u32(inode + 8);
	n.data = get_u32(inode + 16) * e->block_size;
	n.attributes = at + size;
	if (get_u16(inode + 2))
		n.attributes_size =
			header_size + (get_u16(inode + 2) - 1U) * entry_size;
	if (layout == layout_inline)
		n.tail = n.attributes + n.attributes_size;
	/* the data of files are not read here, whatever their layout */
	if (S_ISDIR(n.mode) && layout != layout_inline &&
	    layout != layout_plain)
		return -EINVAL;
	*ret = n;
	return 0;
}

/* A name of len bytes, of which the image may say anything. */
static bool take_name(const uint8_t *name, size_t len, bool is_path,
		      char ret[static erofs_name_max + 1])
{
	len = strnlen((const char *)name, len);
	if (len == 0 || len > erofs_name_max ||
	    (is_path && memchr(name, '/', len)))
		return false;
	memcpy(ret, name, len);
	ret[len] = '\0';
	return true;
}

/* One block of a directory, or its last part. */
static int list_block(const uint8_t *block, size_t size, erofs_see_name *see,
		      void *arg)
{
	size_t first = size < dirent_size ? 0 : get_u16(block + 8);
	size_t n = first / dirent_size;
	int r = 0;

	if (n == 0 || first > size)
		return -EINVAL;
	for (size_t i = 0; r == 0 && i < n; i++) {
		const uint8_t *entry = block + i * dirent_size;
		size_t from = get_u16(entry + 8);
		size_t to = i + 1 < n ? get_u16(entry + dirent_size + 8) : size;
		char name[erofs_name_max + 1];

		if (from > to || to > size ||
		    !take_name(block + from, to - from, true, name))
			return -EINVAL;
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			r = see(name, get_u64(entry), arg);
	}
	return r;
}

int erofs_list(const struct erofs *e, const struct erofs_node *dir,
	       erofs_see_name *see, void *arg)
{
	uint64_t left = dir->size;
	uint64_t at = dir->data;
	int r = 0;

	for (; r == 0 && left; at += e->block_size) {
		uint64_t size = left < e->block_size ? left : e->block_size;
		bool is_tail = dir->tail && left < e->block_size;
		const uint8_t *block =
			bytes_at(e, is_tail ? dir->tail : at, size);

		if (!block)
			return -EINVAL;
		r = list_block(block, (size_t)size, see, arg);
		left -= size;
	}
	return r;
}

/* One attribute at p, of which there are size bytes; ret_used: with padding. */
static int see_entry(const uint8_t *p, uint64_t size, erofs_see_attribute *see,
		     void *arg, size_t *ret_used)
{
	char name[32 + erofs_name_max + 1];
	char rest[erofs_name_max + 1] = "";
	size_t name_len = size < entry_size ? 0 : p[0];
	size_t value_len = size < entry_size ? 0 : get_u16(p + 2);
	size_t used = entry_size + name_len + value_len;

	if (used > size || p[1] >= array_size(prefixes) || !prefixes[p[1]] ||
	    (name_len && !take_name(p + entry_size, name_len, false, rest)))
		return -EINVAL;
	(void)snprintf(name, sizeof(name), "%s%s", prefixes[p[1]],
		       rest); /* fits */
	*ret_used = (used + 3) / 4 * 4;
	return see(name, p + entry_size + name_len, value_len, arg);
}

static int see_shared(const struct erofs *e, uint32_t number,
		      erofs_see_attribute *see, void *arg)
{
	uint64_t at = e->attributes + (uint64_t)number * entry_size;
	uint64_t size = at < e->len ? e->len - at : 0;
	size_t used;

	return size ? see_entry(e->data + at, size, see, arg, &used) : -EINVAL;
}

int erofs_list_attributes(const struct erofs *e, const struct erofs_node *node,
			  erofs_see_attribute *see, void *arg)
{
	size_t size = node->attributes_size;
	const uint8_t *p = size ? bytes_at(e, node->attributes, size) : NULL;
	size_t at = header_size;
	int r = 0;

	if (!p)
		return size ? -EINVAL : 0;
	for (unsigned left = p[4]; r == 0 && left; left--, at += entry_size)
		r = at + entry_size > size
			    ? -EINVAL
			    : see_shared(e, get_u32(p + at), see, arg);
	while (r == 0 && at < size) {
		size_t used = 0;

		r = see_entry(p + at, size - at, see, arg, &used);
		at += used;
	}
	return r;
}
