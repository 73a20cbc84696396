// SPDX-License-Identifier: MIT
/*
 * Challenges: made here and answered by tpm2-tools, made by tpm2-tools and
 * answered here, on swtpm; and keys that nobody is challenged for.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "tests/table.h"

#include "lib/io.h"
#include "lib/own.h"
#include "seal/object/credential.h"
#include "seal/object/identity-public.h"
#include "seal/tpm/quote.h"
#include "tests/line.h"
#include "tests/swtpm.h"

enum { secret_byte = 0x5a };

#define OTHER                                                                  \
	"cannot answer the challenge: it was made for another TPM, or is "     \
	"damaged; send the identity of this TPM, and have it challenged with " \
	"cvmctl challenge"

static void read_identity(const struct swtpm *s, struct tpm_identity *ret)
{
	own_tpm struct tpm *t = swtpm_open(s);
	struct fail f = { 0 };

	assert_ok(tpm_identity(t, ret, &f), &f);
}

/* For these keys, with len bytes of secret_byte inside. */
static void challenge(const struct tpm_identity *i, size_t len,
		      struct bytes *ret_object, struct bytes *ret_secret)
{
	own_secret struct secret secret = { 0 };
	struct srk_public ek;
	struct tpm_public ak;
	struct fail f = { 0 };

	assert_int_equal(secret_alloc(len, &secret), 0);
	memset(secret.data, secret_byte, len);
	assert_ok(ek_public_parse(&i->ek, &ek, &f), &f);
	assert_ok(ak_public_parse(&i->ak, &ak, &f), &f);
	assert_ok(credential_make(&ek, ak.name, &secret, ret_object, ret_secret,
				  &f),
		  &f);
}

static void assert_answers(struct tpm *t, const struct bytes *object,
			   const struct bytes *secret, size_t len)
{
	own_bytes struct bytes content = { 0 };
	struct fail f = { 0 };

	assert_ok(tpm_activate(t, object, secret, &content, &f), &f);
	assert_int_equal(content.len, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(content.data[i], secret_byte);
}

static void the_tpm_answers(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_tpm_identity struct tpm_identity i = { 0 };
	own_tpm struct tpm *t = NULL;

	(void)state;
	swtpm_start(&s);
	read_identity(&s, &i);
	t = swtpm_open(&s);
	for (size_t len = 1; len <= credential_max; len += 31) {
		own_bytes struct bytes object = { 0 };
		own_bytes struct bytes secret = { 0 };

		challenge(&i, len, &object, &secret);
		assert_answers(t, &object, &secret, len);
	}
	tpm_close(&t);
	assert_int_equal(
		swtpm_tool(&s, "test -z \"$(tpm2_getcap handles-transient; "
			       "tpm2_getcap handles-loaded-session)\""),
		0);
}

static void refuse(struct tpm *t, const struct bytes *object,
		   const struct bytes *secret)
{
	own_bytes struct bytes content = { 0 };
	struct fail f = { 0 };

	assert_refusal(tpm_activate(t, object, secret, &content, &f), &f,
		       OTHER);
	assert_null(content.data);
}

/* Of another TPM, for another AK, changed anywhere, cut, or longer. */
static void nobody_else_is_answered(void **state)
{
	own_swtpm struct swtpm s0 = { 0 };
	own_swtpm struct swtpm s1 = { 0 };
	own_tpm_identity struct tpm_identity ours = { 0 };
	own_tpm_identity struct tpm_identity theirs = { 0 };
	own_bytes struct bytes object = { 0 };
	own_bytes struct bytes secret = { 0 };
	own_tpm struct tpm *t = NULL;
	struct bytes ak;

	(void)state;
	swtpm_start(&s0);
	swtpm_start(&s1);
	read_identity(&s0, &ours);
	read_identity(&s1, &theirs);
	t = swtpm_open(&s0);
	challenge(&theirs, 32, &object, &secret);
	refuse(t, &object, &secret);
	bytes_free(&object);
	bytes_free(&secret);
	ak = ours.ak;
	ours.ak = theirs.ak;
	challenge(&ours, 32, &object, &secret);
	ours.ak = ak;
	refuse(t, &object, &secret);
	bytes_free(&object);
	bytes_free(&secret);
	challenge(&ours, 32, &object, &secret);
	for (size_t i = 0; i < object.len; i += 9) {
		object.data[i] ^= 1;
		refuse(t, &object, &secret);
		object.data[i] ^= 1;
	}
	for (size_t i = 0; i < secret.len; i += 51) {
		secret.data[i] ^= 1;
		refuse(t, &object, &secret);
		secret.data[i] ^= 1;
	}
	refuse(t, &(struct bytes){ object.data, object.len - 1 }, &secret);
	refuse(t, &object, &(struct bytes){ secret.data, secret.len - 1 });
	refuse(t, &(struct bytes){ object.data, object.len + 1 }, &secret);
	refuse(t, &object, &(struct bytes){ secret.data, secret.len + 1 });
	refuse(t, &(struct bytes){ 0 }, &(struct bytes){ 0 });
	assert_answers(t, &object, &secret, 32);
}

/* The file of tpm2-tools: a magic number, a version, and the two. */
enum { tools_head = 8, id_object_size = 2 + 34 + 34 };

static const uint8_t head[tools_head] = { 0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1 };

static const char make_keys[] =
	"tpm2_createek -G rsa -c ek -u ek.pub && tpm2_flushcontext -t && "
	"tpm2_createprimary -C e -g sha256 -G ecc256:ecdsa-sha256:null -a "
	"'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|"
	"restricted|sign' -c ak && tpm2_flushcontext -t && "
	"tpm2_readpublic -c ak -n ak.name && tpm2_flushcontext -t";

static void the_tools_answer(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_tpm_identity struct tpm_identity i = { 0 };
	own_bytes struct bytes object = { 0 };
	own_bytes struct bytes secret = { 0 };
	own_bytes struct bytes content = { 0 };
	uint8_t file[1024];
	struct marshal m = { file, sizeof(file), 0, false };
	char path[PATH_MAX];

	(void)state;
	swtpm_start(&s);
	read_identity(&s, &i);
	challenge(&i, 32, &object, &secret);
	assert_int_equal(object.len, id_object_size);
	marshal_bytes(&m, head, sizeof(head));
	marshal_bytes(&m, object.data, object.len);
	marshal_bytes(&m, secret.data, secret.len);
	(void)snprintf(path, sizeof(path), "%s/challenge", s.tree.path);
	assert_int_equal(io_replace_file(path, file, m.len, 0600), 0);
	assert_int_equal(swtpm_tool(&s, make_keys), 0);
	assert_int_equal(
		swtpm_tool(
			&s,
			"tpm2_startauthsession --policy-session -S session && "
			"tpm2_policysecret -S session -c e && "
			"tpm2_activatecredential -c ak -C ek -i challenge "
			"-o secret -P session:session"),
		0);
	assert_int_equal(io_read_file(s.tree.fd, "secret", 64, &content), 0);
	assert_int_equal(content.len, 32);
	assert_int_equal(content.data[0], secret_byte);
	assert_int_equal(content.data[31], secret_byte);
}

static void the_tools_challenge(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_bytes struct bytes file = { 0 };
	own_tpm struct tpm *t = NULL;
	struct bytes object;
	struct bytes secret;

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	tpm_close(&t);
	assert_int_equal(swtpm_tool(&s, make_keys), 0);
	assert_int_equal(
		swtpm_tool(
			&s,
			"head -c 20 /dev/zero | tr '\\0' Z >secret && "
			"tpm2_makecredential -T none -u ek.pub -s "
			"secret -n $(od -An -v -tx1 ak.name | tr -d ' \\n') -o challenge 2>/dev/null"),
		0);
	assert_int_equal(io_read_file(s.tree.fd, "challenge", 1024, &file), 0);
	assert_memory_equal(file.data, head, sizeof(head));
	object = (struct bytes){ file.data + tools_head,
				 id_object_size - 32 + 20 };
	secret = (struct bytes){ object.data + object.len,
				 file.len - tools_head - object.len };
	t = swtpm_open(&s);
	assert_answers(t, &object, &secret, 20); /* 'Z' is 0x5a */
}

/* -- keys of other templates ---------------------------------------------- */

/* The byte of the TPM2B_PUBLIC that is changed, and to what. */
static const struct key_case {
	const char *name;
	size_t at;
	uint8_t value;
} ek_changes[] = {
	{ "ek: another type", 3, 0x23 },
	{ "ek: SHA-384", 5, 0x0c },
	{ "ek: may sign", 7, 0x07 },
	{ "ek: not fixed to the TPM", 9, 0xb0 },
	{ "ek: another policy", 12, 0 },
	{ "ek: another cipher", 49, 0x42 },
	{ "ek: 1024 bits", 52, 0x04 },
	{ "ek: another exponent", 57, 3 },
	{ "ek: a short modulus", 60, 0x01 },
	{ "ek: a longer size", 1, 0x3b },
}, ak_changes[] = {
	{ "ak: another type", 3, 1 },
	{ "ak: not restricted", 7, 0x04 },
	{ "ak: decrypts too", 7, 0x07 },
	{ "ak: not fixed to the TPM", 9, 0x70 },
	{ "ak: made elsewhere", 9, 0x52 },
	{ "ak: a policy", 11, 1 },
	{ "ak: another scheme", 15, 0x14 },
	{ "ak: another hash", 17, 0x0c },
	{ "ak: another curve", 19, 4 },
	{ "ak: a long x", 23, 33 },
	{ "ak: a shorter size", 1, 0x50 },
};

/* Of a TPM; nobody looks whether the numbers are good ones. */
static void make_ek(uint8_t ret[static 316], struct bytes *ret_file)
{
	static const uint8_t begin[] = {
		1,    0x3a, 0,	  1,	0,    0x0b, 0,	  3,	0,    0xb2,
		0,    0x20, 0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8,
		0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52,
		0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b,
		0x33, 0x14, 0x69, 0xaa, 0,    6,    0,	  0x80, 0,    0x43,
		0,    0x10, 8,	  0,	0,    0,    0,	  0,	1,    0,
	};

	memset(ret, 0xc5, 316);
	memcpy(ret, begin, sizeof(begin));
	*ret_file = (struct bytes){ ret, 316 };
}

static void make_ak(uint8_t ret[static 90], struct bytes *ret_file)
{
	static const uint8_t begin[] = { 0, 0x58, 0, 0x23, 0, 0x0b, 0, 5,
					 4, 0x72, 0, 0,	   0, 0x10, 0, 0x18,
					 0, 0x0b, 0, 3,	   0, 0x10, 0, 0x20 };

	memset(ret, 0xc5, 90);
	memcpy(ret, begin, sizeof(begin));
	ret[56] = 0;
	ret[57] = 0x20;
	*ret_file = (struct bytes){ ret, 90 };
}

#define NO_EK                                                                \
	"cannot use the endorsement key: it is not RSA 2048 of the default " \
	"template L-1; take the identity from cvmctl evidence --identity"
#define NO_AK                                                              \
	"cannot use the attestation key: it is not P-256 of the template " \
	"of cvmctl evidence; take the identity from cvmctl evidence --identity"

static void refuses_ek(void **state)
{
	const struct key_case *c = *state;
	uint8_t data[316];
	struct bytes file;
	struct srk_public ek = { 0 };
	struct fail f = { 0 };

	make_ek(data, &file);
	assert_ok(ek_public_parse(&file, &ek, &f), &f);
	assert_int_equal(ek.key.modulus.len, 256);
	data[c->at] = c->value;
	assert_refusal(ek_public_parse(&file, &ek, &f), &f, NO_EK);
}

static void refuses_ak(void **state)
{
	const struct key_case *c = *state;
	uint8_t data[90];
	struct bytes file;
	struct tpm_public ak = { 0 };
	struct fail f = { 0 };

	make_ak(data, &file);
	assert_ok(ak_public_parse(&file, &ak, &f), &f);
	assert_int_equal(ak.x.len, 32);
	data[c->at] = c->value;
	assert_refusal(ak_public_parse(&file, &ak, &f), &f, NO_AK);
}

static void refuses_every_cut(void **state)
{
	uint8_t data[316];
	struct bytes file;
	struct srk_public ek;
	struct tpm_public ak;
	struct fail f = { 0 };

	(void)state;
	make_ek(data, &file);
	for (file.len = 0; file.len < 316; file.len++)
		assert_refusal(ek_public_parse(&file, &ek, &f), &f, NO_EK);
	make_ak(data, &file);
	for (file.len = 0; file.len < 90; file.len++)
		assert_refusal(ak_public_parse(&file, &ak, &f), &f, NO_AK);
}

int main(void)
{
	const struct table tables[] = {
		CASE(the_tpm_answers),	       CASE(nobody_else_is_answered),
		CASE(the_tools_answer),	       CASE(the_tools_challenge),
		TABLE(refuses_ek, ek_changes), TABLE(refuses_ak, ak_changes),
		CASE(refuses_every_cut),
	};

	return table_run(tables, array_size(tables));
}
