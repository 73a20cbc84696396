// SPDX-License-Identifier: MIT
/*
 * No copy of a key is left in this process once it was sealed, or unsealed
 * and used: not in freed memory, not on the stack, not in tpm2-tss. Searched
 * for in all that the process can write, except ASan's own books.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

#include "lib/own.h"
#include "seal/tpm.h"
#include "tests/line.h"
#include "tests/swtpm.h"

enum { key_size = 32, chunk = 1 << 20 };

/* The key is nowhere but in its struct secret: here are its complements. */
static uint8_t masked[key_size];

static void make_key(struct secret *ret)
{
	assert_int_equal(secret_alloc(key_size, ret), 0);
	assert_int_equal(getentropy(ret->data, key_size), 0);
	for (size_t i = 0; i < key_size; i++)
		masked[i] = (uint8_t)~ret->data[i];
}

static bool is_key(const uint8_t *p)
{
	for (size_t i = 0; i < key_size; i++)
		if ((p[i] ^ masked[i]) != 0xff)
			return false;
	return true;
}

/* How often it is in len bytes; those before begin are of an earlier chunk. */
static unsigned count_in(const uint8_t *p, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i + key_size <= len; i++)
		n += is_key(p + i);
	return n;
}

/* A mapping, page by page as they can be read, through BUF. */
static unsigned count_from(int mem, size_t from, size_t to, uint8_t *buf)
{
	unsigned found = 0;
	size_t kept = 0;

	while (from < to) {
		size_t want = to - from < chunk ? to - from : chunk;
		ssize_t n = pread(mem, buf + kept, want, (off_t)from);

		if (n <= 0)
			return found;
		found += count_in(buf, kept + (size_t)n);
		from += (size_t)n;
		kept = key_size - 1;
		memmove(buf, buf + (size_t)n, kept);
	}
	return found;
}

/* Copies in all writable memory but the searcher's own buffer. */
static unsigned count_copies(void)
{
	own_file FILE *maps = fopen("/proc/self/maps", "re");
	own_fd int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	own_free uint8_t *buf = malloc(chunk + key_size);
	unsigned found = 0;
	char line[512];
	char mode[8];
	size_t from;
	size_t to;

	assert_true(maps && mem >= 0 && buf);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%zx-%zx %7s", &from, &to, mode) != 3 ||
		    mode[1] != 'w' || to - from > (size_t)1 << 30 ||
		    ((size_t)buf >= from && (size_t)buf < to))
			continue;
		found += count_from(mem, from, to, buf);
	}
	explicit_bzero(buf, chunk + key_size);
	return found;
}

static void test_finds_what_is_there(void **state)
{
	own_secret struct secret key = { 0 };
	own_free uint8_t *copy = malloc(key_size);

	(void)state;
	make_key(&key);
	assert_int_equal(count_copies(), 1);
	assert_non_null(copy);
	memcpy(copy, key.data, key_size);
	assert_int_equal(count_copies(), 2);
	explicit_bzero(copy, key_size);
	secret_free(&key);
	assert_int_equal(count_copies(), 0);
}

static void test_nothing_is_left(void **state)
{
	static const struct seal_policy policy = { .pcrs.mask = 1U << 14 };
	own_swtpm struct swtpm s = { 0 };
	own_tpm struct tpm *t = NULL;
	own_secret struct secret key = { 0 };
	own_secret struct secret unsealed = { 0 };
	own_sealed_key struct sealed_key sealed = { 0 };
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	assert_int_equal(sealed_key_begin(&policy, &sealed), 0);
	make_key(&key);
	assert_ok(tpm_seal(t, &key, &sealed, &f), &f);
	secret_free(&key);
	assert_int_equal(count_copies(), 0);
	assert_ok(tpm_unseal(t, &sealed, NULL, &unsealed, &f), &f);
	assert_true(is_key(unsealed.data));
	assert_int_equal(count_copies(), 1);
	secret_free(&unsealed);
	tpm_close(&t);
	assert_int_equal(count_copies(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_what_is_there),
		cmocka_unit_test(test_nothing_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
