/* SPDX-License-Identifier: MIT */
/*
 * An AMD SEV-SNP attestation report as far as we look at it, without a
 * signature. Include cmocka.h first.
 */
#ifndef TESTS_REPORT_H
#define TESTS_REPORT_H

#include <string.h>

#include "lib/bytes.h"
#include "lib/digest.h"

enum { report_size = 1184, report_data_at = 0x50 };

/* A little-endian number. */
static inline void report_put(struct bytes *report, size_t at, uint32_t number)
{
	for (size_t i = 0; i < 4; i++)
		report->data[at + i] = (uint8_t)(number >> 8 * i);
}

/* Version 2, VMPL 0, SHA-512(nonce || manifest). The caller frees. */
static inline void report_make(const uint8_t nonce[static 64],
			       const struct bytes *manifest, struct bytes *ret)
{
	static const uint8_t zeros[report_size];

	assert_int_equal(bytes_copy(zeros, sizeof(zeros), ret), 0);
	report_put(ret, 0, 2);
	assert_int_equal(digest_pair(DIGEST_SHA512, nonce, 64, manifest->data,
				     manifest->len, ret->data + report_data_at),
			 0);
}

#endif
