// SPDX-License-Identifier: MIT
/*
 * The layer between ESYS and the device. A host that emulates the TPM may
 * never answer, answer garbage, or ask for a repeat for ever, and ESYS's
 * blocking calls have no timeout and repeat five times without a pause. Doing
 * this here, once, as a TCTI of our own, keeps every caller on the plain
 * blocking calls: each command has one deadline for its answer and all of its
 * repeats, and a TPM that missed one is not spoken to again; an answer that
 * comes later is not read.
 *
 * A command is kept to be sent again; that is sound, since a TPM that asks
 * for a repeat has not executed it and its session nonces stay.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/own.h"
#include "lib/secret.h"
#include "seal/tpm/internal.h"

enum {
	/* as drivers/char/tpm/tpm-interface.c paces its own repeats */
	backoff_first_ms = 20,
	backoff_max_ms = 2000,
};

struct message {
	uint8_t data[tpm_message_max];
	size_t len;
};

struct tpm_link {
	TSS2_TCTI_CONTEXT_COMMON_V2 tcti; /* first: what ESYS sees */
	TSS2_TCTI_CONTEXT *inner;
	unsigned timeout_ms;
	int64_t began_us;    /* the command under way */
	int64_t deadline_ms; /* its last moment */
	bool timed_out;
	struct tpm_traffic traffic;
	struct message command;
	struct message answer;	 /* len is 0 when there is none to hand over */
	uint8_t *esys_answer;	 /* ESYS's buffer, at the last answer */
	size_t esys_answer_size; /* bytes of it that were written */
};

static int64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail on Linux */
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t tpm_now_ms(void)
{
	return now_us() / 1000;
}

int tpm_poll(int fd, int64_t deadline_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left;
	int r;

	do {
		left = deadline_ms - tpm_now_ms();
		r = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

static struct tpm_link *link_of(TSS2_TCTI_CONTEXT *tcti)
{
	return (struct tpm_link *)(void *)tcti;
}

static TSS2_RC link_time_out(struct tpm_link *link)
{
	link->timed_out = true;
	return TSS2_TCTI_RC_IO_ERROR;
}

/* Waits until the device has an answer. */
static TSS2_RC link_wait(struct tpm_link *link)
{
	TSS2_TCTI_POLL_HANDLE handle = { .fd = -1 };
	size_t n = 1;
	int r;

	if (Tss2_Tcti_GetPollHandles(link->inner, &handle, &n) || n != 1)
		return TSS2_TCTI_RC_IO_ERROR;
	r = tpm_poll(handle.fd, link->deadline_ms);
	if (r < 0)
		return TSS2_TCTI_RC_IO_ERROR;
	return r ? TSS2_RC_SUCCESS : link_time_out(link);
}

static uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static bool asks_for_repeat(const struct message *answer)
{
	switch (get_be32(answer->data + 6)) {
	case TPM2_RC_RETRY:
	case TPM2_RC_TESTING:
	case TPM2_RC_YIELDED:
	case TPM2_RC_NV_RATE: return true;
	}
	return false;
}

/* One answer of the device, whose size is what its header says. */
static TSS2_RC link_receive_once(struct tpm_link *link)
{
	size_t len = tpm_message_max;
	TSS2_RC rc = link_wait(link);

	if (rc == TSS2_RC_SUCCESS)
		rc = Tss2_Tcti_Receive(link->inner, &len, link->answer.data,
				       TSS2_TCTI_TIMEOUT_BLOCK);
	if (rc)
		return rc;
	link->traffic.received_bytes += len;
	if (len < tpm_header_size || len > tpm_message_max ||
	    get_be32(link->answer.data + 2) != len)
		return TSS2_TCTI_RC_MALFORMED_RESPONSE;
	link->answer.len = len;
	return TSS2_RC_SUCCESS;
}

static TSS2_RC link_send(struct tpm_link *link)
{
	link->traffic.commands++;
	link->traffic.sent_bytes += link->command.len;
	return Tss2_Tcti_Transmit(link->inner, link->command.len,
				  link->command.data);
}

static TSS2_RC link_repeat(struct tpm_link *link, unsigned pause_ms)
{
	struct timespec pause = { pause_ms / 1000,
				  (long)(pause_ms % 1000) * 1000000 };

	if (tpm_now_ms() + pause_ms >= link->deadline_ms)
		return link_time_out(link);
	(void)nanosleep(&pause, NULL); /* a shorter pause does no harm */
	return link_send(link);
}

static TSS2_RC link_fetch(struct tpm_link *link)
{
	unsigned pause_ms = backoff_first_ms;

	for (;;) {
		TSS2_RC rc = link_receive_once(link);

		if (rc || !asks_for_repeat(&link->answer))
			return rc;
		link->answer.len = 0;
		rc = link_repeat(link, pause_ms);
		if (rc)
			return rc;
		pause_ms = pause_ms * 2 < backoff_max_ms ? pause_ms * 2
							 : backoff_max_ms;
	}
}

static TSS2_RC link_transmit(TSS2_TCTI_CONTEXT *tcti, size_t len,
			     const uint8_t *data)
{
	struct tpm_link *link = link_of(tcti);

	if (link->timed_out)
		return TSS2_TCTI_RC_IO_ERROR;
	if (len > tpm_message_max)
		return TSS2_TCTI_RC_BAD_VALUE;
	memcpy(link->command.data, data, len);
	link->command.len = len;
	link->answer.len = 0;
	link->began_us = now_us();
	link->deadline_ms = link->began_us / 1000 + link->timeout_ms;
	return link_send(link);
}

/*
 * tpm2-tss 4 asks with a NULL buffer for the size first, earlier releases do
 * not. The caller's timeout is not used: ESYS's blocking calls pass none.
 */
static TSS2_RC link_receive(TSS2_TCTI_CONTEXT *tcti, size_t *size,
			    uint8_t *data, int32_t timeout)
{
	struct tpm_link *link = link_of(tcti);

	(void)timeout;
	if (!link->answer.len) {
		TSS2_RC rc = link_fetch(link);

		link->traffic.waited_us +=
			(uint64_t)(now_us() - link->began_us);
		if (rc)
			return rc;
	}
	if (data && *size < link->answer.len)
		return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
	*size = link->answer.len;
	if (!data)
		return TSS2_RC_SUCCESS;
	memcpy(data, link->answer.data, link->answer.len);
	link->esys_answer = data;
	link->esys_answer_size = link->answer.len;
	link->answer.len = 0;
	return TSS2_RC_SUCCESS;
}

static TSS2_RC link_cancel(TSS2_TCTI_CONTEXT *tcti)
{
	return Tss2_Tcti_Cancel(link_of(tcti)->inner);
}

static TSS2_RC link_poll_handles(TSS2_TCTI_CONTEXT *tcti,
				 TSS2_TCTI_POLL_HANDLE *handles, size_t *n)
{
	return Tss2_Tcti_GetPollHandles(link_of(tcti)->inner, handles, n);
}

static TSS2_RC link_set_locality(TSS2_TCTI_CONTEXT *tcti, uint8_t locality)
{
	return Tss2_Tcti_SetLocality(link_of(tcti)->inner, locality);
}

int link_open(TSS2_TCTI_CONTEXT *inner, unsigned timeout_ms,
	      struct tpm_link **ret)
{
	struct tpm_link *link = calloc(1, sizeof(*link));

	if (!link)
		return -ENOMEM;
	link->tcti.v1.magic = 0x63766d6c696e6b31; /* "cvmlink1" */
	link->tcti.v1.version = 2;
	link->tcti.v1.transmit = link_transmit;
	link->tcti.v1.receive = link_receive;
	link->tcti.v1.cancel = link_cancel;
	link->tcti.v1.getPollHandles = link_poll_handles;
	link->tcti.v1.setLocality = link_set_locality;
	link->inner = inner;
	link->timeout_ms = timeout_ms;
	*ret = link;
	return 0;
}

void link_close(struct tpm_link **link)
{
	if (!*link)
		return;
	secret_wipe(*link, sizeof(**link));
	free(*link);
	*link = NULL;
}

TSS2_TCTI_CONTEXT *link_tcti(struct tpm_link *link)
{
	return (TSS2_TCTI_CONTEXT *)(void *)link;
}

bool link_timed_out(const struct tpm_link *link)
{
	return link->timed_out;
}

struct tpm_traffic link_traffic(const struct tpm_link *link)
{
	return link->traffic;
}

void link_wipe(struct tpm_link *link)
{
	secret_wipe(&link->command, sizeof(link->command));
	secret_wipe(&link->answer, sizeof(link->answer));
	if (link->esys_answer)
		secret_wipe(link->esys_answer, link->esys_answer_size);
	link->esys_answer = NULL; /* it ends with its ESYS_CONTEXT */
}
