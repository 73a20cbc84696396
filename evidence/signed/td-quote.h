/* SPDX-License-Identifier: MIT */
/*
 * A quote of an Intel TDX guest: Intel TDX DCAP, Quote Generation and Quote
 * Verification Library, appendix A.3 (version 4) and A.4 (version 5). Numbers
 * are little-endian, those of signatures and keys big-endian.
 */
#ifndef EVIDENCE_SIGNED_TD_QUOTE_H
#define EVIDENCE_SIGNED_TD_QUOTE_H

#include <stdbool.h>
#include <time.h>

#include "lib/bytes.h"
#include "lib/fail.h"
#include "seal/object/marshal.h"

enum {
	td_register_size = 48, /* SHA-384 */
	td_rtmrs = 4,
	td_data_size = 64,
	td_attributes_size = 8,
	td_p256_size = 64,	 /* two numbers: of a key, or of a signature */
	td_enclave_size = 384,	 /* the report of an SGX enclave */
	td_root_max = 64 * 1024, /* a file in PEM */
};

/* Borrowed from the quote's bytes; each is as long as its enum says. */
struct td_quote {
	const uint8_t *attributes; /* TDATTRIBUTES */
	const uint8_t *module_signer,
		*module_attributes; /* of the TDX module */
	const uint8_t *mrtd;
	const uint8_t *rtmr[td_rtmrs];
	const uint8_t *data;	      /* REPORTDATA */
	struct unmarshal signed_part; /* by the attestation key */
	const uint8_t *signature, *key;
	const uint8_t *enclave, *enclave_signature; /* the quoting enclave */
	struct unmarshal enclave_data; /* what it was asked to vouch for */
	struct unmarshal certificates; /* PEM: PCK, its CA, the root */
};

/* Takes it apart. 0, or -EINVAL with a reason in *f. */
int td_quote_read(const struct bytes *b, struct td_quote *ret, struct fail *f);

/*
 * Whether it is by a quoting enclave of Intel's on a processor of Intel's, at
 * the time now: the root that is given, in PEM, has signed the CA of a PCK,
 * that has signed the PCK, that the enclave, and that the quote. What Intel
 * publishes from day to day is not asked for: revocations, and which versions
 * of firmware and enclave are up to date. 0; -EINVAL with a reason in *f.
 */
int td_quote_verify(const struct td_quote *q, const struct bytes *root,
		    time_t now, struct fail *f);

/*
 * NULL, or why the host can look into the TD, or its TDX module is none of
 * Intel's.
 */
const char *td_quote_refuse(const struct td_quote *q);

/* TDATTRIBUTES.SEPT_VE_DISABLE: that a page is gone stops the TD. */
bool td_quote_stops_without_page(const struct td_quote *q);

#endif
