// SPDX-License-Identifier: MIT
/* Bounded input, complete output, and opening below a root. */
#include "lib/io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/own.h"
#include "tests/table.h"
#include "tests/tmptree.h"

static struct tree tree; /* one for the program: cmocka owns *state */

static const struct read_case {
	const char *name;
	size_t size;
	size_t max;
	int result;
} reads[] = {
	{ "empty", 0, 10, 0 },
	{ "empty, nothing allowed", 0, 0, 0 },
	{ "one byte, nothing allowed", 1, 0, -EFBIG },
	{ "below the maximum", 9, 10, 0 },
	{ "at the maximum", 10, 10, 0 },
	{ "over the maximum", 11, 10, -EFBIG },
	{ "first step exactly", 65535, 1 << 20, 0 },
	{ "first step and one", 65536, 1 << 20, 0 },
	{ "at a large maximum", 1 << 20, 1 << 20, 0 },
	{ "over a large maximum", (1 << 20) + 1, 1 << 20, -EFBIG },
	{ "endless maximum", 0, SIZE_MAX, -EINVAL },
};

static void reads_within_bounds(void **state)
{
	const struct read_case *c = *state;
	own_fd int fd = memfd_create("test", MFD_CLOEXEC);
	own_free char *data = malloc(c->size + 1);
	own_bytes struct bytes b = { 0 };

	memset(data, 'a', c->size + 1);
	assert_int_equal(io_write_all(fd, data, c->size), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_fd(fd, c->max, &b), c->result);
	if (c->result) {
		assert_null(b.data);
		return;
	}
	assert_int_equal(b.len, c->size);
	assert_memory_equal(b.data, data, c->size);
	assert_int_equal(b.data[b.len], 0);
}

/* A size of zero is what procfs claims; only reading tells. */
static void reads_what_has_no_size(void **state)
{
	own_bytes struct bytes b = { 0 };

	(void)state;
	assert_int_equal(io_read_file(AT_FDCWD, "/dev/null", 10, &b), 0);
	assert_int_equal(b.len, 0);
	bytes_free(&b);
	assert_int_equal(io_read_file(AT_FDCWD, "/dev/zero", 100000, &b),
			 -EFBIG);
	assert_int_equal(io_read_file(AT_FDCWD, "/proc/self/stat", 4096, &b),
			 0);
	assert_true(b.len > 0);
}

static void reads_a_pipe_in_pieces(void **state)
{
	own_bytes struct bytes b = { 0 };
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(io_write_all(ends[1], "one ", 4), 0);
	assert_int_equal(io_write_all(ends[1], "two", 3), 0);
	(void)close(ends[1]);
	assert_int_equal(io_read_fd(ends[0], 10, &b), 0);
	assert_string_equal((char *)b.data, "one two");
	(void)close(ends[0]);
}

static void reports_unreadable(void **state)
{
	own_bytes struct bytes b = { 0 };
	char line[8];

	(void)state;
	assert_int_equal(io_read_file(tree.fd, "none", 10, &b), -ENOENT);
	assert_int_equal(io_read_file(AT_FDCWD, "/", 10, &b), -EISDIR);
	assert_int_equal(io_read_fd(-1, 10, &b), -EBADF);
	assert_int_equal(io_read_line(tree.fd, "none", line, 8), -ENOENT);
	assert_int_equal(io_read_line(AT_FDCWD, "/", line, 8), -EISDIR);
	assert_null(b.data);
}

static const struct line_case {
	const char *text;
	int result;
	const char *want;
} lines[] = {
	{ "", 0, "" },
	{ "\n", 0, "" },
	{ "abc\n", 0, "abc" },
	{ "abc", 0, "abc" },
	{ "123456\n", 0, "123456" },
	{ "1234567", 0, "1234567" },
	{ "1234567\n", -EFBIG, NULL },
	{ "12345678", -EFBIG, NULL },
};

static void reads_a_line(void **state)
{
	const struct line_case *c = *state;
	char line[8];

	assert_int_equal(unlinkat(tree.fd, "line", 0) < 0 && errno != ENOENT,
			 0);
	tree_file(&tree, "line", 0600, c->text);
	assert_int_equal(io_read_line(tree.fd, "line", line, sizeof(line)),
			 c->result);
	if (!c->result)
		assert_string_equal(line, c->want);
}

static void writes_in_place_only(void **state)
{
	own_bytes struct bytes b = { 0 };
	char path[PATH_MAX];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/attribute", tree.path);
	assert_int_equal(io_write_file(path, "1", 1), -ENOENT);
	tree_file(&tree, "attribute", 0600, "0");
	assert_int_equal(io_write_file(path, "1", 1), 0);
	assert_int_equal(io_read_file(tree.fd, "attribute", 8, &b), 0);
	assert_string_equal((char *)b.data, "1");
}

static void reports_a_full_device(void **state)
{
	own_fd int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(io_write_all(fd, "x", 1), -ENOSPC);
	assert_int_equal(io_write_all(fd, "x", 0), 0);
	assert_int_equal(io_write_all(-1, "x", 1), -EBADF);
	assert_int_equal(io_write_file("/dev/full", "x", 1), -ENOSPC);
}

static size_t count_names(const char *prefix)
{
	own_dir DIR *d = opendir(tree.path);
	const struct dirent *e;
	size_t n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
	return n;
}

static void replaces_whole_files(void **state)
{
	own_bytes struct bytes b = { 0 };
	char path[PATH_MAX];
	struct stat st;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/report", tree.path);
	assert_int_equal(io_replace_file(path, "a longer text", 13, 0600), 0);
	assert_int_equal(io_replace_file(path, "short", 5, 0600), 0);
	assert_int_equal(io_read_file(tree.fd, "report", 64, &b), 0);
	assert_string_equal((char *)b.data, "short");
	assert_int_equal(fstatat(tree.fd, "report", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(count_names("report"), 1);
}

/* The disk is full, or there is no directory: nothing may stay behind. */
static void replacing_fails_clean(void **state)
{
	struct rlimit before;
	struct rlimit none;
	char path[PATH_MAX];
	int r;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	(void)signal(SIGXFSZ, SIG_IGN);
	tree_file(&tree, "kept", 0600, "old");
	(void)snprintf(path, sizeof(path), "%s/kept", tree.path);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	r = io_replace_file(path, "x", 1, 0600);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(r, -EFBIG);
	assert_int_equal(count_names("kept"), 1);
	(void)snprintf(path, sizeof(path), "%s/none/x", tree.path);
	assert_int_equal(io_replace_file(path, "x", 1, 0600), -ENOENT);
}

/* What lies in wait beside it must neither be written through nor stop us. */
static void replacing_uses_a_name_of_its_own(void **state)
{
	own_bytes struct bytes b = { 0 };
	char path[PATH_MAX];

	(void)state;
	tree_file(&tree, "victim", 0600, "safe");
	tree_link(&tree, "trap.tmp", "victim");
	(void)snprintf(path, sizeof(path), "%s/trap", tree.path);
	assert_int_equal(io_replace_file(path, "x", 1, 0600), 0);
	assert_int_equal(io_read_file(tree.fd, "victim", 8, &b), 0);
	assert_string_equal((char *)b.data, "safe");
	assert_int_equal(count_names("trap"), 2);
}

/* As root, a rename would put a file where /dev/null was. */
static void replaces_only_regular_files(void **state)
{
	static const char *const names[] = { "a-dir", "a-link", "a-fifo" };
	char path[PATH_MAX];
	struct stat before;
	struct stat after;

	(void)state;
	tree_dir(&tree, "a-dir");
	tree_file(&tree, "a-target", 0600, "safe");
	tree_link(&tree, "a-link", "a-target");
	assert_int_equal(mkfifoat(tree.fd, "a-fifo", 0600), 0);
	for (size_t i = 0; i < array_size(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", tree.path,
			       names[i]);
		assert_int_equal(lstat(path, &before), 0);
		assert_int_equal(io_replace_file(path, "x", 1, 0600), -EEXIST);
		assert_int_equal(lstat(path, &after), 0);
		assert_int_equal(after.st_ino, before.st_ino);
	}
	assert_int_equal(count_names("a-"), 4);
}

/* As of a file that open(2) makes. */
static void replacing_heeds_the_umask(void **state)
{
	mode_t mask = umask(027);
	char path[PATH_MAX];
	struct stat st;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/masked", tree.path);
	assert_int_equal(io_replace_file(path, "x", 1, 0666), 0);
	assert_int_equal(umask(mask), 027);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static const struct pread_case {
	const char *name;
	off_t offset;
	size_t len;
	int result;
	const char *want;
} preads[] = {
	{ "all", 0, 6, 0, "abcdef" },
	{ "nothing", 3, 0, 0, "" },
	{ "the end", 5, 1, 0, "f" },
	{ "one too many", 5, 2, -EIO, NULL },
	{ "behind the end", 6, 1, -EIO, NULL },
	{ "before the start", -1, 1, -EINVAL, NULL },
};

static void preads_exactly(void **state)
{
	const struct pread_case *c = *state;
	own_fd int fd = memfd_create("test", MFD_CLOEXEC);
	char data[8] = "";

	assert_int_equal(io_write_all(fd, "abcdef", 6), 0);
	assert_int_equal(io_pread_all(fd, data, c->len, c->offset), c->result);
	if (!c->result)
		assert_string_equal(data, c->want);
}

static const struct root_case {
	const char *path;
	int result; /* 0: the file "inside", else -errno */
} roots[] = {
	{ "/inside", 0 },	  { "inside", 0 },
	{ "/../../inside", 0 },	  { "/link-absolute", 0 },
	{ "/link-up", 0 },	  { "/dir/link-up", 0 },
	{ "/none", -ENOENT },	  { "/link-out", -ENOENT },
	{ "/link-loop", -ELOOP }, { "/inside/x", -ENOTDIR },
	{ "", -ENOENT },
};

static void opens_below_the_root(void **state)
{
	const struct root_case *c = *state;
	own_bytes struct bytes b = { 0 };
	own_fd int root = openat(tree.fd, "root", O_PATH | O_CLOEXEC);
	own_fd int fd = io_open_in_root(root, c->path, O_RDONLY);

	if (c->result) {
		assert_int_equal(fd, c->result);
		return;
	}
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(io_read_fd(fd, 16, &b), 0);
	assert_string_equal((char *)b.data, "inside");
}

static void make_tree(void)
{
	tree_make(&tree);
	tree_file(&tree, "outside", 0600, "outside");
	tree_dir(&tree, "root");
	tree_dir(&tree, "root/dir");
	tree_file(&tree, "root/inside", 0600, "inside");
	tree_link(&tree, "root/link-absolute", "/inside");
	tree_link(&tree, "root/link-up", "../../../inside");
	tree_link(&tree, "root/dir/link-up", "../inside");
	tree_link(&tree, "root/link-out", "../outside");
	tree_link(&tree, "root/link-loop", "link-loop");
}

int main(void)
{
	const struct table tables[] = {
		TABLE(reads_within_bounds, reads),
		CASE(reads_what_has_no_size),
		CASE(reads_a_pipe_in_pieces),
		CASE(reports_unreadable),
		TABLE(reads_a_line, lines),
		CASE(writes_in_place_only),
		CASE(reports_a_full_device),
		CASE(replaces_whole_files),
		CASE(replacing_fails_clean),
		CASE(replacing_uses_a_name_of_its_own),
		CASE(replaces_only_regular_files),
		CASE(replacing_heeds_the_umask),
		TABLE(preads_exactly, preads),
		TABLE(opens_below_the_root, roots),
	};
	int failed;

	make_tree();
	failed = table_run(tables, array_size(tables));
	tree_remove(&tree);
	return failed;
}
