/* SPDX-License-Identifier: MIT */
/*
 * What a host may see that reads along between us and the TPM: no secret, and
 * sessions that are salted to the SRK. Include cmocka.h first.
 */
#ifndef TESTS_WIRE_H
#define TESTS_WIRE_H

#include "lib/own.h"
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

/* Commands that nobody else may send for us, and their handles. */
static const struct {
	uint32_t code;
	size_t handles;
} wire_authorized[] = {
	{ TPM2_CC_PCR_Extend, 1 },    { TPM2_CC_Create, 1 },
	{ TPM2_CC_Load, 1 },	      { TPM2_CC_Import, 1 },
	{ TPM2_CC_Unseal, 1 },	      { TPM2_CC_NV_DefineSpace, 1 },
	{ TPM2_CC_NV_Increment, 2 },  { TPM2_CC_NV_Read, 2 },
	{ TPM2_CC_PolicyNV, 3 },      { TPM2_CC_ReadClock, 0 },
	{ TPM2_CC_GetCapability, 0 }, { TPM2_CC_PCR_Read, 0 },
};

/* Their first session is there, and is no password. */
static inline void wire_assert_session(const struct message *command)
{
	for (size_t i = 0; i < array_size(wire_authorized); i++) {
		size_t at = message_header + 4 * wire_authorized[i].handles + 4;

		if (message_code(command) != wire_authorized[i].code)
			continue;
		assert_int_equal(command->data[1], 0x02); /* _ST_SESSIONS */
		assert_int_not_equal(get_be32(command->data + at), TPM2_RS_PW);
	}
}

/* Passes a command on; it and the answer must look like this. */
static inline void wire_pass(struct meddler *m)
{
	meddler_pass(m);
	wire_assert_no_secret(&m->command);
	wire_assert_no_secret(&m->answer);
	wire_assert_session(&m->command);
	if (message_code(&m->command) == TPM2_CC_StartAuthSession)
		wire_assert_salted(&m->command);
}

#endif
