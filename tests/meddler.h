/* SPDX-License-Identifier: MIT */
/*
 * Somebody between us and a TPM: a TCTI that hands each command to a function
 * of the test, which decides what becomes of it and what the answer is.
 *
 *	static void swallow(struct meddler *m)
 *	{
 *		meddler_answer(m, TPM2_RC_SUCCESS);
 *	}
 *
 * Include cmocka.h first.
 */
#ifndef TESTS_MEDDLER_H
#define TESTS_MEDDLER_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "seal/tpm/internal.h"
#include "tests/line.h"

enum { message_size = 8192, message_header = 10 };

struct message {
	uint8_t data[message_size];
	size_t len;
};

struct meddler {
	TSS2_TCTI_CONTEXT_COMMON_V2 tcti;
	TSS2_TCTI_CONTEXT *tpm; /* borrowed */
	void (*meddle)(struct meddler *m);
	void *plan;	 /* the test's own */
	int fd;		 /* readable when there is an answer */
	unsigned number; /* of the command under way, from 0 */
	struct message command;
	struct message answer; /* with len 0 there is none: silence */
};

static inline uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static inline void put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* The command's TPM_CC, or the answer's TPM_RC. */
static inline uint32_t message_code(const struct message *m)
{
	return get_be32(m->data + 6);
}

/* Begins a command without sessions; its size follows in message_end. */
static inline void message_begin(struct message *m, uint32_t code)
{
	m->len = message_header;
	m->data[0] = 0x80;
	m->data[1] = 0x01; /* TPM_ST_NO_SESSIONS */
	put_be32(m->data + 6, code);
}

static inline void message_add(struct message *m, const void *data, size_t len)
{
	assert_in_range(m->len + len, 0, sizeof(m->data));
	memcpy(m->data + m->len, data, len);
	m->len += len;
}

static inline void message_add_be32(struct message *m, uint32_t v)
{
	uint8_t bytes[4];

	put_be32(bytes, v);
	message_add(m, bytes, sizeof(bytes));
}

static inline void message_end(struct message *m)
{
	put_be32(m->data + 2, (uint32_t)m->len);
}

/* Has a TPM execute a command. */
static inline void message_send(TSS2_TCTI_CONTEXT *tpm,
				const struct message *command,
				struct message *ret)
{
	size_t len = sizeof(ret->data);

	assert_int_equal(Tss2_Tcti_Transmit(tpm, command->len, command->data),
			 TSS2_RC_SUCCESS);
	assert_int_equal(Tss2_Tcti_Receive(tpm, &len, ret->data,
					   TSS2_TCTI_TIMEOUT_BLOCK),
			 TSS2_RC_SUCCESS);
	ret->len = len;
}

/* The command goes on to the TPM, whose answer it is. */
static inline void meddler_pass(struct meddler *m)
{
	message_send(m->tpm, &m->command, &m->answer);
}

/* The answer is that code alone. */
static inline void meddler_answer(struct meddler *m, TSS2_RC rc)
{
	message_begin(&m->answer, rc);
	message_end(&m->answer);
}

static inline struct meddler *meddler_of(TSS2_TCTI_CONTEXT *tcti)
{
	return (struct meddler *)(void *)tcti;
}

static inline TSS2_RC meddler_transmit(TSS2_TCTI_CONTEXT *tcti, size_t len,
				       const uint8_t *data)
{
	struct meddler *m = meddler_of(tcti);
	const uint64_t one = 1;

	m->command.len = 0;
	message_add(&m->command, data, len);
	m->answer.len = 0;
	m->meddle(m);
	m->number++;
	if (m->answer.len)
		assert_int_equal(write(m->fd, &one, sizeof(one)), sizeof(one));
	return TSS2_RC_SUCCESS;
}

/* A device gives as much as there is room for. */
static inline TSS2_RC meddler_receive(TSS2_TCTI_CONTEXT *tcti, size_t *len,
				      uint8_t *data, int32_t timeout)
{
	struct meddler *m = meddler_of(tcti);
	uint64_t n;

	(void)timeout;
	assert_int_equal(read(m->fd, &n, sizeof(n)), sizeof(n));
	if (*len > m->answer.len)
		*len = m->answer.len;
	memcpy(data, m->answer.data, *len);
	return TSS2_RC_SUCCESS;
}

static inline TSS2_RC meddler_handles(TSS2_TCTI_CONTEXT *tcti,
				      TSS2_TCTI_POLL_HANDLE *handles, size_t *n)
{
	handles->fd = meddler_of(tcti)->fd;
	*n = 1;
	return TSS2_RC_SUCCESS;
}

static inline void meddler_finalize(TSS2_TCTI_CONTEXT *tcti)
{
	(void)close(meddler_of(tcti)->fd);
}

/* The TPM itself that a string names; the caller closes. */
static inline TSS2_TCTI_CONTEXT *meddler_open_tpm(const char *tcti)
{
	TSS2_TCTI_CONTEXT *tpm = NULL;
	struct fail f = { 0 };
	bool startup;

	assert_ok(tcti_open(tcti, 20000, &tpm, &startup, &f), &f);
	return tpm;
}

/*
 * A struct tpm that speaks to tpm, which is to live longer, through meddle.
 */
static inline struct tpm *meddler_open(TSS2_TCTI_CONTEXT *tpm,
				       void (*meddle)(struct meddler *m),
				       void *plan, unsigned timeout_ms)
{
	own_tcti TSS2_TCTI_CONTEXT *device = NULL;
	struct meddler *m = calloc(1, sizeof(*m));
	struct tpm *t = NULL;
	struct fail f = { 0 };

	assert_non_null(m);
	m->tcti.v1.version = 2;
	m->tcti.v1.transmit = meddler_transmit;
	m->tcti.v1.receive = meddler_receive;
	m->tcti.v1.finalize = meddler_finalize;
	m->tcti.v1.getPollHandles = meddler_handles;
	m->tpm = tpm;
	m->meddle = meddle;
	m->plan = plan;
	m->fd = eventfd(0, EFD_CLOEXEC);
	assert_true(m->fd >= 0);
	device = (TSS2_TCTI_CONTEXT *)(void *)m;
	assert_ok(tpm_open_tcti(&device, timeout_ms, &t, &f), &f);
	return t;
}

#endif
