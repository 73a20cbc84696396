// SPDX-License-Identifier: MIT
/* The archive: its bytes, its limits, and that GNU cpio agrees. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "cvmctl/image/cpio.h"
#include "lib/own.h"

static int add_text(struct cpio *c, const char *path, const char *text)
{
	own_bytes struct bytes content = { 0 };

	assert_int_equal(bytes_copy(text, strlen(text), &content), 0);
	return cpio_add_file(c, path, 0644, &content);
}

/* Fields: number mode uid gid links mtime size, four of devices, name. */
static const char golden[] =
	"070701000000010000218000000000000000000000000112345678"
	"0000000000000000000000000000000500000001"
	"0000000200000000c\0"
	"07070100000002000041ED00000000000000000000000212345678"
	"0000000000000000000000000000000000000000"
	"0000000200000000d\0"
	"07070100000003000081A400000000000000000000000112345678"
	"0000000300000000000000000000000000000000"
	"0000000400000000d/f\0\0\0abc\0"
	"0707010000000000000000000000000000000000000001"
	"0000000000000000000000000000000000000000"
	"00000000"
	"0000000B00000000TRAILER!!!\0\0\0\0";

static void golden_bytes(void **state)
{
	own_cpio struct cpio c = { 0 };
	own_bytes struct bytes archive = { 0 };

	(void)state;
	assert_int_equal(add_text(&c, "d/f", "abc"), 0);
	assert_int_equal(
		cpio_add_device(&c, "c", S_IFCHR | 0600, makedev(5, 1)), 0);
	assert_int_equal(cpio_write(&c, 0x12345678, &archive), 0);
	assert_int_equal(archive.len, sizeof(golden) - 1);
	assert_memory_equal(archive.data, golden, archive.len);
}

static void sorted_whatever_the_order(void **state)
{
	own_cpio struct cpio a = { 0 };
	own_cpio struct cpio b = { 0 };
	own_bytes struct bytes first = { 0 };
	own_bytes struct bytes second = { 0 };

	(void)state;
	assert_int_equal(add_text(&a, "x/y/z", "1"), 0);
	assert_int_equal(add_text(&a, "a", "2"), 0);
	assert_int_equal(cpio_add_dir(&a, "sys"), 0);
	assert_int_equal(cpio_add_dir(&b, "sys"), 0);
	assert_int_equal(add_text(&b, "a", "2"), 0);
	assert_int_equal(cpio_add_dir(&b, "x"), 0);
	assert_int_equal(add_text(&b, "x/y/z", "1"), 0);
	assert_int_equal(cpio_write(&a, 0, &first), 0);
	assert_int_equal(cpio_write(&b, 0, &second), 0);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
}

static const struct {
	const char *path;
	int want;
} paths[] = {
	{ "a", 0 },	     { "a/b", 0 },	    { "", -EINVAL },
	{ "/a", -EINVAL },   { "a/", -EINVAL },	    { "a//b", -EINVAL },
	{ "../a", -EINVAL }, { "a/../b", -EINVAL }, { "./a", -EINVAL },
	{ "a\nb", -EINVAL },
};

static void paths_are_plain(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(paths); i++) {
		own_cpio struct cpio c = { 0 };

		assert_int_equal(add_text(&c, paths[i].path, ""),
				 paths[i].want);
	}
}

static void longest_path_and_one_more(void **state)
{
	own_cpio struct cpio c = { 0 };
	char path[cpio_name_max + 2];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[cpio_name_max + 1] = '\0';
	assert_int_equal(add_text(&c, path, ""), -ENAMETOOLONG);
	path[cpio_name_max] = '\0';
	assert_int_equal(add_text(&c, path, ""), 0);
}

static void repeated_path_is_refused(void **state)
{
	own_cpio struct cpio c = { 0 };

	(void)state;
	assert_int_equal(add_text(&c, "init", "1"), 0);
	assert_int_equal(add_text(&c, "init", "2"), -EEXIST);
	assert_int_equal(c.n, 1);
}

static void most_entries_and_one_more(void **state)
{
	own_cpio struct cpio c = { 0 };
	own_cpio struct cpio read = { 0 };
	own_bytes struct bytes archive = { 0 };
	char path[16];

	(void)state;
	for (unsigned i = 0; i < cpio_entries_max; i++) {
		(void)snprintf(path, sizeof(path), "%u", i);
		assert_int_equal(cpio_add_dir(&c, path), 0);
	}
	assert_int_equal(cpio_add_dir(&c, "more"), -E2BIG);
	assert_int_equal(cpio_write(&c, 0, &archive), 0);
	assert_int_equal(cpio_read(archive.data, archive.len, &read), 0);
	assert_int_equal(read.n, cpio_entries_max);
}

static void make_archive(struct bytes *ret)
{
	own_cpio struct cpio c = { 0 };

	assert_int_equal(add_text(&c, "etc/boot.conf", "[boot]\n"), 0);
	assert_int_equal(add_text(&c, "empty", ""), 0);
	assert_int_equal(cpio_add_device(&c, "dev/console", S_IFCHR | 0600,
					 makedev(5, 1)),
			 0);
	assert_int_equal(cpio_write(&c, 1, ret), 0);
}

static void reads_what_it_wrote(void **state)
{
	own_bytes struct bytes archive = { 0 };
	own_cpio struct cpio c = { 0 };

	(void)state;
	make_archive(&archive);
	assert_int_equal(cpio_read(archive.data, archive.len, &c), 0);
	assert_int_equal(c.n, 5);
	assert_string_equal(c.entry[1].path, "dev/console");
	assert_int_equal(c.entry[1].mode, S_IFCHR | 0600);
	assert_int_equal(c.entry[1].rdev, makedev(5, 1));
	assert_string_equal(c.entry[4].path, "etc/boot.conf");
	assert_string_equal((char *)c.entry[4].content.data, "[boot]\n");
}

/* Every prefix of an archive is refused, and no byte of it is believed. */
static void truncated_and_flipped(void **state)
{
	own_bytes struct bytes archive = { 0 };

	(void)state;
	make_archive(&archive);
	for (size_t len = 0; len < archive.len; len++) {
		own_cpio struct cpio c = { 0 };
		own_bytes struct bytes cut = { 0 };

		assert_int_equal(bytes_copy(archive.data, len, &cut), 0);
		assert_int_equal(cpio_read(cut.data, cut.len, &c), -EINVAL);
	}
	for (size_t at = 0; at < archive.len; at++) {
		own_cpio struct cpio c = { 0 };

		archive.data[at] ^= 0x06;
		(void)cpio_read(archive.data, archive.len, &c);
		archive.data[at] ^= 0x06;
	}
}

static void gnu_cpio_reads_it(void **state)
{
	own_bytes struct bytes archive = { 0 };
	char path[] = "/tmp/cvm-cpio-XXXXXX";
	char command[128];
	char out[256];
	own_fd int fd = mkstemp(path);
	FILE *pipe;
	size_t n;
	int status;

	(void)state;
	make_archive(&archive);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, archive.data, archive.len), archive.len);
	(void)snprintf(command, sizeof(command), "cpio --quiet -t < %s 2>&1",
		       path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	n = fread(out, 1, sizeof(out) - 1, pipe);
	out[n] = '\0';
	status = pclose(pipe);
	(void)unlink(path);
	if (WEXITSTATUS(status) == 127)
		skip();
	assert_string_equal(out, "dev\ndev/console\nempty\netc\n"
				 "etc/boot.conf\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_bytes),
		cmocka_unit_test(sorted_whatever_the_order),
		cmocka_unit_test(paths_are_plain),
		cmocka_unit_test(longest_path_and_one_more),
		cmocka_unit_test(repeated_path_is_refused),
		cmocka_unit_test(most_entries_and_one_more),
		cmocka_unit_test(reads_what_it_wrote),
		cmocka_unit_test(truncated_and_flipped),
		cmocka_unit_test(gnu_cpio_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
