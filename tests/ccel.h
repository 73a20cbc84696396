/* SPDX-License-Identifier: MIT */
/*
 * The log of firmware and kernel behind the RTMRs of Intel TDX, made for a
 * test, and what it leads them to. Include cmocka.h first.
 */
#ifndef TESTS_CCEL_H
#define TESTS_CCEL_H

#include <string.h>

#include "lib/bytes.h"
#include "lib/digest.h"
#include "lib/own.h"
#include "lib/text.h"

enum { ccel_registers = 5, ccel_size = 48 };

struct ccel {
	struct text log;
	uint8_t rtmr[ccel_registers][ccel_size]; /* from 1 on, as in the log */
};

/* A number, least byte first. */
static inline void ccel_add_number(struct text *t, size_t size, size_t number)
{
	for (size_t i = 0; i < size; i++, number >>= 8) {
		uint8_t byte = (uint8_t)number;

		text_add_bytes(t, &byte, 1);
	}
}

/* The Spec ID event, with SHA-384 alone. */
static inline void ccel_begin(struct ccel *c)
{
	static const uint8_t sha1[20];

	*c = (struct ccel){ .log = { 0 } };
	ccel_add_number(&c->log, 4, 1);
	ccel_add_number(&c->log, 4, 3);
	text_add_bytes(&c->log, sha1, sizeof(sha1));
	ccel_add_number(&c->log, 4, 33);
	text_add_bytes(&c->log, "Spec ID Event03", 16);
	ccel_add_number(&c->log, 8, 0x0200020000000000);
	ccel_add_number(&c->log, 4, 1);
	ccel_add_number(&c->log, 2, 0x000c);
	ccel_add_number(&c->log, 2, ccel_size);
	ccel_add_number(&c->log, 1, 0);
}

/* An event over data, which it says itself as well. */
static inline void ccel_add(struct ccel *c, unsigned mr, uint32_t type,
			    const void *data, size_t len)
{
	struct digest_set d;

	assert_int_equal(digest_data(1U << DIGEST_SHA384, data, len, &d), 0);
	ccel_add_number(&c->log, 4, mr);
	ccel_add_number(&c->log, 4, type);
	ccel_add_number(&c->log, 4, 1);
	ccel_add_number(&c->log, 2, 0x000c);
	text_add_bytes(&c->log, d.value[DIGEST_SHA384], ccel_size);
	ccel_add_number(&c->log, 4, len);
	text_add_bytes(&c->log, data, len);
	if (mr >= ccel_registers)
		return;
	assert_int_equal(digest_pair(DIGEST_SHA384, c->rtmr[mr], ccel_size,
				     d.value[DIGEST_SHA384], ccel_size,
				     c->rtmr[mr]),
			 0);
}

static inline void ccel_add_text(struct ccel *c, unsigned mr, uint32_t type,
				 const char *text)
{
	ccel_add(c, mr, type, text, strlen(text));
}

/* The log, with a page that nobody has written behind it. */
static inline void ccel_end(struct ccel *c, struct bytes *ret)
{
	uint8_t unwritten[4096];

	memset(unwritten, 0xff, sizeof(unwritten));
	text_add_bytes(&c->log, unwritten, sizeof(unwritten));
	assert_false(text_failed(&c->log));
	bytes_free(ret);
	assert_int_equal(bytes_copy(c->log.s, c->log.len, ret), 0);
	text_free(&c->log);
}

#endif
