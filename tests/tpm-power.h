/* SPDX-License-Identifier: MIT */
/*
 * What a host can do that sends its own commands to a TPM and may cut its
 * power: restart it, put PCRs back by the same extends, and keep contexts.
 * Include cmocka.h first.
 */
#ifndef TESTS_TPM_POWER_H
#define TESTS_TPM_POWER_H

#include "lib/own.h"
#include "seal/object/policy.h"
#include "tests/meddler.h"
#include "tests/swtpm.h"

/* An authorization area: TPM_RS_PW, which is empty. */
static const uint8_t power_password[13] = { 0, 0, 0, 9, 0x40, 0, 0, 9 };

/* Startup or Shutdown; TPM_SU_CLEAR is 0, TPM_SU_STATE 1. */
static inline void power_tell(TSS2_TCTI_CONTEXT *tpm, uint32_t code,
			      uint8_t type)
{
	const uint8_t su[2] = { 0, type };
	struct message command;
	struct message answer;

	message_begin(&command, code);
	message_add(&command, su, sizeof(su));
	message_end(&command);
	message_send(tpm, &command, &answer);
}

/*
 * CLEAR, CLEAR is a TPM Reset; STATE, CLEAR a Restart, after which saved
 * contexts are still good; STATE, STATE a Resume, which keeps PCRs as well.
 */
static inline void power_restart(const struct swtpm *s, TSS2_TCTI_CONTEXT *tpm,
				 uint8_t down, uint8_t up)
{
	power_tell(tpm, TPM2_CC_Shutdown, down);
	swtpm_power_cycle(s);
	power_tell(tpm, TPM2_CC_Startup, up);
}

/* By TPM2_EvictControl; the key that init makes instead is the same. */
static inline void power_remove_srk(TSS2_TCTI_CONTEXT *tpm)
{
	struct message command;
	struct message answer;

	message_begin(&command, TPM2_CC_EvictControl);
	command.data[1] = 0x02; /* TPM_ST_SESSIONS */
	message_add_be32(&command, TPM2_RH_OWNER);
	message_add_be32(&command, 0x81000001);
	message_add(&command, power_password, sizeof(power_password));
	message_add_be32(&command, 0x81000001);
	message_end(&command);
	message_send(tpm, &command, &answer);
}

/* A command for the counter at policy_release_index, without a password. */
static inline void power_begin_counter(struct message *ret, uint32_t code,
				       uint32_t authorized_by)
{
	message_begin(ret, code);
	ret->data[1] = 0x02; /* TPM_ST_SESSIONS */
	message_add_be32(ret, authorized_by);
	message_add_be32(ret, policy_release_index);
	message_add(ret, power_password, sizeof(power_password));
}

/* False when there is none, or it was never raised. */
static inline bool power_read_counter(TSS2_TCTI_CONTEXT *tpm, uint64_t *ret)
{
	const uint8_t size_and_offset[4] = { 0, 8, 0, 0 };
	const size_t at = message_header + 4 + 2; /* after both sizes */
	struct message command;
	struct message answer;

	power_begin_counter(&command, TPM2_CC_NV_Read, policy_release_index);
	message_add(&command, size_and_offset, sizeof(size_and_offset));
	message_end(&command);
	message_send(tpm, &command, &answer);
	if (message_code(&answer))
		return false;
	*ret = (uint64_t)get_be32(answer.data + at) << 32 |
	       get_be32(answer.data + at + 4);
	return true;
}

static inline void power_remove_counter(TSS2_TCTI_CONTEXT *tpm)
{
	struct message command;
	struct message answer;

	power_begin_counter(&command, TPM2_CC_NV_UndefineSpace, TPM2_RH_OWNER);
	message_end(&command);
	message_send(tpm, &command, &answer);
}

/* Our extend once more, under the empty password in place of our session. */
static inline void power_extend_again(TSS2_TCTI_CONTEXT *tpm,
				      const struct message *ours)
{
	size_t params = message_header + 4 + 4 +
			get_be32(ours->data + message_header + 4);
	struct message command;
	struct message answer;

	message_begin(&command, TPM2_CC_PCR_Extend);
	command.data[1] = 0x02; /* TPM_ST_SESSIONS */
	message_add(&command, ours->data + message_header, 4);
	message_add(&command, power_password, sizeof(power_password));
	message_add(&command, ours->data + params, ours->len - params);
	message_end(&command);
	message_send(tpm, &command, &answer);
	assert_int_equal(message_code(&answer), TPM2_RC_SUCCESS);
}

/* Our HMAC session, our policy session, our sealed object, a release key. */
static const uint32_t power_handles[] = { 0x02000000, 0x03000001, 0x80000000,
					  0x80000001 };

struct contexts {
	struct message saved[4]; /* an error where there was none */
};

static inline void power_save(TSS2_TCTI_CONTEXT *tpm, struct contexts *ret)
{
	for (size_t i = 0; i < array_size(power_handles); i++) {
		struct message command;

		message_begin(&command, TPM2_CC_ContextSave);
		message_add_be32(&command, power_handles[i]);
		message_end(&command);
		message_send(tpm, &command, &ret->saved[i]);
	}
}

static inline void power_load(TSS2_TCTI_CONTEXT *tpm,
			      const struct contexts *contexts)
{
	for (size_t i = 0; i < array_size(power_handles); i++) {
		const struct message *saved = &contexts->saved[i];
		struct message command;
		struct message answer;

		if (message_code(saved))
			continue;
		message_begin(&command, TPM2_CC_ContextLoad);
		message_add(&command, saved->data + message_header,
			    saved->len - message_header);
		message_end(&command);
		message_send(tpm, &command, &answer);
		assert_int_equal(message_code(&answer), TPM2_RC_SUCCESS);
	}
}

#endif
