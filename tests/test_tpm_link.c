// SPDX-License-Identifier: MIT
/*
 * TPMs that misbehave: silent, asking for repeats, answering nonsense or
 * with an error.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/own.h"
#include "seal/tpm/internal.h"
#include "tests/line.h"

#define READING "cannot use the TPM's storage root key 0x81000001: "

/* A TCTI that answers each command as its fields say. */
struct fake {
	TSS2_TCTI_CONTEXT_COMMON_V2 tcti;
	int fd;		    /* readable when there is an answer */
	bool silent;	    /* never answers */
	unsigned repeats;   /* answers TPM_RC_RETRY so many times first */
	TSS2_RC rc;	    /* then this */
	size_t len;	    /* bytes sent of the answer */
	uint32_t says;	    /* the length that it claims to have */
	unsigned *commands; /* counted */
};

static struct fake *fake_of(TSS2_TCTI_CONTEXT *tcti)
{
	return (struct fake *)(void *)tcti;
}

static void put_be32(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
}

static TSS2_RC fake_transmit(TSS2_TCTI_CONTEXT *tcti, size_t len,
			     const uint8_t *data)
{
	struct fake *fake = fake_of(tcti);
	const uint64_t one = 1;

	(void)len;
	(void)data;
	++*fake->commands;
	if (!fake->silent)
		assert_int_equal(write(fake->fd, &one, sizeof(one)),
				 sizeof(one));
	return TSS2_RC_SUCCESS;
}

static TSS2_RC fake_receive(TSS2_TCTI_CONTEXT *tcti, size_t *len, uint8_t *data,
			    int32_t timeout)
{
	struct fake *fake = fake_of(tcti);
	uint64_t n;

	(void)timeout;
	assert_int_equal(read(fake->fd, &n, sizeof(n)), sizeof(n));
	memset(data, 0, *len);
	data[0] = 0x80; /* TPM_ST_NO_SESSIONS */
	data[1] = 0x01;
	put_be32(data + 2, fake->says);
	put_be32(data + 6, fake->repeats ? TPM2_RC_RETRY : fake->rc);
	if (fake->repeats)
		fake->repeats--;
	*len = fake->len;
	return TSS2_RC_SUCCESS;
}

static TSS2_RC fake_handles(TSS2_TCTI_CONTEXT *tcti,
			    TSS2_TCTI_POLL_HANDLE *handles, size_t *n)
{
	handles->fd = fake_of(tcti)->fd;
	*n = 1;
	return TSS2_RC_SUCCESS;
}

static void fake_finalize(TSS2_TCTI_CONTEXT *tcti)
{
	(void)close(fake_of(tcti)->fd);
}

static struct tpm *open_fake(const struct fake *like, unsigned timeout_ms)
{
	own_tcti TSS2_TCTI_CONTEXT *device = NULL;
	struct fake *fake = malloc(sizeof(*fake));
	struct tpm *t = NULL;
	struct fail f = { 0 };

	assert_non_null(fake);
	*fake = *like;
	fake->tcti.v1.version = 2;
	fake->tcti.v1.transmit = fake_transmit;
	fake->tcti.v1.receive = fake_receive;
	fake->tcti.v1.finalize = fake_finalize;
	fake->tcti.v1.getPollHandles = fake_handles;
	fake->fd = eventfd(0, EFD_CLOEXEC);
	assert_true(fake->fd >= 0);
	device = (TSS2_TCTI_CONTEXT *)(void *)fake;
	assert_ok(tpm_open_tcti(&device, timeout_ms, &t, &f), &f);
	return t;
}

static void assert_banks_refused(struct tpm *t, const char *line)
{
	struct fail f = { 0 };
	digest_algs algs;

	assert_refusal(tpm_banks(t, &algs, &f), &f, line);
}

static const char silent_line[] =
	READING "the TPM did not answer within 200 ms; attach a working TPM "
		"2.0 to the VM";

/* Once only: halt does not wait for it again. */
static void test_gives_up_on_a_silent_tpm(void **state)
{
	unsigned commands = 0;
	const struct fake fake = { .silent = true, .commands = &commands };
	own_tpm struct tpm *t = open_fake(&fake, 200);

	(void)state;
	assert_banks_refused(t, silent_line);
	assert_banks_refused(t, silent_line);
	assert_int_equal(commands, 1);
}

static void test_repeats_within_the_deadline(void **state)
{
	unsigned commands = 0;
	struct fake fake = {
		.repeats = 1000, .len = 10, .says = 10, .commands = &commands
	};
	own_tpm struct tpm *endless = open_fake(&fake, 200);
	own_tpm struct tpm *twice = NULL;

	(void)state;
	assert_banks_refused(endless, silent_line);
	/* after 20, 40 and 80 ms; 160 more would be too late */
	assert_in_range(commands, 2, 4);
	commands = 0;
	fake.repeats = 2;
	fake.rc = TPM2_RC_FAILURE;
	twice = open_fake(&fake, 5000);
	assert_banks_refused(twice, READING
			     "the TPM is in failure mode; attach a working TPM "
			     "2.0 to the VM");
	assert_int_equal(commands, 3);
}

static void test_bounds_answers(void **state)
{
	static const struct {
		size_t len;
		uint32_t says;
	} cases[] = {
		{ 9, 9 },	{ 10, 11 }, { 11, 10 }, { 4096, 0xffffffff },
		{ 4097, 4097 },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		unsigned commands = 0;
		const struct fake fake = { .len = cases[i].len,
					   .says = cases[i].says,
					   .commands = &commands };
		own_tpm struct tpm *t = open_fake(&fake, 5000);

		assert_banks_refused(t, READING
				     "the TPM's answer is malformed; attach a "
				     "working TPM 2.0 to the VM");
	}
}

#define ALONE	   "let no other program use the TPM meanwhile"
#define NO_SESSION "the TPM has no room for a session; " ALONE

static const struct {
	TSS2_RC rc;
	int err;
	const char *words;
} codes[] = {
	{ 0x1df, -ENXIO,
	  "it was sealed by another TPM, or is damaged; seal it again "
	  "on this TPM with cvmctl seal" },
	{ 0x99d, -EPERM,
	  "the TPM holds it under another policy than its token says; "
	  "seal it again on this TPM with cvmctl seal" },
	{ 0x128, -EAGAIN, "PCRs kept changing meanwhile; " ALONE },
	{ 0x921, -EACCES,
	  "the TPM is locked out after wrong passwords; end the "
	  "lockout with tpm2_dictionarylockout -c" },
	{ 0x98e, -EACCES,
	  "the TPM asks for a password; clear the passwords of the "
	  "TPM's hierarchies and SRK" },
	{ 0x902, -EBUSY, "the TPM has no room for a key; " ALONE },
	{ 0x903, -EBUSY, NO_SESSION },
	{ TSS2_RESMGR_TPM_RC_LAYER | 0x903, -EBUSY, NO_SESSION },
	{ 0x18b, -ENOENT,
	  "the TPM has no such object; seal it again on this TPM with "
	  "cvmctl seal" },
	{ 0x100, -EIO,
	  "the TPM was not started; attach a working TPM 2.0 to the VM" },
	{ TSS2_ESYS_RC_RSP_AUTH_FAILED, -EBADMSG,
	  "somebody changed the answer on its way from the TPM; do not "
	  "trust this host with the VM" },
	{ TSS2_ESYS_RC_MEMORY, -ENOMEM,
	  "Cannot allocate memory; give the VM more memory" },
	{ 0x143, -EIO,
	  "tpm:error(2.0): command code not supported; attach a "
	  "working TPM 2.0 to the VM" },
};

static void test_says_codes_in_words(void **state)
{
	unsigned commands = 0;
	const struct fake fake = { .commands = &commands };
	own_tpm struct tpm *t = open_fake(&fake, 5000);

	(void)state;
	for (size_t i = 0; i < array_size(codes); i++) {
		struct fail f = { 0 };
		char line[fail_line_max];
		int r = tpm_fail(t, codes[i].rc, &f, "do %s", "it");

		(void)snprintf(line, sizeof(line), "cannot do it: %s",
			       codes[i].words);
		assert_refusal(r, &f, line);
		assert_int_equal(r, codes[i].err);
	}
}

static void test_judges_banks(void **state)
{
	static const struct {
		uint16_t hash;
		uint8_t select;
		const char *line;
	} cases[] = {
		{ TPM2_ALG_SHA384, 0xff, NULL },
		{ TPM2_ALG_SM3_256, 0x00, NULL }, /* there, but not active */
		{ TPM2_ALG_SM3_256, 0x01,
		  "cannot extend PCR bank 0x0012: an active bank is none of "
		  "SHA-1 and SHA-2; switch it off with tpm2_pcrallocate" },
		{ TPM2_ALG_SHA3_256, 0xff,
		  "cannot extend PCR bank 0x0027: an active bank is none of "
		  "SHA-1 and SHA-2; switch it off with tpm2_pcrallocate" },
	};
	const TPML_PCR_SELECTION none = { 0 };
	struct fail f = { 0 };
	digest_algs algs = 0;

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		const TPML_PCR_SELECTION list = {
			.count = 2,
			.pcrSelections = {
				{ TPM2_ALG_SHA256, 3, { 0xff, 0xff, 0xff } },
				{ cases[i].hash, 3, { cases[i].select } },
			},
		};
		int r = tpm_collect_banks(&list, &algs, &f);

		if (cases[i].line)
			assert_refusal(r, &f, cases[i].line);
		else
			assert_ok(r, &f);
	}
	assert_refusal(tpm_collect_banks(&none, &algs, &f), &f,
		       "cannot extend PCR banks: none is active; switch one on "
		       "with tpm2_pcrallocate");
}

static void test_refuses_other_kinds_of_tpm(void **state)
{
	static const struct {
		const char *tcti;
		const char *line; /* after "open TPM " */
	} others[] = {
		{ "mssim:port=1", "mssim:port=1: not a kind of TPM we can "
				  "speak to" },
		{ "device:/nonexistent",
		  "/nonexistent: No such file or directory" },
		{ "swtpm:path=/nonexistent",
		  "path=/nonexistent: No such file or directory" },
		{ "swtpm:port=1,host=localhost",
		  "port=1,host=localhost: Invalid argument" },
		{ "swtpm:host=127.0.0.1,port=1",
		  "host=127.0.0.1,port=1: Connection refused" },
		{ "swtpm:host=127.0.0.1,port=x",
		  "host=127.0.0.1,port=x: No route to host" },
	};

	(void)state;
	for (size_t i = 0; i < array_size(others); i++) {
		struct tpm *t = NULL;
		struct fail f = { 0 };
		char line[fail_line_max];

		(void)snprintf(line, sizeof(line),
			       "cannot open TPM %s; attach a working TPM 2.0 "
			       "to the VM",
			       others[i].line);
		assert_refusal(tpm_open(others[i].tcti, 100, &t, &f), &f, line);
		assert_null(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gives_up_on_a_silent_tpm),
		cmocka_unit_test(test_repeats_within_the_deadline),
		cmocka_unit_test(test_bounds_answers),
		cmocka_unit_test(test_says_codes_in_words),
		cmocka_unit_test(test_judges_banks),
		cmocka_unit_test(test_refuses_other_kinds_of_tpm),
	};

	/* tpm_open does it, which the fakes go round */
	(void)setenv("TSS2_LOG", "all+none", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
