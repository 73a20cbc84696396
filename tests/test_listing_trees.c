// SPDX-License-Identifier: MIT
/*
 * Listings of trees that nobody has thought of, against the plainest program
 * that writes one; and the memory that a listing takes.
 */
#include "tests/table.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "lib/digest.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/measure/listing.h"
#include "tests/tmptree.h"

/* sanitizer/allocator_interface.h, which gcc does not bring */
extern size_t __sanitizer_get_allocated_size(const volatile void *at);
extern struct dirent *__interceptor_readdir(DIR *dir);
extern int __sanitizer_install_malloc_and_free_hooks(
	void (*on_malloc)(const volatile void *at, size_t size),
	void (*on_free)(const volatile void *at));

enum {
	random_trees = 40,
	random_entries = 150,
	wide_entries = 20000,
	kib = 1024,
	mib = 1024 * 1024,
};

static struct tree tree;

/* What the file system says with a name. */
static enum { TYPES, NO_TYPES, FALSE_TYPES } told;

struct dirent *readdir(DIR *dir)
{
	struct dirent *d = __interceptor_readdir(dir);

	if (d && told != TYPES)
		d->d_type = told == NO_TYPES ? DT_UNKNOWN : DT_REG;
	return d;
}

static int make_tree(void **state)
{
	(void)state;
	tree_make(&tree);
	return 0;
}

static int remove_tree(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

static int try_listing(struct bytes *ret, struct fail *f)
{
	const struct listed what = { .fd = tree.fd,
				     .name = "/app",
				     .remedy = "",
				     .head = LISTING_HEAD };

	return listing_write(&what, ret, f);
}

static void write_listing(struct bytes *ret)
{
	struct fail f = { 0 };

	if (try_listing(ret, &f) < 0)
		fail_msg("%s: %s", f.what, f.reason);
}

/* -- the plainest program ------------------------------------------------- */

static char *found[2 * random_entries];
static size_t found_n;

static int note_path(const char *path, const struct stat *st, int type,
		     struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	found[found_n++] = strdup(path + strlen(tree.path));
	return 0;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_escaped(struct text *t, const char *s)
{
	for (; *s; s++)
		if (*s == '\\')
			text_add(t, "\\\\");
		else if (*s < ' ' || *s > '~')
			text_add(t, "\\x%02x", (unsigned char)*s);
		else
			text_add(t, "%c", *s);
}

static void add_content(struct text *t, const char *path, mode_t mode)
{
	own_fd int fd = -1;
	char target[PATH_MAX] = "-";
	char hex[2 * digest_size_max + 1];
	struct digest_set digests;

	if (S_ISREG(mode)) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_int_equal(digest_fd(1U << DIGEST_SHA256, fd, &digests),
				 0);
		hex_encode(digests.value[DIGEST_SHA256], 32, hex);
		text_add(t, "%s", hex);
		return;
	}
	if (S_ISLNK(mode))
		target[readlink(path, target, sizeof(target))] = '\0';
	add_escaped(t, target);
}

static void add_line(struct text *t, const char *below)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s%s", tree.path, below);
	assert_int_equal(lstat(path, &st), 0);
	text_add(t, "%c\t%04o\t%u\t%u\t",
		 S_ISDIR(st.st_mode)   ? 'd'
		 : S_ISREG(st.st_mode) ? 'f'
				       : 'l',
		 st.st_mode & 07777, st.st_uid, st.st_gid);
	add_content(t, path, st.st_mode);
	text_add(t, "\t");
	add_escaped(t, *below ? below + 1 : ".");
	text_add(t, "\n");
}

static void expect_same(void)
{
	own_bytes struct bytes listing = { 0 };
	own_text struct text want = { 0 };

	found_n = 0;
	assert_int_equal(nftw(tree.path, note_path, 16, FTW_PHYS), 0);
	qsort(found, found_n, sizeof(*found), compare_paths);
	text_add(&want, LISTING_HEAD);
	for (size_t i = 0; i < found_n; i++) {
		add_line(&want, found[i]);
		free(found[i]);
	}
	write_listing(&listing);
	assert_string_equal((char *)listing.data, want.s);
	assert_int_equal(listing.len, want.len);
}

/* -- trees ---------------------------------------------------------------- */

/* Names that begin alike, with bytes that sort before and after a slash. */
static void make_name(uint64_t *random, char ret[static 8])
{
	static const char bytes[] = "aab-./0~\x01\xff\\\t";
	size_t n;

	*random = *random * 6364136223846793005U + 1442695040888963407U;
	n = 1 + (*random >> 33) % 5;
	for (size_t i = 0; i < n; i++) {
		char c = bytes[(*random >> (36 + 4 * i)) % (sizeof(bytes) - 1)];

		ret[i] = c == '/' || (c == '.' && n < 3) ? 'a' : c;
	}
	ret[n] = '\0';
}

/* An entry of some type in the directory, which may exist already. */
static void make_entry(uint64_t *random, char directories[][PATH_MAX],
		       size_t *n)
{
	char path[PATH_MAX - 1];
	char name[8];
	size_t in;
	int r;

	make_name(random, name);
	in = (*random >> 40) % *n;
	r = snprintf(path, sizeof(path), "%s%s", directories[in], name);
	assert_in_range(r, 1, sizeof(path) - 2);
	switch (*random >> 61) {
	case 0:
	case 1:
		if (mkdirat(tree.fd, path, 0700) == 0)
			(void)snprintf(directories[(*n)++], PATH_MAX, "%s/",
				       path);
		return;
	case 2: (void)symlinkat(name, tree.fd, path); return;
	default: break;
	}
	r = openat(tree.fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		   (mode_t)(*random >> 50) & 0777);
	if (r < 0)
		return;
	assert_int_equal(write(r, path, strlen(path)), strlen(path));
	(void)close(r);
}

static void random_tree(void **state)
{
	static char directories[random_entries + 1][PATH_MAX] = { "" };
	uint64_t random;

	(void)state;
	assert_int_equal(getrandom(&random, sizeof(random), 0), sizeof(random));
	print_message("trees of %llu\n", (unsigned long long)random);
	for (unsigned i = 0; i < random_trees; i++) {
		size_t n = 1;

		tree_make(&tree);
		for (unsigned k = 0; k < random_entries; k++)
			make_entry(&random, directories, &n);
		told = i % 2 ? NO_TYPES : TYPES;
		expect_same();
		tree_remove(&tree);
	}
	told = TYPES;
}

/* A file became a directory, whose inside would not be listed. */
static void changed_type_is_noticed(void **state)
{
	own_bytes struct bytes listing = { 0 };
	char line[fail_line_max];
	struct fail f = { 0 };

	(void)state;
	tree_dir(&tree, "lib");
	told = FALSE_TYPES;
	assert_int_equal(try_listing(&listing, &f), -ESTALE);
	told = TYPES;
	fail_format(&f, "init", "measure", line, sizeof(line));
	assert_string_equal(line, "init: measure: cannot measure /app/lib: it "
				  "changed while it was read; let nothing "
				  "write to the files that are measured");
}

/* -- memory --------------------------------------------------------------- */

static atomic_size_t allocated;
static atomic_size_t allocated_max;

static void on_malloc(const volatile void *at, size_t size)
{
	size_t now = atomic_fetch_add(&allocated, size) + size;
	size_t seen = allocated_max;

	(void)at;
	while (now > seen &&
	       !atomic_compare_exchange_weak(&allocated_max, &seen, now))
		;
}

static void on_free(const volatile void *at)
{
	if (at)
		(void)atomic_fetch_sub(&allocated,
				       __sanitizer_get_allocated_size(at));
}

/* The most that was allocated at a time while the tree was listed. */
static size_t measure_peak(struct bytes *ret)
{
	size_t before = allocated;

	allocated_max = before;
	write_listing(ret);
	return allocated_max - before;
}

/*
 * The lines, twice as long as they are and half of that while they grow; the
 * names of a directory; and what does not depend on the tree: the files in
 * hand, and a buffer for each CPU.
 */
static void takes_little_for_an_entry(void **state)
{
	own_bytes struct bytes listing = { 0 };
	size_t fixed =
		3 * mib + 128 * kib * (size_t)sysconf(_SC_NPROCESSORS_ONLN);
	size_t most;

	(void)state;
	tree_file(&tree, "file", 0644, "text");
	for (unsigned i = 0; i < wide_entries; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "module-%08u.py", i);
		if (linkat(tree.fd, "file", tree.fd, name, 0) < 0)
			tree_file(&tree, name, 0644, "text");
	}
	most = measure_peak(&listing);
	print_message("%zu bytes for %zu of text\n", most, listing.len);
	assert_in_range(most, listing.len,
			fixed + 3 * listing.len + 64 * wide_entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_tree),
		cmocka_unit_test_setup_teardown(changed_type_is_noticed,
						make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(takes_little_for_an_entry,
						make_tree, remove_tree),
	};

	if (__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) == 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
