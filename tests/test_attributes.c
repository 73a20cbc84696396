// SPDX-License-Identifier: MIT
/*
 * Extended attributes in listings. What the test may not set is skipped: most
 * of it needs root, and user.* on tmpfs Linux 6.6.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/own.h"
#include "seal/measure/attributes.h"
#include "tests/tmptree.h"

/* cap_net_raw+ep: struct vfs_cap_data of linux/capability.h, version 2 */
#define CAPABILITY                         \
	"\001\000\000\002\000\040\000\000" \
	"\000\000\000\000\000\000\000\000" \
	"\000\000\000\000"
#define CAPABILITY_HEX "0100000200200000000000000000000000000000"
/* user::rw-, user:1234:r--, group::r--, mask::r--, other::--- */
#define ACL                \
	"\002\000\000\000" \
	"\001\000\006\000" \
	"\377\377\377\377" \
	"\002\000\004\000" \
	"\322\004\000\000" \
	"\004\000\004\000" \
	"\377\377\377\377" \
	"\020\000\004\000" \
	"\377\377\377\377" \
	"\040\000\000\000" \
	"\377\377\377\377"
#define ACL_HEX                                                              \
	"0200000001000600ffffffff02000400d204000004000400ffffffff10000400ff" \
	"ffffff20000000ffffffff"

enum { attributes_max = 4 };

struct attribute {
	const char *name;
	const char *value;
	size_t len;
};

#define TEXT(text) text, sizeof(text) - 1

static const struct file {
	const char *name;
	struct attribute attribute[attributes_max];
	const char *want; /* lines with the path "a file" */
	const char *refusal;
} files[] = {
	{ "none", { { 0 } }, "", NULL },
	{ "capability",
	  { { "security.capability", TEXT(CAPABILITY) } },
	  "x\tsecurity.capability\t" CAPABILITY_HEX "\ta file\n",
	  NULL },
	{ "ACL",
	  { { "system.posix_acl_access", TEXT(ACL) } },
	  "x\tsystem.posix_acl_access\t" ACL_HEX "\ta file\n",
	  NULL },
	{ "sorted by the bytes of the name",
	  { { "user.a.b", TEXT("1") },
	    { "user.a", TEXT("2") },
	    { "user.a-b", TEXT("3") },
	    { "trusted.z", TEXT("4") } },
	  "x\ttrusted.z\t34\ta file\n"
	  "x\tuser.a\t32\ta file\n"
	  "x\tuser.a-b\t33\ta file\n"
	  "x\tuser.a.b\t31\ta file\n",
	  NULL },
	{ "names and values of any byte",
	  { { "user.a\tb\nc\\d\377", TEXT("\000\n\377") },
	    { "user.empty", TEXT("") } },
	  "x\tuser.a\\x09b\\x0ac\\\\d\\xff\t000aff\ta file\n"
	  "x\tuser.empty\t-\ta file\n",
	  NULL },
	{ "left out",
	  { { "security.selinux", TEXT("system_u:object_r:bin_t:s0") },
	    { "security.SMACK64EXEC", TEXT("_") },
	    { "security.ima", TEXT("\001") },
	    { "security.evm", TEXT("\001") } },
	  "",
	  NULL },
	{ "only nearly left out",
	  { { "security.imagined", TEXT("i") },
	    { "trusted.overlay", TEXT("o") } },
	  "x\tsecurity.imagined\t69\ta file\n"
	  "x\ttrusted.overlay\t6f\ta file\n",
	  NULL },
	{ "opaque",
	  { { "trusted.overlay.opaque", TEXT("y") } },
	  "",
	  "it has attributes of a layer of overlayfs" },
};

/* False if this user or file system cannot have it. */
static bool set_all(int fd, const struct attribute *list)
{
	for (size_t i = 0; i < attributes_max && list[i].name; i++)
		if (fsetxattr(fd, list[i].name, list[i].value, list[i].len, 0))
			return false;
	return true;
}

static bool check_file(struct tree *t, const struct file *c)
{
	own_fd int fd = -1;

	tree_file(t, "f", 0644, "");
	fd = openat(t->fd, "f", O_WRONLY | O_CLOEXEC);
	if (!set_all(fd, c->attribute))
		return false;
	for (int by_fd = 0; by_fd < 2; by_fd++) {
		own_fd int found = openat(t->fd, "f", O_PATH | O_CLOEXEC);
		own_text struct text lines = { 0 };
		const char *refusal = NULL;
		int r = attributes_add(by_fd ? found : t->fd,
				       by_fd ? NULL : "f", "a file", &lines,
				       &refusal);

		if (r != (c->refusal ? -EINVAL : 0) ||
		    strcmp(lines.s ? lines.s : "", c->want) != 0 ||
		    strcmp(refusal ? refusal : "",
			   c->refusal ? c->refusal : "") != 0)
			fail_msg("%s: %d %s%s", c->name, r, lines.s, refusal);
	}
	assert_int_equal(unlinkat(t->fd, "f", 0), 0);
	return true;
}

static void attributes_of_files(void **state)
{
	size_t skipped = 0;

	(void)state;
	for (size_t i = 0; i < array_size(files); i++) {
		struct tree t;

		tree_make(&t);
		if (!check_file(&t, &files[i]))
			skipped++;
		tree_remove(&t);
	}
	if (skipped)
		skip();
}

/* Its own, not those of what it leads to. */
static void attributes_of_a_link(void **state)
{
	own_text struct text lines = { 0 };
	const char *refusal = NULL;
	char path[PATH_MAX];
	struct tree t;
	bool can;

	(void)state;
	tree_make(&t);
	tree_file(&t, "f", 0644, "");
	tree_link(&t, "l", "f");
	(void)snprintf(path, sizeof(path), "%s/l", t.path);
	can = setxattr(path, "trusted.file", "f", 1, 0) == 0 &&
	      lsetxattr(path, "trusted.link", "l", 1, 0) == 0;
	if (can) {
		assert_int_equal(
			attributes_add(t.fd, "l", "l", &lines, &refusal), 0);
		assert_string_equal(lines.s, "x\ttrusted.link\t6c\tl\n");
	}
	tree_remove(&t);
	if (!can)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes_of_files),
		cmocka_unit_test(attributes_of_a_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
