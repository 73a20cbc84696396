// SPDX-License-Identifier: MIT
/*
 * Digests against the vectors of FIPS 180-4 (NIST's examples) and against
 * sha*sum: the fan-out is ours, the hashing is not.
 */
#include "lib/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"
#include "tests/table.h"

enum { all_algs = (1U << DIGEST_ALG_COUNT) - 1, megabyte = 1024 * 1024 };

static const struct alg_case {
	const char *name;
	int alg;
	size_t size;
} algs[] = {
	{ "sha1", DIGEST_SHA1, 20 },
	{ "sha256", DIGEST_SHA256, 32 },
	{ "sha384", DIGEST_SHA384, 48 },
	{ "sha512", DIGEST_SHA512, 64 },
	{ "", -EINVAL, 0 },
	{ "SHA256", -EINVAL, 0 },
	{ "sha25", -EINVAL, 0 },
	{ "sha2566", -EINVAL, 0 },
	{ "md5", -EINVAL, 0 },
};

static void names_algorithms(void **state)
{
	const struct alg_case *c = *state;

	assert_int_equal(digest_from_name(c->name), c->alg);
	if (c->alg < 0)
		return;
	assert_string_equal(digest_name((enum digest_alg)c->alg), c->name);
	assert_int_equal(digest_size((enum digest_alg)c->alg), c->size);
}

static const struct data_case {
	const char *name;
	enum digest_alg alg;
	const char *data;
	size_t len;
	const char *hex;
} vectors[] = {
	{ "sha1 of nothing", DIGEST_SHA1, NULL, 0,
	  "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
	{ "sha1 of abc", DIGEST_SHA1, "abc", 3,
	  "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ "sha256 of nothing", DIGEST_SHA256, NULL, 0,
	  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "sha256 of abc", DIGEST_SHA256, "abc", 3,
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "sha256 of a NUL", DIGEST_SHA256, "\0", 1,
	  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
	{ "sha384 of abc", DIGEST_SHA384, "abc", 3,
	  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	  "8086072ba1e7cc2358baeca134c825a7" },
	{ "sha512 of abc", DIGEST_SHA512, "abc", 3,
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

static void assert_digest(const struct digest_set *set, enum digest_alg alg,
			  const char *want)
{
	char hex[2 * digest_size_max + 1];

	hex_encode(set->value[alg], digest_size(alg), hex);
	assert_string_equal(hex, want);
}

/* Alone, beside all others, and as two pieces: always the same. */
static void hashes_data(void **state)
{
	const struct data_case *c = *state;
	struct digest_set one = { 0 };
	struct digest_set all = { 0 };
	uint8_t pair[digest_size_max];
	size_t half = c->len / 2;

	assert_int_equal(digest_data(1U << c->alg, c->data, c->len, &one), 0);
	assert_int_equal(one.algs, 1U << c->alg);
	assert_digest(&one, c->alg, c->hex);
	assert_int_equal(digest_data(all_algs, c->data, c->len, &all), 0);
	assert_int_equal(all.algs, all_algs);
	assert_digest(&all, c->alg, c->hex);
	assert_int_equal(digest_pair(c->alg, c->data, half,
				     c->len ? c->data + half : NULL,
				     c->len - half, pair),
			 0);
	assert_memory_equal(pair, one.value[c->alg], digest_size(c->alg));
}

/* RFC 2202 and 4231, test case 2 */
static const struct hmac_case {
	const char *name;
	enum digest_alg alg;
	const char *hex;
} hmacs[] = {
	{ "sha1", DIGEST_SHA1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	{ "sha256", DIGEST_SHA256,
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ "sha384", DIGEST_SHA384,
	  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
	  "8e2240ca5e69e2c78b3239ecfab21649" },
	{ "sha512", DIGEST_SHA512,
	  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	  "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
};

static void makes_hmacs(void **state)
{
	static const char data[] = "what do ya want for nothing?";
	const struct hmac_case *c = *state;
	struct digest_set one = { 0 };
	struct digest_set all = { 0 };

	assert_int_equal(digest_hmac(1U << c->alg, "Jefe", 4, data,
				     sizeof(data) - 1, &one),
			 0);
	assert_int_equal(one.algs, 1U << c->alg);
	assert_digest(&one, c->alg, c->hex);
	assert_int_equal(digest_hmac(all_algs, "Jefe", 4, data,
				     sizeof(data) - 1, &all),
			 0);
	assert_digest(&all, c->alg, c->hex);
}

/* OpenSSL would go on with the key before. */
static void makes_no_hmac_without_a_key(void **state)
{
	struct digest_set set = { .algs = 77 };

	(void)state;
	assert_int_equal(digest_hmac(all_algs, NULL, 0, "x", 1, &set), -EINVAL);
	assert_int_equal(digest_hmac(all_algs, "", 0, "x", 1, &set), -EINVAL);
	assert_int_equal(set.algs, 77);
}

static int memory_file(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void hashes_a_file_from_its_start(void **state)
{
	own_fd int fd = memory_file();
	struct digest_set set = { 0 };

	(void)state;
	assert_int_equal(io_write_all(fd, "abc", 3), 0); /* at its end now */
	assert_int_equal(digest_fd(1U << DIGEST_SHA256, fd, &set), 0);
	assert_digest(&set, DIGEST_SHA256, vectors[3].hex);
}

/* FIPS 180-2, B.3: a million times "a", more than one block of reading. */
static void hashes_a_long_file(void **state)
{
	own_fd int fd = memory_file();
	own_free char *data = malloc(megabyte);
	struct digest_set set = { 0 };

	(void)state;
	memset(data, 'a', megabyte);
	assert_int_equal(io_write_all(fd, data, 1000000), 0);
	assert_int_equal(digest_fd(all_algs, fd, &set), 0);
	assert_digest(&set, DIGEST_SHA1,
		      "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	assert_digest(&set, DIGEST_SHA256,
		      "cdc76e5c9914fb9281a1c7e284d73e67"
		      "f1809a48a497200e046d39ccc7112cd0");
}

static void hashes_an_empty_file(void **state)
{
	own_fd int fd = memory_file();
	struct digest_set set = { 0 };

	(void)state;
	assert_int_equal(digest_fd(1U << DIGEST_SHA256, fd, &set), 0);
	assert_digest(&set, DIGEST_SHA256, vectors[2].hex);
}

static void reports_unreadable(void **state)
{
	own_fd int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct digest_set set = { .algs = 77 };

	(void)state;
	assert_int_equal(digest_fd(all_algs, dir, &set), -EISDIR);
	assert_int_equal(digest_fd(all_algs, -1, &set), -EBADF);
	assert_int_equal(set.algs, 77);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(names_algorithms, algs),
		TABLE(hashes_data, vectors),
		CASE(hashes_a_file_from_its_start),
		CASE(hashes_a_long_file),
		CASE(hashes_an_empty_file),
		CASE(reports_unreadable),
		TABLE(makes_hmacs, hmacs),
		CASE(makes_no_hmac_without_a_key),
	};

	return table_run(tables, array_size(tables));
}
