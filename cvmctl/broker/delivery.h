/* SPDX-License-Identifier: MIT */
/*
 * The broker's part of docs/broker.md, for one connection: requests are
 * answered one after the other until the VM ends it.
 */
#ifndef CVMCTL_BROKER_DELIVERY_H
#define CVMCTL_BROKER_DELIVERY_H

#include <openssl/types.h>
#include <stdint.h>

#include "evidence/judge/judge.h"
#include "lib/fail.h"
#include "seal/object/sealed-key.h"

/* What every request is judged and answered by. All is borrowed. */
struct broker {
	const char *store; /* folder of keys */
	EVP_PKEY *key;	   /* signs the answers */
	int audit_fd;
	const struct expectations *wanted; /* its nonce is each request's own */
	const struct seal_policy *policy;  /* what keys are sealed under */
	uint64_t timeout_s;		   /* for one request */
};

/*
 * Answers on fd, which is O_NONBLOCK. Who does not keep to the protocol or to
 * the time is refused, and the connection is over; but for "unix", peer has the
 * same time to ask. 0 when the VM ended it or did not ask, or
 * -errno with *f, which the audit log has already.
 */
int delivery_serve(const struct broker *b, int fd, const char *peer,
		   struct fail *f);

#endif
