/* SPDX-License-Identifier: MIT */
/*
 * What a host may see that reads along between us and the TPM: no secret, and
 * sessions that are salted to the SRK. Include cmocka.h first.
 */
#ifndef TESTS_WIRE_H
#define TESTS_WIRE_H

#include "tests/meddler.h"

enum { wire_secret_size = 32, wire_secret_byte = 0x5a };

/* The secret of the tests that look for it. */
static inline void wire_secret(uint8_t ret[static wire_secret_size])
{
	memset(ret, wire_secret_byte, wire_secret_size);
}

static inline void wire_assert_no_secret(const struct message *m)
{
	uint8_t secret[wire_secret_size];

	wire_secret(secret);
	assert_null(memmem(m->data, m->len, secret, sizeof(secret)));
}

/* Salted to the SRK: TCG Part 3, 11.1. AES, 128 bits, CFB; SHA-256. */
static inline void wire_assert_salted(const struct message *start)
{
	static const uint8_t aes[] = { 0, 6, 0, 0x80, 0, 0x43, 0, 0x0b };

	assert_in_range(start->len, message_header + 4 + sizeof(aes),
			sizeof(start->data));
	assert_int_equal(get_be32(start->data + message_header),
			 tpm_srk_handle);
	assert_memory_equal(start->data + start->len - sizeof(aes), aes,
			    sizeof(aes));
}

/* Of a command with one handle: its first session is no password. */
static inline void wire_assert_session(const struct message *command)
{
	assert_int_equal(command->data[1], 0x02); /* TPM_ST_SESSIONS */
	assert_int_not_equal(get_be32(command->data + message_header + 8),
			     TPM2_RS_PW);
}

/* Passes a command on; it and the answer must look like this. */
static inline void wire_pass(struct meddler *m)
{
	meddler_pass(m);
	wire_assert_no_secret(&m->command);
	wire_assert_no_secret(&m->answer);
	switch (message_code(&m->command)) {
	case TPM2_CC_StartAuthSession: wire_assert_salted(&m->command); break;
	case TPM2_CC_PCR_Extend:
	case TPM2_CC_Create:
	case TPM2_CC_Load:
	case TPM2_CC_Unseal: wire_assert_session(&m->command); break;
	}
}

#endif
