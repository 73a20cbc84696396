// SPDX-License-Identifier: MIT
/*
 * What a TPM signs, against swtpm: tpm2-tools read and check it, who know
 * nothing of this program.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"
#include "seal/object/identity-public.h"
#include "seal/tpm/quote.h"
#include "tests/meddler.h"
#include "tests/swtpm.h"
#include "tests/tpm-power.h"

enum { all_pcrs = 0xffffff };

static const uint8_t nonce_bytes[quote_nonce_max] = { 0x5a, 0xa5, 0x0f };
static const struct bytes nonce = { (uint8_t *)(uintptr_t)nonce_bytes,
				    sizeof(nonce_bytes) };

static void keep(const struct swtpm *s, const char *name,
		 const struct bytes *data)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", s->tree.path, name);
	assert_int_equal(io_replace_file(path, data->data, data->len, 0600), 0);
}

static void assert_file(const struct swtpm *s, const char *name,
			const struct bytes *expected)
{
	own_bytes struct bytes data = { 0 };

	assert_int_equal(io_read_file(s->tree.fd, name, 65536, &data), 0);
	assert_int_equal(data.len, expected->len);
	assert_memory_equal(data.data, expected->data, expected->len);
}

/* By the same templates, which the tools have or are told. */
static void test_identity_is_the_tools(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_tpm struct tpm *t = NULL;
	own_tpm_identity struct tpm_identity i = { 0 };
	struct srk_public key;
	struct tpm_public ak;
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	assert_ok(tpm_identity(t, &i, &f), &f);
	tpm_close(&t);
	assert_int_equal(
		swtpm_tool(&s,
			   "test -z \"$(tpm2_getcap handles-transient; "
			   "tpm2_getcap handles-loaded-session)\" && "
			   "tpm2_createek -G rsa -c ek -u ek.pub && "
			   "tpm2_flushcontext -t && "
			   "tpm2_createprimary -C e -g sha256 -G "
			   "ecc256:ecdsa-sha256:null -a 'fixedtpm|fixedparent|"
			   "sensitivedataorigin|userwithauth|noda|restricted|"
			   "sign' -c ak && tpm2_flushcontext -t && "
			   "tpm2_readpublic -c ak -f tss -o ak.pub && "
			   "tpm2_readpublic -c 0x81000001 -f tss -o srk.pub"),
		0);
	assert_file(&s, "ek.pub", &i.ek);
	assert_file(&s, "ak.pub", &i.ak);
	assert_file(&s, "srk.pub", &i.srk);
	assert_int_equal(i.ek_certificate.len, 0);
	assert_ok(ek_public_parse(&i.ek, &key, &f), &f);
	assert_ok(ak_public_parse(&i.ak, &ak, &f), &f);
	assert_ok(srk_public_parse(&i.srk, &key, &f), &f);
}

/* As much as takes several reads, which the tools have written. */
static void test_reads_the_certificate(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_tpm struct tpm *t = NULL;
	uint8_t content[1100];
	const struct bytes written = { content, sizeof(content) };
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	tpm_close(&t);
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 7);
	keep(&s, "cert", &written);
	assert_int_equal(swtpm_tool(&s, "tpm2_nvdefine 0x1c00002 -C o -s 1100 "
					"-a 'ownerwrite|authread|ownerread'"),
			 0);
	for (size_t i = 0; i < 2; i++) {
		own_tpm_identity struct tpm_identity id = { 0 };

		t = swtpm_open(&s);
		assert_ok(tpm_identity(t, &id, &f), &f);
		tpm_close(&t);
		assert_int_equal(id.ek_certificate.len, i * sizeof(content));
		if (i)
			assert_memory_equal(id.ek_certificate.data, content,
					    sizeof(content));
		assert_int_equal(swtpm_tool(&s, "tpm2_nvwrite 0x1c00002 -C o "
						"-i cert"),
				 0);
	}
	assert_int_equal(swtpm_tool(&s,
				    "tpm2_nvundefine 0x1c00002 -C o && "
				    "tpm2_nvdefine 0x1c00002 -C o -s 8 -p no "
				    "-a 'ownerwrite|authread|ownerread' && "
				    "head -c 8 cert >c8 && "
				    "tpm2_nvwrite 0x1c00002 -C o -i c8"),
			 0);
	{
		own_tpm_identity struct tpm_identity id = { 0 };

		t = swtpm_open(&s);
		assert_refusal(tpm_identity(t, &id, &f), &f,
			       "cannot read the certificate of the TPM's "
			       "endorsement key: the TPM asks for a password; "
			       "clear the passwords of the TPM's hierarchies "
			       "and SRK");
	}
}

/* Also under sha1, which no value of ours is made with. */
static void test_the_tools_verify_it(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_tpm struct tpm *t = NULL;
	own_tpm_identity struct tpm_identity i = { 0 };
	own_tpm_quote struct tpm_quote q = { 0 };
	struct fail f = { 0 };
	char hex[2 * sizeof(nonce_bytes) + 1];
	char command[1024];

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	tpm_close(&t);
	assert_int_equal(swtpm_tool(&s, "tpm2_pcrevent 7 /etc/passwd"), 0);
	t = swtpm_open(&s);
	assert_ok(tpm_identity(t, &i, &f), &f);
	assert_ok(tpm_quote(t, &nonce, all_pcrs, &q, &f), &f);
	keep(&s, "ak", &i.ak);
	keep(&s, "attest", &q.attest);
	keep(&s, "signature", &q.signature);
	keep(&s, "srk-attest", &q.srk_attest);
	keep(&s, "srk-signature", &q.srk_signature);
	hex_encode(nonce_bytes, sizeof(nonce_bytes), hex);
	(void)snprintf(command, sizeof(command),
		       "tpm2_checkquote -u ak -m attest -s signature -g sha256 "
		       "-q %s && ! tpm2_checkquote -u ak -m attest -s "
		       "srk-signature -g sha256 -q %s 2>/dev/null",
		       hex, hex);
	assert_int_equal(swtpm_tool(&s, command), 0);
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		struct digest_set value;

		assert_int_equal(q.pcrs[a].mask, all_pcrs);
		assert_int_equal(q.pcrs[a].bank, a);
		assert_ok(tpm_pcr_read(t, 7, 1U << a, &value, &f), &f);
		assert_memory_equal(value.value[a], q.pcrs[a].value[7],
				    digest_size(a));
		assert_int_equal(q.pcrs[a].value[17][0], 0xff);
	}
}

static void test_nonces(void **state)
{
	static const size_t lengths[] = { 1, 32, quote_nonce_max };
	own_swtpm struct swtpm s = { 0 };
	own_tpm struct tpm *t = NULL;
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	for (size_t i = 0; i < array_size(lengths); i++) {
		own_tpm_quote struct tpm_quote q = { 0 };
		const struct bytes n = { nonce.data, lengths[i] };

		assert_ok(tpm_quote(t, &n, 1U << 14, &q, &f), &f);
		assert_non_null(
			memmem(q.attest.data, q.attest.len, n.data, n.len));
		assert_non_null(memmem(q.srk_attest.data, q.srk_attest.len,
				       n.data, n.len));
	}
	for (size_t len = 0; len <= quote_nonce_max + 1;
	     len += quote_nonce_max + 1) {
		own_tpm_quote struct tpm_quote q = { 0 };
		uint8_t longer[quote_nonce_max + 1] = { 0 };

		assert_true(tpm_quote(t, &(struct bytes){ longer, len },
				      1U << 14, &q, &f) < 0);
		assert_null(q.attest.data);
	}
}

/* Somebody extends PCR 10 before each quote, as often as it is planned. */
static void extend_first(struct meddler *m)
{
	static const uint8_t rest[] = {
		0,    0, 0, 9,			 /* the session's size */
		0x40, 0, 0, 9, 0, 0,	0, 0, 0, /* TPM_RS_PW */
		0,    0, 0, 1, 0, 0x0b,		 /* sha256 */
	};
	static const uint8_t digest[32] = { 1 };
	unsigned *left = m->plan;
	struct message extend;
	struct message answer;

	if (message_code(&m->command) == TPM2_CC_Quote && *left) {
		--*left;
		message_begin(&extend, TPM2_CC_PCR_Extend);
		extend.data[1] = 0x02; /* TPM_ST_SESSIONS */
		message_add_be32(&extend, 10);
		message_add(&extend, rest, sizeof(rest));
		message_add(&extend, digest, sizeof(digest));
		message_end(&extend);
		message_send(m->tpm, &extend, &answer);
		assert_int_equal(message_code(&answer), 0);
	}
	meddler_pass(m);
}

static void test_a_pcr_that_moves(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_tcti TSS2_TCTI_CONTEXT *device = NULL;
	own_tpm struct tpm *t = NULL;
	own_tpm_quote struct tpm_quote q = { 0 };
	own_tpm_quote struct tpm_quote none = { 0 };
	struct digest_set value;
	struct fail f = { 0 };
	unsigned moves = 4;
	int r;

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	tpm_close(&t);
	device = meddler_open_tpm(s.tcti);
	t = meddler_open(device, extend_first, &moves, swtpm_timeout_ms);
	assert_ok(tpm_quote(t, &nonce, 1U << 10 | 1U << 14, &q, &f), &f);
	assert_int_equal(moves, 0);
	assert_ok(tpm_pcr_read(t, 10, 1U << DIGEST_SHA256, &value, &f), &f);
	assert_memory_equal(value.value[DIGEST_SHA256],
			    q.pcrs[DIGEST_SHA256].value[10], 32);
	moves = 5;
	r = tpm_quote(t, &nonce, 1U << 10, &none, &f);
	assert_int_equal(r, -EAGAIN);
	assert_refusal(r, &f,
		       "cannot quote the TPM's PCRs: PCRs kept changing "
		       "meanwhile; let no other program use the TPM meanwhile");
	assert_null(none.attest.data);
	/* of those that are not quoted nobody says anything */
	moves = 5;
	assert_ok(tpm_quote(t, &nonce, 1U << 14, &none, &f), &f);
}

/* One answer is changed on its way; nothing wrong is written down. */
static void change_answer(struct meddler *m)
{
	const uint32_t *command = m->plan;

	meddler_pass(m);
	if (message_code(&m->command) == *command &&
	    message_code(&m->answer) == 0)
		m->answer.data[m->answer.len - 1] ^= 1;
}

#define CHANGED                                                          \
	": somebody changed the answer on its way from the TPM; do not " \
	"trust this host with the VM"

static const struct {
	uint32_t command;
	const char *line;
} changes[] = {
	{ TPM2_CC_Quote, "cannot quote the TPM's PCRs" CHANGED },
	{ TPM2_CC_Certify, "cannot certify the TPM's storage root key: the "
			   "TPM's answer is malformed; attach a working TPM "
			   "2.0 to the VM" },
	{ TPM2_CC_CreatePrimary,
	  "cannot create the TPM's attestation key" CHANGED },
	{ TPM2_CC_PCR_Read, "cannot read PCR 14" CHANGED },
};

static void test_every_change_shows(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_tcti TSS2_TCTI_CONTEXT *device = NULL;
	own_tpm struct tpm *t = NULL;
	own_bytes struct bytes srk = { 0 };
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	assert_ok(tpm_srk_public(t, &srk, &f), &f); /* creates it */
	tpm_close(&t);
	device = meddler_open_tpm(s.tcti);
	for (size_t i = 0; i < array_size(changes); i++) {
		own_tpm_quote struct tpm_quote q = { 0 };
		uint32_t command = changes[i].command;

		t = meddler_open(device, change_answer, &command,
				 swtpm_timeout_ms);
		assert_refusal(tpm_quote(t, &nonce, 1U << 14, &q, &f), &f,
			       changes[i].line);
		assert_null(q.attest.data);
		tpm_close(&t);
		/* what the broken session left in the TPM */
		swtpm_power_cycle(&s);
		power_tell(device, TPM2_CC_Startup, 0);
	}
}

/* From the first answer to a challenge on, the TPM says nothing else. */
static void break_down(struct meddler *m)
{
	bool *broken = m->plan;

	*broken |= message_code(&m->command) == TPM2_CC_ActivateCredential;
	if (*broken)
		meddler_answer(m, TPM2_RC_FAILURE);
	else
		meddler_pass(m);
}

/* What a TPM says of a challenge of another TPM's is told from this. */
static void test_failure_mode(void **state)
{
	static const uint8_t empty[2] = { 0, 0 };
	const struct bytes part = { (uint8_t *)(uintptr_t)empty, 2 };
	own_swtpm struct swtpm s = { 0 };
	own_tcti TSS2_TCTI_CONTEXT *device = NULL;
	own_bytes struct bytes content = { 0 };
	own_tpm struct tpm *t = NULL;
	struct fail f = { 0 };
	bool broken = false;

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	tpm_close(&t);
	device = meddler_open_tpm(s.tcti);
	t = meddler_open(device, break_down, &broken, swtpm_timeout_ms);
	assert_refusal(tpm_activate(t, &part, &part, &content, &f), &f,
		       "cannot answer the challenge: the TPM is in failure "
		       "mode; attach a working TPM 2.0 to the VM");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity_is_the_tools),
		cmocka_unit_test(test_reads_the_certificate),
		cmocka_unit_test(test_the_tools_verify_it),
		cmocka_unit_test(test_nonces),
		cmocka_unit_test(test_a_pcr_that_moves),
		cmocka_unit_test(test_every_change_shows),
		cmocka_unit_test(test_failure_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
