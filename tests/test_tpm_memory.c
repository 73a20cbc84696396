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

#include "lib/own.h"
#include "seal/tpm/tpm.h"
#include "tests/line.h"
#include "tests/memory-search.h"
#include "tests/swtpm.h"

/* The key is nowhere but in its struct secret. */
static struct hidden_key hidden;

static void make_key(struct secret *ret)
{
	assert_int_equal(secret_alloc(hidden_size, ret), 0);
	assert_int_equal(getentropy(ret->data, hidden_size), 0);
	hidden_key_make(ret->data, &hidden);
}

static unsigned count_copies(void)
{
	return search_memory(&hidden, true);
}

static void test_finds_what_is_there(void **state)
{
	own_secret struct secret key = { 0 };
	own_free uint8_t *copy = malloc(hidden_size);

	(void)state;
	make_key(&key);
	assert_int_equal(count_copies(), 1);
	assert_non_null(copy);
	memcpy(copy, key.data, hidden_size);
	assert_int_equal(count_copies(), 2);
	explicit_bzero(copy, hidden_size);
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
	assert_true(hidden_key_is(&hidden, unsealed.data));
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
