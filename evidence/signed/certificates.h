/* SPDX-License-Identifier: MIT */
/* X.509 certificates by OpenSSL, with ownership by scope. */
#ifndef EVIDENCE_SIGNED_CERTIFICATES_H
#define EVIDENCE_SIGNED_CERTIFICATES_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <time.h>

#include "lib/bytes.h"

void certificate_free(X509 **certificate);
void certificate_store_free(X509_STORE **store);

#define own_certificate	      __attribute__((cleanup(certificate_free)))
#define own_certificate_store __attribute__((cleanup(certificate_store_free)))

/* One certificate in DER, and nothing after it; NULL. The caller frees. */
X509 *certificate_read_der(const uint8_t *data, size_t len);

/* The only one of a PEM file; NULL if there is none, or another beside it. */
X509 *certificate_read_pem(const struct bytes *pem);

/*
 * The first ones of a PEM file, at most max. How many there are; the caller
 * frees each.
 */
size_t certificate_read_chain(const struct bytes *pem, X509 *ret[], size_t max);

/* All of a PEM file, 1 to 64, each believed; NULL if one is damaged. */
X509_STORE *certificate_store_read(const struct bytes *pem);

/* True while the host's clock says that it is valid. */
bool certificate_is_current(const X509 *certificate);

/* The same at another time. */
bool certificate_is_valid_at(const X509 *certificate, time_t when);

#endif
