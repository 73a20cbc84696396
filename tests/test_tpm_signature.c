// SPDX-License-Identifier: MIT
/*
 * Signatures by keys of each kind, made by tpm2-tools with swtpm: of the same
 * quote they verify, of a changed one they do not.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "evidence/signed/attest.h"
#include "evidence/signed/signature.h"
#include "lib/io.h"
#include "lib/own.h"
#include "seal/tpm/tpm.h"
#include "tests/line.h"
#include "tests/swtpm.h"

static struct swtpm swtpm;

static const struct key_case {
	const char *name; /* as tpm2_createprimary -G has it */
	const char *scheme;
	const char *hash;
	enum digest_alg alg;
} keys[] = {
	{ "ecc256:ecdsa-sha256:null", "ecdsa", "sha256", DIGEST_SHA256 },
	{ "ecc384:ecdsa-sha384:null", "ecdsa", "sha384", DIGEST_SHA384 },
	{ "rsa2048:rsassa-sha256:null", "rsassa", "sha256", DIGEST_SHA256 },
	{ "rsa2048:rsapss-sha256:null", "rsapss", "sha256", DIGEST_SHA256 },
	{ "rsa2048:rsassa-sha384:null", "rsassa", "sha384", DIGEST_SHA384 },
};

static void read_file(const char *name, struct bytes *ret)
{
	assert_int_equal(io_read_file(swtpm.tree.fd, name, 4096, ret), 0);
}

static bool make_quote(const struct key_case *c)
{
	char command[1024];

	(void)snprintf(command, sizeof(command),
		       "tpm2_flushcontext -t; "
		       "tpm2_createprimary -C e -g sha256 -G %s -a 'fixedtpm|"
		       "fixedparent|sensitivedataorigin|userwithauth|noda|"
		       "restricted|sign' -c ak && tpm2_flushcontext -t && "
		       "tpm2_readpublic -c ak -f tss -o ak.pub && "
		       "tpm2_quote -c ak -l sha256:0,1 -q 0102 -g %s --scheme "
		       "%s -m attest -s signature",
		       c->name, c->hash, c->scheme);
	return swtpm_tool(&swtpm, command) == 0;
}

static void verifies(void **state)
{
	const struct key_case *c = *state;
	own_bytes struct bytes public = { 0 };
	own_bytes struct bytes data = { 0 };
	own_bytes struct bytes signature = { 0 };
	enum digest_alg alg;
	struct tpm_public key;
	struct attest a;
	struct fail f = { 0 };

	if (!make_quote(c))
		skip(); /* an algorithm that this swtpm lacks */
	read_file("ak.pub", &public);
	read_file("attest", &data);
	read_file("signature", &signature);
	assert_int_equal(tpm_public_read(&public, &key, &f), 0);
	assert_null(tpm_public_refuse_signer(&key));
	assert_non_null(tpm_public_refuse_decrypter(&key));
	assert_int_equal(attest_read(&data, ATTEST_QUOTE, &a, &f), 0);
	assert_int_equal(a.nonce.len, 2);
	assert_int_equal(a.mask[0], 3);
	assert_int_equal(tpm_public_verify(&key, &data, &signature, &alg, &f),
			 0);
	assert_int_equal(alg, c->alg);
	data.data[data.len - 1] ^= 1;
	assert_true(tpm_public_verify(&key, &data, &signature, &alg, &f) < 0);
	assert_string_equal(f.reason, "its signature is not by this key");
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(verifies, keys),
	};
	struct tpm *t;
	int r;

	swtpm_start(&swtpm);
	t = swtpm_open(&swtpm);
	tpm_close(&t); /* which has started it */
	r = table_run(tables, array_size(tables));
	swtpm_stop(&swtpm);
	return r;
}
