/* SPDX-License-Identifier: MIT */
/*
 * Reading the kernel's list of IMA measurements, record by record, from
 * binary_runtime_measurements of a little-endian machine:
 * Documentation/security/IMA-templates.rst and ima_fs.c of Linux.
 */
#ifndef EVIDENCE_LOGS_IMA_LOG_H
#define EVIDENCE_LOGS_IMA_LOG_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/digest.h"
#include "lib/fail.h"

enum {
	ima_sha1_size = 20,
	ima_template_max = 255, /* MAX_TEMPLATE_NAME_LEN + fields */
	ima_data_max = 1024 * 1024,
};

/* Borrows the list's bytes. */
struct ima_log {
	const uint8_t *at;
	size_t left;
	size_t number; /* of the next record */
};

/* A piece of a record, borrowed from the list; at is NULL for none. */
struct ima_field {
	const uint8_t *at;
	size_t len;
};

struct ima_record {
	size_t number;
	uint32_t pcr;
	const uint8_t *sha1;	   /* digest of the template data, as listed */
	bool is_violation;	   /* listed as zeros: nothing is known of it */
	struct ima_field template; /* its name, not a string */
	struct ima_field data;	   /* what is hashed */
	/* the fields that all templates with a file digest have */
	struct ima_field alg;	 /* "sha256"; template ima: "sha1" */
	struct ima_field digest; /* of the file, or of what data is about */
	struct ima_field path;	 /* without the NUL */
	struct ima_field buffer; /* ima-buf: what was measured */
};

void ima_log_open(const struct bytes *b, struct ima_log *ret);

/* 1 and the next record; 0 at the end; -EINVAL with a reason in *f. */
int ima_log_next(struct ima_log *log, struct ima_record *ret, struct fail *f);

/* True if the field holds these characters and nothing else. */
bool ima_field_is(const struct ima_field *field, const char *text);

/*
 * Digests of the template data, as the kernel extends PCR 10 with them. 0,
 * -ENOMEM or -EIO.
 */
int ima_record_digest(const struct ima_record *r, digest_algs algs,
		      struct digest_set *ret);

#endif
