/* SPDX-License-Identifier: MIT */
/* What snp.c and snp-vcek.c share, and no other file includes. */
#ifndef EVIDENCE_SIGNED_SNP_INTERNAL_H
#define EVIDENCE_SIGNED_SNP_INTERNAL_H

#include <openssl/x509.h>

#include "lib/bytes.h"

/* A number of 4 bytes at an offset of a whole report. */
uint32_t snp_number(const struct bytes *report, size_t at);

enum snp_certificate { SNP_ASK, SNP_VCEK };

/* The certificate in the table of a report; NULL. The caller frees. */
X509 *snp_table_find(const struct bytes *table, enum snp_certificate which);

/*
 * NULL if the certificate is for the chip and the versions of firmware that
 * the report names (AMD 57230, 3.1), or why it is not.
 */
const char *snp_vcek_refuse(const X509 *vcek, const struct bytes *report);

#endif
