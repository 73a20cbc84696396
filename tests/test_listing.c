// SPDX-License-Identifier: MIT
/* The canonical listing: its exact text, and trees made to confuse it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/own.h"
#include "seal/measure/listing.h"
#include "tests/tmptree.h"

#define REMEDY "check [app web] in apps.conf"
#define EMPTY_SHA256 \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC_SHA256 \
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ZEROS_SHA256 \
	"d2ee4703cd9698945ca7b9fe1689ea3095597eac1a0afd8dba00cac7894fdc43"

static int make_tree(void **state)
{
	static struct tree t;

	tree_make(&t);
	assert_int_equal(fchmod(t.fd, 0755), 0);
	*state = &t;
	return 0;
}

static int remove_tree(void **state)
{
	tree_remove(*state);
	return 0;
}

static int write_listing(struct tree *t, struct bytes *ret, struct fail *f)
{
	const struct listed what = { .fd = t->fd,
				     .name = "/app",
				     .remedy = REMEDY,
				     .head = LISTING_HEAD };

	return listing_write(&what, ret, f);
}

/* The lines after the first, each "type mode content path", ids checked. */
static void expect_lines(struct tree *t, const char *const *want)
{
	own_bytes struct bytes listing = { 0 };
	struct fail f = { 0 };
	char *line;
	char *save = NULL;
	char ids[64];

	assert_int_equal(write_listing(t, &listing, &f), 0);
	line = strtok_r((char *)listing.data, "\n", &save);
	assert_string_equal(line, "cvm-init listing 2");
	(void)snprintf(ids, sizeof(ids), "\t%u\t%u\t", getuid(), getgid());
	for (; *want; want++) {
		char got[512];
		char *at;

		line = strtok_r(NULL, "\n", &save);
		assert_non_null(line);
		at = strstr(line, ids);
		assert_non_null(at);
		*at = '\0';
		(void)snprintf(got, sizeof(got), "%s\t%s", line,
			       at + strlen(ids));
		assert_string_equal(got, *want);
	}
	assert_null(strtok_r(NULL, "\n", &save));
}

static void expect_refusal(struct tree *t, const char *want)
{
	own_bytes struct bytes listing = { 0 };
	char line[fail_line_max];
	struct fail f = { 0 };

	assert_true(write_listing(t, &listing, &f) < 0);
	assert_null(listing.data);
	fail_format(&f, "init", "measure", line, sizeof(line));
	assert_string_equal(line, want);
}

static void empty_directory(void **state)
{
	static const char *const want[] = { "d\t0755\t-\t.", NULL };

	expect_lines(*state, want);
}

static void files_links_and_directories(void **state)
{
	static const char *const want[] = {
		"d\t0755\t-\t.",
		"l\t0777\t/etc/passwd\tabsolute",
		"f\t0644\t" EMPTY_SHA256 "\tempty",
		"d\t0755\t-\tlib",
		"f\t4755\t" ABC_SHA256 "\tlib/abc",
		"l\t0777\tself\tself",
		NULL,
	};
	struct tree *t = *state;

	tree_dir(t, "lib");
	tree_file(t, "lib/abc", 04755, "abc");
	tree_file(t, "empty", 0644, "");
	tree_link(t, "absolute", "/etc/passwd");
	tree_link(t, "self", "self");
	expect_lines(t, want);
}

/* By bytes of the whole path: '-' and '.' come before '/', 0xff at the end. */
static void sorted_by_bytes_of_the_path(void **state)
{
	static const char *const want[] = {
		"d\t0755\t-\t.",
		"f\t0644\t" EMPTY_SHA256 "\t-",
		"f\t0644\t" EMPTY_SHA256 "\tB",
		"d\t0755\t-\ta",
		"f\t0644\t" EMPTY_SHA256 "\ta-b",
		"f\t0644\t" EMPTY_SHA256 "\ta.b",
		"f\t0644\t" EMPTY_SHA256 "\ta/b",
		"f\t0644\t" EMPTY_SHA256 "\ta0",
		"f\t0644\t" EMPTY_SHA256 "\t\\xff",
		NULL,
	};
	struct tree *t = *state;

	tree_dir(t, "a");
	tree_file(t, "a/b", 0644, "");
	tree_file(t, "a0", 0644, "");
	tree_file(t, "a.b", 0644, "");
	tree_file(t, "\377", 0644, "");
	tree_file(t, "B", 0644, "");
	tree_file(t, "a-b", 0644, "");
	tree_file(t, "-", 0644, "");
	expect_lines(t, want);
}

/* Every byte a name may have; no name can forge a line or a field. */
static void names_of_any_byte(void **state)
{
	struct tree *t = *state;
	own_bytes struct bytes listing = { 0 };
	struct fail f = { 0 };
	size_t lines = 0;

	for (int c = 1; c < 256; c++) {
		char name[3] = { 'x', (char)c, '\0' };

		if (c != '/')
			tree_link(t, name, name);
	}
	assert_int_equal(write_listing(t, &listing, &f), 0);
	for (size_t i = 0; i < listing.len; i++) {
		lines += listing.data[i] == '\n';
		assert_true(listing.data[i] == '\n' ||
			    listing.data[i] == '\t' ||
			    (listing.data[i] >= ' ' && listing.data[i] < 127));
	}
	assert_int_equal(lines, 2 + 254);
	assert_non_null(strstr((char *)listing.data, "\tx\\x0a\tx\\x0a\n"));
	assert_non_null(strstr((char *)listing.data, "\tx\\\\\tx\\\\\n"));
}

static void hard_links_are_two_files(void **state)
{
	static const char *const want[] = {
		"d\t0755\t-\t.",
		"f\t0644\t" ABC_SHA256 "\tone",
		"f\t0644\t" ABC_SHA256 "\ttwo",
		NULL,
	};
	struct tree *t = *state;

	tree_file(t, "one", 0644, "abc");
	assert_int_equal(linkat(t->fd, "one", t->fd, "two", 0), 0);
	expect_lines(t, want);
}

/* Nine megabytes of nothing: what is hashed is what a reader gets. */
static void sparse_file_is_its_zeros(void **state)
{
	static const char *const want[] = {
		"d\t0755\t-\t.",
		"f\t0644\t" ZEROS_SHA256 "\thole",
		NULL,
	};
	struct tree *t = *state;
	own_fd int fd = -1;

	tree_file(t, "hole", 0644, "");
	fd = openat(t->fd, "hole", O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, 9 << 20), 0);
	expect_lines(t, want);
}

static void fifo_is_refused(void **state)
{
	struct tree *t = *state;

	tree_dir(t, "d");
	assert_int_equal(mkfifoat(t->fd, "d/f", 0600), 0);
	expect_refusal(t, "init: measure: cannot measure /app/d/f: it is a "
			  "fifo; " REMEDY);
}

static void socket_is_refused(void **state)
{
	struct tree *t = *state;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	own_fd int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/s",
		       t->fd);
	assert_int_equal(bind(s, (struct sockaddr *)&at, sizeof(at)), 0);
	expect_refusal(t, "init: measure: cannot measure /app/s: it is a "
			  "socket; " REMEDY);
}

/* Device 0:0, by which overlayfs marks what is deleted, needs no rights. */
static void whiteout_is_refused(void **state)
{
	struct tree *t = *state;

	if (mknodat(t->fd, "gone", S_IFCHR | 0644, makedev(0, 0)) < 0)
		skip();
	expect_refusal(t, "init: measure: cannot measure /app/gone: it is a "
			  "whiteout of overlayfs; " REMEDY);
}

static void devices_are_refused(void **state)
{
	struct tree *t = *state;

	if (mknodat(t->fd, "null", S_IFCHR | 0644, makedev(1, 3)) < 0)
		skip();
	expect_refusal(t, "init: measure: cannot measure /app/null: it is a "
			  "character device; " REMEDY);
	assert_int_equal(unlinkat(t->fd, "null", 0), 0);
	assert_int_equal(mknodat(t->fd, "disk", S_IFBLK | 0644, makedev(7, 0)),
			 0);
	expect_refusal(t, "init: measure: cannot measure /app/disk: it is a "
			  "block device; " REMEDY);
}

/* n directories inside each other. */
static void make_deep(struct tree *t, unsigned n)
{
	char path[PATH_MAX] = "";

	while (n--) {
		(void)strcat(path, *path ? "/d" : "d");
		tree_dir(t, path);
	}
}

static void deepest_tree(void **state)
{
	own_bytes struct bytes listing = { 0 };
	struct tree *t = *state;
	struct fail f = { 0 };

	make_deep(t, listing_depth_max);
	assert_int_equal(write_listing(t, &listing, &f), 0);
}

static void too_deep_tree(void **state)
{
	make_deep(*state, listing_depth_max + 1);
	expect_refusal(*state, "init: measure: cannot measure /app: its "
			       "directories are too deep; measure smaller "
			       "directories");
}

/* Directories with names of 200 bytes, down to a path of length bytes. */
static void make_long(struct tree *t, size_t length)
{
	enum { step = 200 };
	char name[step + 1];
	int fd = dup(t->fd);

	memset(name, 'n', step);
	while (length) {
		size_t len = length > step ? step : length;
		int next;

		name[len] = '\0';
		tree_check(mkdirat(fd, name, 0755) == 0, "mkdirat");
		next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void)close(fd);
		fd = next;
		length -= len == length ? len : len + 1;
	}
	(void)close(fd);
}

/* By their paths: what does not fit one is too long for a path. */
static void remove_long(struct tree *t)
{
	char command[PATH_MAX];

	(void)snprintf(command, sizeof(command), "rm -r %s/n*", t->path);
	assert_int_equal(system(command), 0);
}

static void longest_path(void **state)
{
	own_bytes struct bytes listing = { 0 };
	struct tree *t = *state;
	struct fail f = { 0 };
	size_t last;

	make_long(t, PATH_MAX - 1);
	assert_int_equal(write_listing(t, &listing, &f), 0);
	last = (size_t)(strrchr((char *)listing.data, '\t') -
			(char *)listing.data);
	assert_int_equal(listing.len - last - 2, PATH_MAX - 1);
	remove_long(t);
}

static void too_long_path(void **state)
{
	struct tree *t = *state;

	make_long(t, PATH_MAX);
	expect_refusal(t, "init: measure: cannot measure /app: it holds a path "
			  "of over 4095 bytes; measure smaller directories");
	remove_long(t);
}

static void most_entries_and_one_more(void **state)
{
	struct tree *t = *state;
	char name[16];

	/* the directory itself is an entry */
	for (unsigned i = 1; i < listing_entries_max; i++) {
		(void)snprintf(name, sizeof(name), "%u", i);
		if (i == 1)
			tree_link(t, name, "x");
		else if (i % 20000 == 0)
			tree_dir(t, name);
		else
			tree_check(linkat(t->fd, "1", t->fd, name, 0) == 0 ||
					   symlinkat("x", t->fd, name) == 0,
				   name);
	}
	{
		own_bytes struct bytes listing = { 0 };
		struct fail f = { 0 };

		assert_int_equal(write_listing(t, &listing, &f), 0);
	}
	tree_link(t, "more", "x");
	expect_refusal(t, "init: measure: cannot measure /app: it holds too "
			  "many files; measure smaller directories");
}

#define tree_test(name) \
	cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		tree_test(empty_directory),
		tree_test(files_links_and_directories),
		tree_test(sorted_by_bytes_of_the_path),
		tree_test(names_of_any_byte),
		tree_test(hard_links_are_two_files),
		tree_test(sparse_file_is_its_zeros),
		tree_test(fifo_is_refused),
		tree_test(socket_is_refused),
		tree_test(whiteout_is_refused),
		tree_test(devices_are_refused),
		tree_test(deepest_tree),
		tree_test(too_deep_tree),
		tree_test(longest_path),
		tree_test(too_long_path),
		tree_test(most_entries_and_one_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
