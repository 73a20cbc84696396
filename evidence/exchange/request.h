/* SPDX-License-Identifier: MIT */
/* The first message to a broker: see docs/broker.md. */
#ifndef EVIDENCE_EXCHANGE_REQUEST_H
#define EVIDENCE_EXCHANGE_REQUEST_H

#include "config/boot.h"
#include "evidence/file/evidence.h"

#define REQUEST_TYPE "cvm-init key request"

enum {
	request_schema = 1,
	request_json_max = 64 * 1024,
	request_fresh_size = 32,
};

/*
 * Which volume, and which TPM; of the latter only the keys. fresh is random,
 * and the VM takes no answer that is not about it.
 */
struct request {
	char volume[boot_name_max + 1];
	char uuid[boot_uuid_len + 1];
	uint8_t fresh[request_fresh_size];
	struct evidence_tpm tpm;
};

void request_free(struct request *r);

#define own_request __attribute__((cleanup(request_free)))

/* The message. The caller frees *ret. 0 or -ENOMEM. */
int request_write(const char *volume, const char *uuid,
		  const uint8_t fresh[static request_fresh_size],
		  const struct evidence_tpm *tpm, struct bytes *ret);

/* Reads it; the caller frees *ret, also after a failure. 0, -EINVAL, -ENOMEM.
 */
int request_read(const struct bytes *text, struct request *ret);

#endif
