// SPDX-License-Identifier: MIT
/*
 * Digests of many files at once are those of each alone, however many threads
 * there are and whatever the system does meanwhile; and what that asks of
 * memory and of the page cache.
 */
#include "tests/table.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lib/own.h"
#include "seal/measure/content.h"
#include "seal/measure/hash-large.h"
#include "seal/measure/hash-small.h"
#include "tests/content-hooks.h"
#include "tests/tmptree.h"

enum {
	sha256 = 1U << DIGEST_SHA256,
	all_algs = (1U << DIGEST_ALG_COUNT) - 1,
	mib = 1 << 20,
	small_files = 300,
	memory_bound = 16 * mib,
};

/* Around what is small, and a window. The last is the largest. */
static const size_t sizes[] = {
	0,	1,	 4096, small_max - 1, small_max,    small_max + 1,
	300000, mib - 1, mib,  mib + 1,	      2 * mib + 17, 5 * mib + 3,
};

enum { largest = array_size(sizes) - 1, n_files = largest + 1 + small_files };

static struct tree tree;

/* Each with the digests that are right. */
static struct file {
	char name[16];
	struct digest_set want;
} file[n_files];

static size_t size_of(size_t number)
{
	return number < array_size(sizes) ? sizes[number] : number * 7;
}

/* No two windows of it are alike. */
static void make_file(size_t number)
{
	size_t size = size_of(number);
	own_free uint8_t *data = malloc(size + sizeof(uint64_t));
	uint64_t x = number + 1;
	int fd;

	assert_non_null(data);
	for (size_t i = 0; i < size; i += sizeof(x)) {
		x = x * 6364136223846793005U + 1442695040888963407U;
		memcpy(data + i, &x, sizeof(x));
	}
	assert_int_equal(digest_data(all_algs, data, size, &file[number].want),
			 0);
	(void)snprintf(file[number].name, sizeof(file[number].name), "f%zu",
		       number);
	fd = openat(tree.fd, file[number].name,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, data, size), size);
	(void)close(fd);
}

static void find(struct content *list, digest_algs algs)
{
	for (size_t i = 0; i < n_files; i++) {
		assert_int_equal(content_find(tree.fd, file[i].name, &list[i]),
				 0);
		list[i].algs = algs;
		list[i].error = -EBADMSG; /* not touched */
	}
}

static void assert_digests(const struct content *c, const struct file *f)
{
	if (c->error)
		fail_msg("%s: %s", f->name, strerror(-c->error));
	assert_int_equal(c->digests.algs, c->algs);
	for (int i = 0; i < DIGEST_ALG_COUNT; i++)
		if (c->algs & 1U << i)
			assert_memory_equal(c->digests.value[i],
					    f->want.value[i],
					    digest_size((enum digest_alg)i));
}

static void assert_all_right(digest_algs algs)
{
	own_free struct content *list = calloc(n_files, sizeof(*list));

	find(list, algs);
	content_digest(list, n_files);
	for (size_t i = 0; i < n_files; i++)
		assert_digests(&list[i], &file[i]);
}

static const struct condition {
	const char *name;
	digest_algs algs;
	struct hooks hooks;
} conditions[] = {
	{ "one CPU", sha256, { .cpus = 1, .threads = -1 } },
	{ "unknown CPUs", sha256, { .cpus = -1, .threads = -1 } },
	{ "two CPUs", sha256, { .cpus = 2, .threads = -1 } },
	{ "one CPU, all banks", all_algs, { .cpus = 1, .threads = -1 } },
	{ "two CPUs, all banks", all_algs, { .cpus = 2, .threads = -1 } },
	{ "nine CPUs, all banks", all_algs, { .cpus = 9, .threads = -1 } },
	{ "500 CPUs, all banks", all_algs, { .cpus = 500, .threads = -1 } },
	{ "no thread", all_algs, { .cpus = 8 } },
	{ "three threads of seven", all_algs, { .cpus = 8, .threads = 3 } },
	{ "an old kernel", all_algs, { 3, -1, CACHE_AS_IS, true, 0, NULL } },
	{ "nothing cached", all_algs, { 3, -1, CACHE_EMPTY, false, 0, NULL } },
};

static void digests(void **state)
{
	const struct condition *c = *state;

	hooks_reset();
	hooks = c->hooks;
	assert_all_right(c->algs);
}

/* One large file alone: the only case in which threads share from the start. */
static void shares_one_file(void **state)
{
	(void)state;
	for (long cpus = 1; cpus <= 5; cpus++)
		for (size_t i = 0; i < array_size(sizes); i++) {
			struct content c;

			hooks_reset();
			hooks.cpus = cpus;
			assert_int_equal(
				content_find(tree.fd, file[i].name, &c), 0);
			c.algs = all_algs;
			content_digest(&c, 1);
			assert_digests(&c, &file[i]);
		}
}

/* Those that it cannot read have the error, and no others. */
static void tells_unreadable(void **state)
{
	own_free struct content *list = calloc(n_files, sizeof(*list));

	(void)state;
	hooks_reset();
	hooks.cpus = 3;
	hooks.no_populate = true;
	hooks.unreadable_at = mib;
	find(list, all_algs);
	content_digest(list, n_files);
	for (size_t i = 0; i < n_files; i++)
		if (size_of(i) > mib)
			assert_int_equal(list[i].error, -EIO);
		else
			assert_digests(&list[i], &file[i]);
}

/* A file that is neither there to be read again nor the one found. */
static void tells_missing_and_other(void **state)
{
	static const char *const names[] = { "f1", "f10", "f2", "f11" };
	struct content c[array_size(names)];

	(void)state;
	hooks_reset();
	for (size_t i = 0; i < array_size(names); i++) {
		assert_int_equal(content_find(tree.fd, names[i], &c[i]), 0);
		c[i].algs = sha256;
		if (i < 2)
			c[i].path = "gone";
		else
			c[i].st.st_ino++;
	}
	content_digest(c, array_size(names));
	for (size_t i = 0; i < array_size(names); i++)
		assert_int_equal(c[i].error, i < 2 ? -ENOENT : -ESTALE);
}

static void needs_a_digest(void **state)
{
	struct content c;

	(void)state;
	hooks_reset();
	assert_int_equal(content_find(tree.fd, file[largest].name, &c), 0);
	content_digest(&c, 1);
	assert_int_equal(c.error, -EINVAL);
}

static void tells_unreadable_small(void **state)
{
	struct content c;

	(void)state;
	hooks_reset();
	hooks.cache = CACHE_EMPTY;
	hooks.unreadable_at = -1; /* that is, from the start */
	assert_int_equal(content_find(tree.fd, "f1", &c), 0);
	c.algs = sha256;
	content_digest(&c, 1);
	assert_int_equal(c.error, -EIO);
}

/* -- what happens to a file while it is digested -------------------------- */

static int victim = -1;
static atomic_int windows_left;

static void cut_victim(void *at, size_t size)
{
	(void)at;
	(void)size;
	if (--windows_left == 0)
		assert_int_equal(ftruncate(victim, 100), 0);
}

static void grow_victim(void *at, size_t size)
{
	(void)at;
	(void)size;
	if (--windows_left == 0)
		assert_int_equal(ftruncate(victim, 6 * mib), 0);
}

/* As a block that cannot be read again: there is nothing behind the pages. */
static void break_window(void *at, size_t size)
{
	int nothing;

	if (--windows_left)
		return;
	nothing = memfd_create("nothing", MFD_CLOEXEC);
	assert_true(syscall(SYS_mmap, at, size, PROT_READ,
			    MAP_SHARED | MAP_FIXED, nothing, 0) > 0);
	(void)close(nothing);
}

static const struct accident {
	const char *name;
	void (*ready)(void *at, size_t size);
	int error;
} accidents[] = {
	{ "it is cut short", cut_victim, -ESTALE },
	{ "it grows", grow_victim, -ESTALE },
	{ "it cannot be read", break_window, -EIO },
};

/* The file's error when it happens to the window of that number. */
static int suffer(const struct accident *a, long cpus, bool cached, int number)
{
	struct content c;

	make_file(largest);
	hooks_reset();
	hooks.cpus = cpus;
	hooks.cache = cached ? CACHE_FULL : CACHE_EMPTY;
	hooks.ready = a->ready;
	windows_left = number;
	victim = openat(tree.fd, file[largest].name, O_RDWR | O_CLOEXEC);
	assert_int_equal(content_find(tree.fd, file[largest].name, &c), 0);
	c.algs = all_algs;
	content_digest(&c, 1);
	(void)close(victim);
	return c.error;
}

static void survives(void **state)
{
	const struct accident *a = *state;
	struct sigaction before;
	struct sigaction after;

	assert_int_equal(sigaction(SIGBUS, NULL, &before), 0);
	for (int at = 1; at <= 4; at++)
		assert_int_equal(suffer(a, 3, false, at), a->error);
	/* to map costs time: what is cached is cut into two windows, not six */
	for (int at = 1; at <= 3; at++)
		assert_int_equal(suffer(a, 1, true, at), at < 3 ? a->error : 0);
	hooks_reset();
	make_file(largest);
	assert_int_equal(sigaction(SIGBUS, NULL, &after), 0);
	assert_true(before.sa_sigaction == after.sa_sigaction);
}

/* -- what it asks for ----------------------------------------------------- */

/* Whatever the files, and the number of CPUs. */
static void bounds_memory(void **state)
{
	own_free struct content *list = calloc(n_files, sizeof(*list));

	(void)state;
	for (long cpus = 1; cpus <= 128; cpus *= 4)
		for (int cold = 0; cold < 2; cold++) {
			hooks_reset();
			hooks.cpus = cpus;
			hooks.cache = cold ? CACHE_EMPTY : CACHE_AS_IS;
			find(list, all_algs);
			content_digest(list, n_files);
			assert_in_range(asked.memory_max, window_buffer,
					memory_bound);
		}
}

/* Of zeros, which a file system need not store. */
static void digest_zeros(long cpus, bool cached, off_t size)
{
	own_fd int fd = openat(tree.fd, "zeros",
			       O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct digest_set want;
	struct content c;

	assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(digest_fd(sha256, fd, &want), 0);
	assert_int_equal(content_find(tree.fd, "zeros", &c), 0);
	hooks_reset();
	hooks.cpus = cpus;
	hooks.cache = cached ? CACHE_FULL : CACHE_EMPTY;
	c.algs = 1U << DIGEST_SHA1 | sha256;
	content_digest(&c, 1);
	assert_int_equal(c.error, 0);
	assert_memory_equal(c.digests.value[DIGEST_SHA256],
			    want.value[DIGEST_SHA256],
			    digest_size(DIGEST_SHA256));
}

static void leaves_no_flood(void **state)
{
	enum {
		kept = large_keep_max,
		flood = large_keep_max + mib + 3,
		ahead = 12 * mib
	};

	(void)state;
	for (long cpus = 1; cpus <= 2; cpus++) {
		digest_zeros(cpus, false, flood);
		assert_in_range(asked.ahead, flood, flood + mib);
		assert_int_equal(asked.dropped, flood);
		assert_in_range(asked.outstanding_max, mib, ahead + mib);

		digest_zeros(cpus, false, kept);
		assert_in_range(asked.ahead, kept, kept + mib);
		assert_int_equal(asked.dropped, 0);

		digest_zeros(cpus, true, flood); /* it was there before */
		assert_int_equal(asked.ahead, 0);
		assert_int_equal(asked.dropped, 0);
	}
}

int main(void)
{
	const struct table tables[] = {
		TABLE(digests, conditions),    CASE(shares_one_file),
		CASE(tells_unreadable),	       CASE(tells_unreadable_small),
		CASE(tells_missing_and_other), CASE(needs_a_digest),
		TABLE(survives, accidents),    CASE(bounds_memory),
		CASE(leaves_no_flood),
	};
	int r;

	tree_make(&tree);
	for (size_t i = 0; i < n_files; i++)
		make_file(i);
	r = table_run(tables, array_size(tables));
	tree_remove(&tree);
	return r;
}
