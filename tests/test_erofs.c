// SPDX-License-Identifier: MIT
/*
 * The parts of EROFS that fsck.erofs leaves to us, in an image made by hand:
 * the directory has a file with two attributes and a link. What mkfs.erofs
 * writes is met in qemu-test/test_random.py.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/table.h"

#include "cvmctl/image/erofs.h"
#include "lib/own.h"
#include "tests/tmptree.h"

enum {
	block = 4096,
	image_size = 2 * block,
	super = 1024,
	root_node = 40, /* each is 32 bytes */
	root = root_node * 32,
	entries = root + 64, /* the directory's, behind its inode */
	entries_size = 4 * 12 + 1 + 2 + 4 + 4,
	file_node = 50,
	file = file_node * 32,
	inline_at = file + 32 + 12 + 4, /* behind the one shared number */
	link_node = 60,
	link_at = link_node * 32,
	shared = block + 8,
};

static void put(uint8_t *image, size_t at, unsigned size, uint64_t value)
{
	for (unsigned i = 0; i < size; i++)
		image[at + i] = (uint8_t)(value >> 8 * i);
}

/* name: from the one before it on, "." and ".." too. */
static void put_name(uint8_t *image, unsigned i, unsigned node, unsigned from,
		     const char *name)
{
	put(image, entries + 12 * i, 8, node);
	put(image, entries + 12 * i + 8, 2, from);
	memcpy(image + entries + from, name, strlen(name));
}

static void put_attribute(uint8_t *image, size_t at, unsigned prefix,
			  const char *name, const char *value)
{
	put(image, at, 1, strlen(name));
	put(image, at + 1, 1, prefix);
	put(image, at + 2, 2, strlen(value));
	memcpy(image + at + 4, name, strlen(name));
	memcpy(image + at + 4 + strlen(name), value, strlen(value));
}

static void make_image(uint8_t image[static image_size])
{
	memset(image, 0, image_size);
	put(image, super, 4, 0xe0f5e1e2);
	put(image, super + 12, 1, 12); /* blocks of 4096 */
	put(image, super + 14, 2, root_node);
	put(image, super + 44, 4, 1);	 /* shared attributes */
	put(image, root, 2, 1 | 2 << 1); /* extended, inline */
	put(image, root + 4, 2, S_IFDIR | 0755);
	put(image, root + 8, 8, entries_size);
	put_name(image, 0, root_node, 48, ".");
	put_name(image, 1, root_node, 49, "..");
	put_name(image, 2, file_node, 51, "file");
	put_name(image, 3, link_node, 55, "link");
	put(image, file + 2, 2, 1 + 1 + 4); /* header, shared, inline */
	put(image, file + 4, 2, S_IFREG | 04751);
	put(image, file + 32 + 4, 1, 1);  /* one shared: */
	put(image, file + 32 + 12, 4, 2); /* 8 bytes into them */
	put_attribute(image, inline_at, 4, "one", "1");
	put_attribute(image, inline_at + 8, 6, "ima", "x");
	put_attribute(image, shared, 4, "two", "22");
	put(image, link_at + 4, 2, S_IFLNK | 0777);
}

/* As fsck.erofs of Debian 12 would leave it. */
static void make_tree(struct tree *t)
{
	tree_make(t);
	tree_file(t, "file", 0751, "");
	tree_link(t, "link", "file");
}

static void expect_attribute(const struct tree *t, const char *name,
			     const char *want)
{
	char path[PATH_MAX];
	char value[16] = "";

	(void)snprintf(path, sizeof(path), "%s/file", t->path);
	assert_int_equal(getxattr(path, name, value, sizeof(value) - 1),
			 want ? (int)strlen(want) : -1);
	if (want)
		assert_string_equal(value, want);
}

static void completes(void **state)
{
	uint8_t image[image_size];
	struct fail f = { 0 };
	struct stat st;
	struct tree t;

	(void)state;
	if (geteuid() != 0) /* trusted.* is root's */
		skip();
	make_image(image);
	make_tree(&t);
	assert_int_equal(
		erofs_complete(image, sizeof(image), "root.img", t.fd, &f), 0);
	assert_int_equal(fstatat(t.fd, "file", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 04751);
	expect_attribute(&t, "trusted.one", "1");
	expect_attribute(&t, "trusted.two", "22");
	expect_attribute(&t, "security.ima", NULL);
	tree_remove(&t);
}

#define DAMAGED                                                             \
	"cannot read the file system in root.img: it is not as mkfs.erofs " \
	"writes it; build the image again"

static const struct refusal {
	const char *name;
	size_t at;
	unsigned size;
	uint64_t value;
	const char *line;
} refusals[] = {
	{ "another magic", super, 4, 1, DAMAGED },
	{ "blocks of 256", super + 12, 1, 8, DAMAGED },
	{ "blocks of 128 KiB", super + 12, 1, 17, DAMAGED },
	{ "the root outside", super + 14, 2, 0xffff, DAMAGED },
	{ "all nodes outside", super + 40, 4, 0xffffffff, DAMAGED },
	{ "a compressed directory", root, 2, 1 | 1 << 1, DAMAGED },
	{ "a directory without its end", root + 8, 8, UINT64_MAX, DAMAGED },
	{ "a directory of one byte", root + 8, 8, 1, DAMAGED },
	{ "blocks of a directory outside", root, 2, 1, DAMAGED },
	{ "no names", entries + 8, 2, 0, DAMAGED },
	{ "more names than bytes", entries + 8, 2, 0x7ff8, DAMAGED },
	{ "a name before the one before", entries + 12 * 3 + 8, 2, 50,
	  DAMAGED },
	{ "a name outside", entries + 12 * 3 + 8, 2, entries_size + 1,
	  DAMAGED },
	{ "an empty name", entries + 12 * 3 + 8, 2, 51, DAMAGED },
	{ "a path", entries + 52, 1, '/', DAMAGED },
	{ "a node outside", entries + 12 * 2, 8, UINT64_MAX, DAMAGED },
	{ "a file that is the directory", entries + 12 * 2, 8, root_node,
	  DAMAGED },
	{ "more attributes than bytes", file + 2, 2, 0xffff, DAMAGED },
	{ "more shared ones than room", file + 32 + 4, 1, 10, DAMAGED },
	{ "a shared one outside", file + 32 + 12, 4, 0xffffffff, DAMAGED },
	{ "an unknown prefix", inline_at + 1, 1, 7, DAMAGED },
	{ "a prefix of Lustre", inline_at + 1, 1, 5, DAMAGED },
	{ "a long prefix", inline_at + 1, 1, 0x80, DAMAGED },
	{ "a name without its end", inline_at, 1, 255, DAMAGED },
	{ "a value without its end", inline_at + 2, 2, 0xffff, DAMAGED },
	{ "another file", entries + 51, 1, 'g',
	  "cannot set the mode of gile, extracted: No such file or directory; "
	  "give --root" },
	{ "a user's attribute of a link", entries + 12 * 3, 8, file_node,
	  "cannot set attribute user.one of link, extracted: Operation not "
	  "permitted; give --root" },
};

static void refuses(void **state)
{
	const struct refusal *c = *state;
	uint8_t image[image_size];
	char line[fail_line_max];
	struct fail f = { 0 };
	struct tree t;

	if (geteuid() != 0)
		skip();
	make_image(image);
	put(image, c->at, c->size, c->value);
	if (strstr(c->line, "user.one")) {
		put(image, inline_at + 1, 1, 1);
		put(image, file + 4, 2, S_IFLNK | 0777);
		put(image, file + 32 + 12, 4, 0);
		put_attribute(image, block, 6, "ima", "");
	}
	make_tree(&t);
	assert_true(erofs_complete(image, sizeof(image), "root.img", t.fd, &f) <
		    0);
	(void)snprintf(line, sizeof(line), "cannot %s: %s; %s", f.what,
		       f.reason, f.remedy);
	assert_string_equal(line, c->line);
	tree_remove(&t);
}

/* Whatever is missing at its end. */
static void cut_short(void **state)
{
	uint8_t image[image_size];
	struct tree t;

	(void)state;
	if (geteuid() != 0)
		skip();
	make_image(image);
	make_tree(&t);
	for (size_t len = 0; len < shared + 4 + 3 + 2; len++) {
		struct fail f = { 0 };
		uint8_t *copy = malloc(len ? len : 1); /* for ASan */

		memcpy(copy, image, len);
		assert_true(erofs_complete(copy, len, "root.img", t.fd, &f) <
			    0);
		free(copy);
	}
	tree_remove(&t);
}

int main(void)
{
	const struct table tables[] = { CASE(completes),
					TABLE(refuses, refusals),
					CASE(cut_short) };

	return table_run(tables, array_size(tables));
}
