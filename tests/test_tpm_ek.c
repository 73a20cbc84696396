// SPDX-License-Identifier: MIT
/*
 * The proof of the endorsement key, against swtpm: tpm2-tools say which key
 * it has, and somebody in between shows another one, or another SRK.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/io.h"
#include "lib/own.h"
#include "seal/tpm/internal.h"
#include "tests/line.h"
#include "tests/swtpm.h"

enum {
	ek_size = 314,	    /* TPMT_PUBLIC of template L-1 */
	modulus_size = 256, /* at its end */
	header_size = 10,
};

#define USE_EK	"cannot use the TPM's endorsement key: "
#define NO_HOST "; do not trust this host with the VM"
#define NO_PROOF                                                          \
	USE_EK "the TPM does not prove that it holds it and the storage " \
	       "root key" NO_HOST

static void test_proves_its_own_key(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_bytes struct bytes ek = { 0 };
	own_tpm struct tpm *t = NULL;
	struct srk_record srk;
	struct digest_set value;
	struct fail f = { 0 };
	digest_algs algs;

	(void)state;
	swtpm_start(&s);
	swtpm_read_ek(&s, &ek);
	t = swtpm_open(&s);
	/* twice: nothing is left in the TPM by the first time */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(t->srk_pinned, i);
		assert_ok(tpm_prove_ek(t, &ek, &f), &f);
	}
	assert_int_equal(srk_record_parse(&t->srk_record, &srk), 0);
	assert_true(t->srk_pinned);
	assert_memory_equal(t->srk_pin, srk.name, tpm_name_size);
	assert_ok(tpm_banks(t, &algs, &f), &f);
	assert_ok(tpm_pcr_read(t, 14, algs, &value, &f), &f);
	assert_ok(tpm_prove_ek(t, &ek, &f), &f);
	tpm_close(&t);
	assert_int_equal(
		swtpm_tool(&s, "test -z \"$(tpm2_getcap handles-transient; "
			       "tpm2_getcap handles-loaded-session)\""),
		0);
}

/* Every byte counts, also those that a parser would leave out. */
static void test_refuses_another_key(void **state)
{
	static const char line[] =
		USE_EK "it is not the one in the attestation report" NO_HOST;
	own_swtpm struct swtpm s = { 0 };
	own_bytes struct bytes ek = { 0 };
	own_bytes struct bytes longer = { 0 };
	own_tpm struct tpm *t = NULL;
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	swtpm_read_ek(&s, &ek);
	t = swtpm_open(&s);
	for (size_t i = 0; i < ek_size; i += 31) {
		ek.data[i] ^= 1;
		assert_refusal(tpm_prove_ek(t, &ek, &f), &f, line);
		ek.data[i] ^= 1;
	}
	/* bytes_copy adds a NUL, which then counts */
	assert_int_equal(bytes_copy(ek.data, ek.len, &longer), 0);
	longer.len++;
	assert_refusal(tpm_prove_ek(t, &longer, &f), &f, line);
	longer.len -= 2;
	assert_refusal(tpm_prove_ek(t, &longer, &f), &f, line);
	longer.len = 0;
	assert_refusal(tpm_prove_ek(t, &longer, &f), &f, line);
	assert_ok(tpm_prove_ek(t, &ek, &f), &f);
}

static void test_asks_for_no_endorsement_password(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_bytes struct bytes ek = { 0 };
	own_tpm struct tpm *t = NULL;
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	swtpm_read_ek(&s, &ek);
	assert_int_equal(swtpm_tool(&s, "tpm2_changeauth -c e secret"), 0);
	t = swtpm_open(&s);
	assert_refusal(tpm_prove_ek(t, &ek, &f), &f,
		       "cannot create the TPM's endorsement key: the TPM asks "
		       "for a password; clear the passwords of the TPM's "
		       "hierarchies and SRK");
}

/* Writes what another TPM would have answered over an answer. */
typedef void forge_fn(uint8_t *answer, size_t len, const struct bytes *other);

/* Somebody between us and the TPM, who forges one answer, or one handle. */
struct impostor {
	TSS2_TCTI_CONTEXT_COMMON_V2 tcti;
	TSS2_TCTI_CONTEXT *tpm;
	uint32_t instead; /* handle in the place of the SRK's, if not 0 */
	uint32_t command; /* TPM_CC whose answer is forged */
	unsigned skip;	  /* that many of them are left as they are */
	forge_fn *forge;
	const struct bytes *other;
	bool hit;
};

static struct impostor *impostor_of(TSS2_TCTI_CONTEXT *tcti)
{
	return (struct impostor *)(void *)tcti;
}

static uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static TSS2_RC impostor_transmit(TSS2_TCTI_CONTEXT *tcti, size_t len,
				 const uint8_t *data)
{
	struct impostor *m = impostor_of(tcti);
	uint32_t command = get_be32(data + 6);
	uint8_t changed[4096];

	m->hit = command == m->command && !m->skip;
	if (command == m->command && m->skip)
		m->skip--;
	assert_true(len <= sizeof(changed));
	memcpy(changed, data, len);
	if (m->instead && len >= header_size + 4 &&
	    get_be32(data + header_size) == tpm_srk_handle)
		for (int i = 0; i < 4; i++)
			changed[header_size + i] =
				(uint8_t)(m->instead >> (24 - 8 * i));
	return Tss2_Tcti_Transmit(m->tpm, len, changed);
}

static TSS2_RC impostor_receive(TSS2_TCTI_CONTEXT *tcti, size_t *len,
				uint8_t *data, int32_t timeout)
{
	struct impostor *m = impostor_of(tcti);
	TSS2_RC rc = Tss2_Tcti_Receive(m->tpm, len, data, timeout);

	if (rc || !m->hit)
		return rc;
	m->forge(data, *len, m->other);
	m->command = 0;
	return rc;
}

static TSS2_RC impostor_handles(TSS2_TCTI_CONTEXT *tcti,
				TSS2_TCTI_POLL_HANDLE *handles, size_t *n)
{
	return Tss2_Tcti_GetPollHandles(impostor_of(tcti)->tpm, handles, n);
}

static void impostor_finalize(TSS2_TCTI_CONTEXT *tcti)
{
	tcti_close(&impostor_of(tcti)->tpm);
}

/* *plan says what is forged; the rest of it is filled in. */
static struct tpm *open_behind(const struct swtpm *s,
			       const struct impostor *plan)
{
	own_tcti TSS2_TCTI_CONTEXT *device = NULL;
	struct impostor *m = calloc(1, sizeof(*m));
	struct tpm *t = NULL;
	struct fail f = { 0 };
	bool startup;

	assert_non_null(m);
	*m = *plan;
	assert_ok(tcti_open(s->tcti, swtpm_timeout_ms, &m->tpm, &startup, &f),
		  &f);
	m->tcti.v1.version = 2;
	m->tcti.v1.transmit = impostor_transmit;
	m->tcti.v1.receive = impostor_receive;
	m->tcti.v1.finalize = impostor_finalize;
	m->tcti.v1.getPollHandles = impostor_handles;
	device = (TSS2_TCTI_CONTEXT *)(void *)m;
	assert_ok(tpm_open_tcti(&device, swtpm_timeout_ms, &t, &f), &f);
	return t;
}

/* CreatePrimary's answer: the public area, and near its end the name. */
static void forge_ek(uint8_t *answer, size_t len, const struct bytes *ek)
{
	size_t public_at = header_size + 4 + 4 + 2; /* handle and two sizes */
	size_t name_at = len - 5 - 32;		    /* before the password */
	struct digest_set name;

	assert_true(public_at + ek->len < name_at);
	assert_int_equal(
		digest_data(1U << DIGEST_SHA256, ek->data, ek->len, &name), 0);
	memcpy(answer + public_at, ek->data, ek->len);
	memcpy(answer + name_at, name.value[DIGEST_SHA256], 32);
}

/* ReadPublic's answer without a session: public area, name, another name. */
static void forge_srk(uint8_t *answer, size_t len, const struct bytes *record)
{
	struct srk_record srk;
	uint8_t *at = answer + header_size + 2;

	assert_int_equal(srk_record_parse(record, &srk), 0);
	assert_true(header_size + 2 + srk.public_len + 2 + tpm_name_size < len);
	memcpy(at, srk.public_area, srk.public_len);
	memcpy(at + srk.public_len + 2, srk.name, tpm_name_size);
}

/*
 * The host knows the public key of the real TPM, from its report, and shows
 * it in the place of its own TPM's.
 */
static void test_a_public_key_is_no_proof(void **state)
{
	own_swtpm struct swtpm real = { 0 };
	own_swtpm struct swtpm host = { 0 };
	own_bytes struct bytes ek = { 0 };
	own_bytes struct bytes other = { 0 };
	own_tpm struct tpm *t = NULL;
	struct impostor plan = { .command = TPM2_CC_CreatePrimary,
				 .skip = 1, /* the SRK's */
				 .forge = forge_ek,
				 .other = &ek };
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&real);
	swtpm_start(&host);
	swtpm_read_ek(&real, &ek);
	swtpm_read_ek(&host, &other);
	assert_memory_equal(ek.data, other.data, ek_size - modulus_size);
	assert_memory_not_equal(ek.data, other.data, ek_size);
	t = open_behind(&host, &plan);
	assert_refusal(tpm_prove_ek(t, &ek, &f), &f, NO_PROOF);
	assert_false(t->srk_pinned);
}

/* The SRK that our sessions would be salted to is in the host's TPM. */
static void test_the_storage_root_key_is_proved_too(void **state)
{
	own_swtpm struct swtpm real = { 0 };
	own_swtpm struct swtpm host = { 0 };
	own_bytes struct bytes ek = { 0 };
	own_tpm struct tpm *t = NULL;
	own_tpm struct tpm *theirs = NULL;
	struct impostor plan = { .command = TPM2_CC_ReadPublic,
				 .forge = forge_srk };
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&real);
	swtpm_start(&host);
	swtpm_read_ek(&real, &ek);
	t = swtpm_open(&real);
	assert_ok(tpm_need_srk(t, &f), &f); /* for ReadPublic to find */
	tpm_close(&t);
	theirs = swtpm_open(&host);
	assert_ok(tpm_need_srk(theirs, &f), &f);
	plan.other = &theirs->srk_record;
	t = open_behind(&real, &plan);
	assert_refusal(tpm_prove_ek(t, &ek, &f), &f, NO_PROOF);
}

/*
 * The same, and the host has given the public part of that SRK to the real
 * TPM, where it has the right name at another handle.
 */
static void test_a_public_storage_root_key_is_no_proof(void **state)
{
	own_swtpm struct swtpm real = { 0 };
	own_swtpm struct swtpm host = { 0 };
	own_bytes struct bytes ek = { 0 };
	own_bytes struct bytes srk = { 0 };
	own_tpm struct tpm *t = NULL;
	own_tpm struct tpm *theirs = NULL;
	const struct impostor plan = { .instead = 0x80000000 };
	struct fail f = { 0 };
	char path[PATH_MAX];

	(void)state;
	swtpm_start(&real);
	swtpm_start(&host);
	swtpm_read_ek(&real, &ek);
	theirs = swtpm_open(&host);
	assert_ok(tpm_srk_public(theirs, &srk, &f), &f);
	(void)snprintf(path, sizeof(path), "%s/srk.pub", real.tree.path);
	assert_int_equal(io_replace_file(path, srk.data, srk.len, 0600), 0);
	assert_int_equal(swtpm_tool(&real,
				    "tpm2_loadexternal -C o -u srk.pub -c srk"),
			 0);
	t = open_behind(&real, &plan);
	assert_refusal(tpm_prove_ek(t, &ek, &f), &f, NO_PROOF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proves_its_own_key),
		cmocka_unit_test(test_refuses_another_key),
		cmocka_unit_test(test_asks_for_no_endorsement_password),
		cmocka_unit_test(test_a_public_key_is_no_proof),
		cmocka_unit_test(test_the_storage_root_key_is_proved_too),
		cmocka_unit_test(test_a_public_storage_root_key_is_no_proof),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
