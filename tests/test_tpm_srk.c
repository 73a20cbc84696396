// SPDX-License-Identifier: MIT
/*
 * The storage root key that we make is the one that others make from the same
 * seed: tpm2-tools with the template of the Provisioning Guidance, 7.5.1, and
 * noDA, as systemd-tpm2-setup has it. Equal names mean equal keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/io.h"
#include "lib/own.h"
#include "seal/object/srk-public.h"
#include "tests/meddler.h"
#include "tests/swtpm.h"

enum { no_p256 = TPM2_RC_CURVE | TPM2_RC_P | TPM2_RC_2 };

/* A TPM that knows no elliptic curve. */
static void refuse_ecc(struct meddler *m)
{
	bool *refused = m->plan;

	if (message_code(&m->command) != TPM2_CC_CreatePrimary || *refused) {
		meddler_pass(m);
		return;
	}
	*refused = true;
	meddler_answer(m, no_p256);
}

static void make_srk(const struct swtpm *s, bool rsa,
		     uint8_t ret_name[static tpm_name_size])
{
	own_tcti TSS2_TCTI_CONTEXT *device = meddler_open_tpm(s->tcti);
	own_tpm struct tpm *t = NULL;
	own_bytes struct bytes public = { 0 };
	struct srk_public srk;
	struct fail f = { 0 };
	bool refused = !rsa;

	t = meddler_open(device, refuse_ecc, &refused, 20000);
	assert_int_equal(Esys_Startup(t->esys, TPM2_SU_CLEAR), 0);
	assert_ok(tpm_srk_public(t, &public, &f), &f);
	assert_true(refused);
	assert_ok(srk_public_parse(&public, &srk, &f), &f);
	assert_int_equal(srk.key.type, rsa ? tpm_alg_rsa : tpm_alg_ecc);
	memcpy(ret_name, srk.key.name, tpm_name_size);
}

static void assert_tools_make(const struct swtpm *s, const char *algorithm,
			      const uint8_t name[static tpm_name_size])
{
	own_bytes struct bytes made = { 0 };
	own_bytes struct bytes kept = { 0 };
	char command[512];

	(void)snprintf(command, sizeof(command),
		       "tpm2_createprimary -Q -C o -g sha256 -G %s:aes128cfb "
		       "-a 'restricted|decrypt|fixedtpm|fixedparent|"
		       "sensitivedataorigin|userwithauth|noda' -c made.ctx && "
		       "tpm2_readpublic -Q -c made.ctx -n made && "
		       "tpm2_readpublic -Q -c 0x81000001 -n kept",
		       algorithm);
	assert_int_equal(swtpm_tool(s, command), 0);
	assert_int_equal(io_read_file(s->tree.fd, "made", 64, &made), 0);
	assert_int_equal(io_read_file(s->tree.fd, "kept", 64, &kept), 0);
	assert_int_equal(made.len, tpm_name_size);
	assert_memory_equal(made.data, name, tpm_name_size);
	assert_int_equal(kept.len, tpm_name_size);
	assert_memory_equal(kept.data, name, tpm_name_size);
}

static void compare(bool rsa, const char *algorithm)
{
	own_swtpm struct swtpm s = { 0 };
	uint8_t name[tpm_name_size];

	swtpm_start(&s);
	make_srk(&s, rsa, name);
	assert_tools_make(&s, algorithm, name);
}

static void test_ecc_srk_is_tpm2_tools(void **state)
{
	(void)state;
	compare(false, "ecc256");
}

static void test_rsa_srk_is_tpm2_tools(void **state)
{
	(void)state;
	compare(true, "rsa2048");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ecc_srk_is_tpm2_tools),
		cmocka_unit_test(test_rsa_srk_is_tpm2_tools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
