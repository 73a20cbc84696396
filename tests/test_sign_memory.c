// SPDX-License-Identifier: MIT
/*
 * A private key that signs for a broker, or releases, is in OpenSSL's secure
 * heap, which is locked and in no dump, and nowhere else in this process:
 * neither while it is read nor while it signs, and nowhere when it is freed.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/table.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "cvmctl/seal/sign-key.h"
#include "cvmctl/tool/key-memory.h"
#include "evidence/exchange/answer.h"
#include "evidence/exchange/request.h"
#include "lib/io.h"
#include "tests/line.h"
#include "tests/locked.h"
#include "tests/memory-search.h"
#include "tests/place.h"

enum { number_max = 512, nobody = 65534 };

static const struct key_case {
	const char *name;
	unsigned bits; /* 0: on P-256 */
	const char *number;
} cases[] = {
	{ "P-256", 0, OSSL_PKEY_PARAM_PRIV_KEY },
	{ "RSA-2048, d", 2048, OSSL_PKEY_PARAM_RSA_D },
	{ "RSA-2048, p", 2048, OSSL_PKEY_PARAM_RSA_FACTOR1 },
	{ "RSA-2048, q", 2048, OSSL_PKEY_PARAM_RSA_FACTOR2 },
	{ "RSA-4096, d", 4096, OSSL_PKEY_PARAM_RSA_D },
};

/* As it stands in a file, and as OpenSSL computes with it. */
struct forms {
	struct hidden_key big_endian, little_endian;
};

/* In a process of its own, so that this one has never seen the key. */
static void write_key(const struct key_case *c)
{
	EVP_PKEY *key = c->bits ? EVP_RSA_gen(c->bits) : EVP_EC_gen("P-256");
	FILE *file = fopen("key", "we");
	uint8_t number[number_max];
	BIGNUM *n = NULL;
	struct forms forms;
	int len;

	if (!file ||
	    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    fclose(file) != 0 || EVP_PKEY_get_bn_param(key, c->number, &n) != 1)
		_exit(1);
	len = BN_bn2binpad(n, number, BN_num_bytes(n));
	hidden_key_make(number, &forms.big_endian);
	(void)BN_bn2lebinpad(n, number, len);
	hidden_key_make(number, &forms.little_endian);
	_exit(io_replace_file("forms", &forms, sizeof(forms), 0600) == 0 ? 0
									 : 1);
}

static void make_key(const struct key_case *c, struct forms *ret)
{
	own_bytes struct bytes forms = { 0 };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		write_key(c);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(io_read_file(AT_FDCWD, "forms", sizeof(*ret), &forms),
			 0);
	memcpy(ret, forms.data, sizeof(*ret));
}

static void assert_hidden(const struct forms *forms)
{
	assert_int_equal(search_memory(&forms->big_endian, false), 0);
	assert_int_equal(search_memory(&forms->little_endian, false), 0);
}

static void hides(void **state)
{
	const struct key_case *c = *state;
	static const struct policy policy = { .digest = { 1 } };
	static const uint8_t fresh[request_fresh_size];
	const struct bytes token = { (uint8_t *)(uintptr_t) "{}", 2 };
	const struct answer_context context = { &token, "", fresh };
	own_place struct tree t = { .fd = -1 };
	own_sign_key struct sign_key *key = NULL;
	own_bytes struct bytes signature = { 0 };
	struct forms forms;
	struct fail f = { 0 };

	tree_make(&t);
	place_enter(&t);
	make_key(c, &forms);
	assert_ok(sign_key_read("key", &key, &f), &f);
	assert_int_equal(search_memory(&forms.little_endian, true), 1);
	assert_hidden(&forms);
	assert_ok(sign_key_sign(key, &policy, &signature, &f), &f);
	assert_hidden(&forms);
	bytes_free(&signature);
	assert_int_equal(answer_write_key(&token, &context,
					  sign_key_private(key), &signature),
			 0);
	assert_hidden(&forms);
	sign_key_free(&key);
	assert_hidden(&forms);
	assert_int_equal(search_memory(&forms.little_endian, true), 0);
}

/* With no right to lock any, which root would have. */
static void may_lock_nothing(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_MEMLOCK, &none);
	(void)setresuid(nobody, nobody, nobody);
}

/* 0: none was locked before, and all of it is then, if that is allowed. */
static int lock_in_child(bool is_allowed)
{
	unsigned before = locked_kib("/proc/self/status");

	if (!is_allowed)
		may_lock_nothing();
	if (key_memory_lock_again() != is_allowed)
		return 1;
	return before == 0 && locked_kib("/proc/self/status") ==
				       (is_allowed ? key_heap_kib : 0)
		       ? 0
		       : 2;
}

static void locks_again(void **state)
{
	(void)state;
	assert_int_equal(locked_kib("/proc/self/status"), key_heap_kib);
	for (unsigned is_allowed = 0; is_allowed < 2; is_allowed++) {
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			_exit(lock_in_child(is_allowed));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

int main(void)
{
	static const struct table tables[] = {
		CASE(locks_again),
		TABLE(hides, cases),
	};

	if (!key_memory_protect())
		return 1;
	return table_run(tables, array_size(tables));
}
